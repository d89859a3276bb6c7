"""Which books a feed's records name: an engine from outside cannot list its own."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry
from lobench.engine.digest import mix
from lobench.engine.native import INTEGER, int64, uint64, view
from lobench.engine.records import MBO

_FEWEST: Final = 1 << 12
_INTEGER_BYTES = INTEGER.itemsize
_ONE = int64(1)


@entry
def gather(records: int, stride: int, start: int, count: int, table: int, slots: int, used: int) -> tuple[int, int]:
    """Note the books of records ``start`` to ``count`` in a hash table of ``slots`` words (key + 1, 0 where empty);
    returns (the record it stopped before, used slots): it stops where the table is half full."""
    place = start
    while place < count and 2 * used < slots:
        event = view(records + place * stride, MBO)
        key = int64(event["instrument_id"]) << 16 | int64(event["publisher_id"])
        slot = int64(mix(uint64(key)) & uint64(slots - 1))
        found = view(table + slot * _INTEGER_BYTES, INTEGER)
        while found["value"] != 0 and found["value"] != key + _ONE:
            slot = (slot + _ONE) & (slots - _ONE)
            found = view(table + slot * _INTEGER_BYTES, INTEGER)
        if found["value"] == 0:
            found["value"] = key + _ONE
            used += 1
        place += 1
    return place, used


class Keys:
    """The books that records named so far."""

    def __init__(self) -> None:
        self._table = np.zeros(_FEWEST, np.int64)
        self._used = 0
        self._waiting: list[tuple[int, int, int]] = []

    def note(self, address: int, stride: int, count: int) -> None:
        """Records that are looked at later, and stay where they are until then."""
        self._waiting.append((address, stride, count))

    def look(self) -> None:
        """Look at the records that were noted."""
        for address, stride, count in self._waiting:
            done = 0
            while done < count:
                where, slots = self._table.ctypes.data, len(self._table)
                done, self._used = gather(address, stride, done, count, where, slots, self._used)
                if done < count:
                    self._grow()
        self._waiting.clear()

    def found(self) -> npt.NDArray[np.int64]:
        """The keys of all books, ``instrument_id * 65536 + publisher_id``."""
        self.look()
        return self._table[self._table != 0] - 1

    def _grow(self) -> None:
        kept = self._table[self._table != 0] - 1
        self._table, self._used = np.zeros(2 * len(self._table), np.int64), 0
        # A record with only these fields represents a book.
        books = np.zeros(len(kept), MBO)
        books["instrument_id"], books["publisher_id"] = kept >> 16, kept & 0xFFFF
        where = self._table.ctypes.data
        _, self._used = gather(books.ctypes.data, MBO.itemsize, 0, len(books), where, len(self._table), 0)
