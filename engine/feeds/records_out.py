"""Writing MBO records from kernels: shared by the readers of other formats."""

from __future__ import annotations

from typing import Final

import numpy as np

from lobench.engine.compiling import kernel
from lobench.engine.native import int64, uint64, view
from lobench.engine.records import MBO, RTYPE_MBO

WORDS: Final = np.dtype(
    [
        ("head", "u8"),
        ("ts_event", "u8"),
        ("order_id", "u8"),
        ("price", "i8"),
        ("body", "u8"),
        ("ts_recv", "u8"),
        ("tail", "u8"),
    ]
)
"""An MBO record as seven words: ``head`` is length, rtype, publisher_id and instrument_id; ``body`` is size, flags,
channel_id, action and side; ``tail`` is ts_in_delta and sequence."""

_HEAD = MBO.itemsize // 4 | RTYPE_MBO << 8


@kernel
def write_record(
    address: int,
    publisher: int,
    instrument: int,
    ts_event: int,
    order_id: int,
    price: int,
    size: int,
    flags: int,
    action: int,
    side: int,
    sequence: int,
) -> None:
    """Write one record at ``address``; it was received when it happened, so that ``ts_in_delta`` is 0."""
    record = view(address, WORDS)
    record["head"] = uint64(_HEAD) | uint64(publisher) << uint64(16) | uint64(instrument) << uint64(32)
    record["ts_event"] = uint64(ts_event)
    record["order_id"] = uint64(order_id)
    record["price"] = int64(price)
    record["body"] = (
        uint64(size) | uint64(flags) << uint64(32) | uint64(action) << uint64(48) | uint64(side) << uint64(56)
    )
    record["ts_recv"] = uint64(ts_event)
    record["tail"] = uint64(sequence) << uint64(32)
