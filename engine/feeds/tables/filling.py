"""Columns to MBO records, in one compiled pass that writes each record once.

NumPy would go over all records for each field, and they do not fit in a core's own cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry
from lobench.engine.native import BYTE, view
from lobench.engine.records import MBO, RTYPE_MBO

COLUMNS: Final = tuple(name for name in MBO.names or () if name not in ("length", "rtype"))
"""Fields of a record that a table may say."""
SOURCES: Final = np.dtype([(name, "i8") for name in COLUMNS])
"""The address of each of ``COLUMNS``, whose values lie side by side."""
_BYTES = MBO.itemsize
_WORDS = MBO.itemsize // 4
_SHORT = np.dtype([("value", "u2")])
_WORD = np.dtype([("value", "u4")])
_LONG = np.dtype([("value", "u8")])


def made_of(columns: Mapping[str, npt.NDArray[Any] | int], count: int) -> npt.NDArray[np.void]:
    """Records, dtype ``MBO``, shape (count,). ``columns``: for each of ``COLUMNS`` an array of that shape, whose values
    fit in the field, or one number for all."""
    made = np.empty(count, MBO)
    whole = {name: _whole(columns[name], MBO[name], count) for name in COLUMNS}
    sources = np.array([tuple(_address(whole[name]) for name in COLUMNS)], SOURCES)
    fill(_address(made), count, sources)
    return made


def _whole(given: npt.NDArray[Any] | int, kind: np.dtype[Any], count: int) -> npt.NDArray[Any]:
    return np.full(count, given, kind) if isinstance(given, int) else np.ascontiguousarray(given, kind)


def _address(values: npt.NDArray[Any]) -> int:
    return int(values.__array_interface__["data"][0])


@entry
def fill(out: int, count: int, sources: npt.NDArray[np.void]) -> None:
    """Write ``count`` records at the address ``out``; ``sources``: ``SOURCES``, shape (1,)."""
    at = sources[0]
    # Read once: the compiler cannot know that writing records leaves these unchanged.
    publishers, instruments, orders = at["publisher_id"], at["instrument_id"], at["order_id"]
    events, received, deltas, sequences = at["ts_event"], at["ts_recv"], at["ts_in_delta"], at["sequence"]
    prices, sizes, sides, actions = at["price"], at["size"], at["side"], at["action"]
    flags, channels = at["flags"], at["channel_id"]
    for row in range(count):
        record = view(out + row * _BYTES, MBO)
        record["length"] = _WORDS
        record["rtype"] = RTYPE_MBO
        record["publisher_id"] = view(publishers + 2 * row, _SHORT)["value"]
        record["instrument_id"] = view(instruments + 4 * row, _WORD)["value"]
        record["ts_event"] = view(events + 8 * row, _LONG)["value"]
        record["order_id"] = view(orders + 8 * row, _LONG)["value"]
        record["price"] = view(prices + 8 * row, _LONG)["value"]
        record["size"] = view(sizes + 4 * row, _WORD)["value"]
        record["flags"] = view(flags + row, BYTE)["value"]
        record["channel_id"] = view(channels + row, BYTE)["value"]
        record["action"] = view(actions + row, BYTE)["value"]
        record["side"] = view(sides + row, BYTE)["value"]
        record["ts_recv"] = view(received + 8 * row, _LONG)["value"]
        record["ts_in_delta"] = view(deltas + 4 * row, _WORD)["value"]
        record["sequence"] = view(sequences + 4 * row, _WORD)["value"]
