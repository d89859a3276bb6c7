"""The records of a rule, written in a line each.

Prices are whole units, or of type ``Units`` where units of 1e-9 matter. Every record ends its event unless ``flags``
say otherwise, and belongs to instrument 1 at publisher 1 unless it is put into another book by ``at``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.records import F_LAST, F_TOB, MBO, RTYPE_MBO, UNDEF_PRICE

ONE: Final = 10**9
"""Units of a price that is written as 1."""
HOME: Final = (1, 1)
"""The book that a stream is about: instrument_id, publisher_id."""
_START: Final = 1_700_000_000_000_000_000
_STEP: Final = 1_000_000


class Units(int):
    """A price in units of 1e-9."""


UNDEFINED: Final = Units(UNDEF_PRICE)


@dataclass(frozen=True)
class Row:
    """One record. ``price`` in units of 1e-9; ``action`` and ``side`` are characters."""

    action: str
    side: str
    price: int
    size: int
    order_id: int
    flags: int = F_LAST
    book: tuple[int, int] = HOME


def add(order_id: int, side: str, price: int, size: int, flags: int = F_LAST) -> Row:
    return record("A", side, price, size, order_id, flags)


def cancel(order_id: int, side: str, price: int, size: int, flags: int = F_LAST) -> Row:
    return record("C", side, price, size, order_id, flags)


def modify(order_id: int, side: str, price: int, size: int, flags: int = F_LAST) -> Row:
    return record("M", side, price, size, order_id, flags)


def clear(flags: int = F_LAST) -> Row:
    return record("R", "N", UNDEFINED, 0, 0, flags)


def trade(side: str, price: int, size: int, flags: int = F_LAST) -> Row:
    return record("T", side, price, size, 0, flags)


def none(flags: int = F_LAST) -> Row:
    """A record that does nothing but count as an event."""
    return record("N", "N", UNDEFINED, 0, 0, flags)


def top(side: str, price: int, size: int, order_id: int = 0) -> Row:
    """An A with F_TOB."""
    return record("A", side, price, size, order_id, F_LAST | F_TOB)


def record(action: str, side: str, price: int, size: int, order_id: int, flags: int = F_LAST) -> Row:
    return Row(action, side, int(price) if isinstance(price, Units) else price * ONE, size, order_id, flags)


def at(instrument_id: int, publisher_id: int, *rows: Row) -> list[Row]:
    """These records in another book."""
    return [replace(row, book=(instrument_id, publisher_id)) for row in rows]


def made(rows: Sequence[Row]) -> npt.NDArray[np.void]:
    """The records of a stream, dtype ``MBO``: a millisecond apart, numbered from 1."""
    records = np.zeros(len(rows), MBO)
    records["length"], records["rtype"] = MBO.itemsize // 4, RTYPE_MBO
    records["instrument_id"] = [row.book[0] for row in rows]
    records["publisher_id"] = [row.book[1] for row in rows]
    records["action"] = [ord(row.action) for row in rows]
    records["side"] = [ord(row.side) for row in rows]
    for name in ("price", "size", "order_id", "flags"):
        records[name] = np.array([getattr(row, name) for row in rows], MBO[name])
    numbers = np.arange(len(rows), dtype=np.uint64)
    records["ts_event"] = _START + numbers * np.uint64(_STEP)
    records["ts_recv"] = records["ts_event"] + np.uint64(_STEP // 10)
    records["sequence"] = numbers + np.uint64(1)
    return records


def scramble(records: npt.NDArray[np.void]) -> None:
    """Have times run backwards, sequence numbers repeat and channels change."""
    records["ts_event"] = records["ts_event"][::-1].copy()
    records["ts_recv"] = records["ts_event"] - np.uint64(1)
    records["ts_in_delta"] = -1
    records["sequence"] = 0
    records["channel_id"] = np.arange(len(records)) % 256


def books_of(rows: Iterable[Row]) -> list[tuple[int, int]]:
    """(instrument_id, publisher_id) of all books of a stream, in order of their first record."""
    return list(dict.fromkeys(row.book for row in rows))
