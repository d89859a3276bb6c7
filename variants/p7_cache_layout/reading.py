"""Packed books read from Python: the present levels and queues. Slow, for end states, reports and tests."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from lobench.engine.inspection import Level, Reader, Side
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
_NUMBER = HEAD.fields["number"][1]  # type: ignore[index]


def _array(address: Any, dtype: np.dtype[Any], count: int) -> npt.NDArray[np.void]:
    """A copy of ``count`` records at an address that must be valid unless there are none."""
    if count == 0:
        return np.zeros(0, dtype)
    buffer: Any = (ctypes.c_char * (dtype.itemsize * count)).from_address(int(address))
    return np.frombuffer(buffer, dtype, count).copy()


class Queues(Reader):
    """All levels of a worker's books at construction; their orders, in queue order, are read at the first request."""

    def __init__(self, layout_state: int) -> None:
        self._packed = _array(layout_state, PACKED, 1)[0]
        self._levels = _array(self._packed["levels"], LEVEL, int(self._packed["level_count"]))
        self._level_owners = self._levels["owner"].astype(np.int64)
        order = np.argsort(self._level_owners, kind="stable")
        self._owned = order[self._levels["size"][order] != 0]
        self._owners = self._level_owners[self._owned]

    @cached_property
    def _queues(self) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int64]]:
        """Orders by level and place in its queue, and where those of each level end."""
        packed = self._packed
        slots = _array(packed["slots"], SLOT, int(packed["lines"]) * SLOTS)
        stamps = _array(packed["stamps"], STAMP, int(packed["lines"]) * SLOTS)
        numbers = (slots["level"] & LEVEL_MASK).astype(np.int64)
        resting = np.flatnonzero((numbers != 0) & (self._level_owners[numbers] < DEAD))
        numbers = numbers[resting]
        addresses = _array(packed["books"], np.dtype([("value", "i8")]), int(packed["book_count"]))["value"]
        events = np.array([0, *(int(_array(book, BOOK, 1)["events"][0]) for book in addresses[1:])])
        ages = (events[self._level_owners[numbers] >> 1] - stamps["arrival"][resting]) % _MODULO
        sorted_places = np.lexsort((-ages, numbers))
        ends = np.cumsum(np.bincount(numbers, minlength=len(self._levels)))
        return slots[resting[sorted_places]], ends

    @cached_property
    def _sides(self) -> dict[int, Side]:
        """Sides that are not empty, by owner."""
        if not len(self._owned):
            return {}
        owners, starts = np.unique(self._owners, return_index=True)
        mine = self._levels[self._owned]
        orders = np.add.reduceat(mine["count"].astype(np.int64), starts)
        levels = np.diff(starts, append=len(mine))
        ends = [end.reduceat(mine["price"], starts) for end in (np.maximum, np.minimum)]
        best = np.where(owners % 2 == 0, *ends)
        rows = zip(owners.tolist(), orders.tolist(), levels.tolist(), best.tolist(), strict=True)
        return {owner: Side(*row) for owner, *row in rows}

    def levels(self, book_address: int, side: str) -> Iterator[Level]:
        owner = _owner(book_address, side)
        all_orders, ends = self._queues
        mine = self._owned[slice(*np.searchsorted(self._owners, [owner, owner + 1]))]
        prices = self._levels["price"][mine]
        for number in mine[np.argsort(~prices if side == "B" else prices)]:
            level = self._levels[number]
            end, count = int(ends[number]), int(level["count"])
            orders = all_orders[end - count : end]
            queue = tuple(zip(map(int, orders["order_id"]), map(int, orders["size"]), strict=True))
            yield Level(int(level["price"]), int(level["size"]), count, queue)

    def side(self, book_address: int, side: str) -> Side:
        return self._sides.get(_owner(book_address, side), Side(0, 0, None))


def _owner(book_address: int, side: str) -> int:
    """The number by which levels name a side of the book at this address."""
    number = ctypes.c_int64.from_address(book_address - HEAD_BYTES + _NUMBER).value
    return 2 * number + "BA".index(side)
