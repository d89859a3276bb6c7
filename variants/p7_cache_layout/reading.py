"""Packed books read from Python: levels and queues as they stand now. Slow, for end states, reports and tests."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from lobench.engine.inspection import Level, LevelReader
from lobench.engine.layout import BOOK
from lobench.variants.p7_cache_layout.layout import (
    DEAD,
    HEAD,
    HEAD_BYTES,
    LEVEL,
    LEVEL_MASK,
    PACKED,
    SLOT,
    SLOTS,
    STAMP,
)

_MODULO = 2**32


def _array(address: Any, dtype: np.dtype[Any], count: int) -> npt.NDArray[np.void]:
    """A copy of ``count`` records at an address that must be valid unless there are none."""
    if count == 0:
        return np.zeros(0, dtype)
    buffer: Any = (ctypes.c_char * (dtype.itemsize * count)).from_address(int(address))
    return np.frombuffer(buffer, dtype, count).copy()


class Queues:
    """All orders of a worker's books, by level and in the order of their queues, as they stood when this was made."""

    def __init__(self, state_address: int) -> None:
        packed = _array(state_address, PACKED, 1)[0]
        self._levels = _array(packed["levels"], LEVEL, int(packed["level_count"]))
        slots = _array(packed["slots"], SLOT, int(packed["lines"]) * SLOTS)
        stamps = _array(packed["stamps"], STAMP, int(packed["lines"]) * SLOTS)
        owners = self._levels["owner"].astype(np.int64)
        numbers = (slots["level"] & LEVEL_MASK).astype(np.int64)
        resting = np.flatnonzero((numbers != 0) & (owners[numbers] < DEAD))
        numbers = numbers[resting]
        addresses = _array(packed["books"], np.dtype([("value", "i8")]), int(packed["book_count"]))["value"]
        events = np.array([0, *(int(_array(book, BOOK, 1)["events"][0]) for book in addresses[1:])])
        ages = (events[owners[numbers] >> 1] - stamps["arrival"][resting]) % _MODULO
        sorted_places = np.lexsort((-ages, numbers))
        self._orders = slots[resting[sorted_places]]
        self._ends = np.cumsum(np.bincount(numbers, minlength=len(self._levels)))
        order = np.argsort(owners, kind="stable")
        self._owned = order[self._levels["size"][order] != 0]
        self._owners = owners[self._owned]

    def levels(self, book_address: int, side: str) -> Iterator[Level]:
        """Levels of one side of the book at this address, best first."""
        head = _array(book_address - HEAD_BYTES, HEAD, 1)[0]
        owner = 2 * int(head["number"]) + "BA".index(side)
        mine = self._owned[slice(*np.searchsorted(self._owners, [owner, owner + 1]))]
        prices = self._levels["price"][mine]
        for number in mine[np.argsort(~prices if side == "B" else prices)]:
            level = self._levels[number]
            end, count = int(self._ends[number]), int(level["count"])
            orders = self._orders[end - count : end]
            queue = tuple(zip(map(int, orders["order_id"]), map(int, orders["size"]), strict=True))
            yield Level(int(level["price"]), int(level["size"]), count, queue)


def read_queues(layout_state: int) -> LevelReader:
    """The layout's ``inspect``: all queues as they stand now."""
    return Queues(layout_state).levels
