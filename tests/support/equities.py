"""The events that an equity venue would have sent for records; files of ITCH and LOBSTER are written from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lobench.engine.records import F_LAST

UNIT = 100_000
"""Of prices in ITCH and LOBSTER, in those of records."""


class Record(NamedTuple):
    """A record of dtype ``MBO`` in plain numbers."""

    length: int
    rtype: int
    publisher_id: int
    instrument_id: int
    ts_event: int
    order_id: int
    price: int
    size: int
    flags: int
    channel_id: int
    action: int
    side: int
    ts_recv: int
    ts_in_delta: int
    sequence: int


Event = tuple[str, Record, Record]
"""``clear``, ``add``, ``cancel`` (part of an order), ``delete`` (the rest of an order), ``execute`` (its fill and its
cancel) or ``replace`` (the cancel and the add); if there is only one record, both are the same."""


def events_of(records: npt.NDArray[np.void]) -> Iterator[Event]:
    """The events of one venue's records, in order. Raises ValueError for records that such a venue does not send."""
    left: dict[int, int] = {}
    rows = [Record(*row) for row in records.tolist()]
    place = 0
    while place < len(rows):
        one = rows[place]
        following = rows[place + 1 : place + 3]
        actions = "".join(chr(record.action) for record in (one, *following))
        alike = all(
            (record.sequence, record.instrument_id) == (one.sequence, one.instrument_id) for record in following
        )
        if actions[0] == "R":
            yield "clear", one, one
            place += 1
        elif actions[0] == "A":
            left[one.order_id] = one.size
            yield "add", one, one
            place += 1
        elif actions == "TFC" and alike:
            left[following[1].order_id] -= following[1].size
            yield "execute", following[0], following[1]
            place += 3
        elif actions[:2] == "CA" and not one.flags & F_LAST:
            assert one.size == left.pop(one.order_id)
            left[following[0].order_id] = following[0].size
            yield "replace", one, following[0]
            place += 2
        elif actions[0] == "C":
            left[one.order_id] -= one.size
            yield ("cancel" if left[one.order_id] else "delete"), one, one
            place += 1
        else:
            raise ValueError(f"no equity venue sends {actions}")
