"""Numbers keys from 0 in the order in which they first occur. It uses a hash table, as there is a look-up for every
record."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry, kernel
from lobench.engine.digest import mix
from lobench.engine.native import int64, uint64

_FREE: Final = -1

Table = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""The first arguments of ``number_of``."""


class Numbers:
    """The keys numbered so far. ``keys``: int64, in the order of their numbers. Compiled loops use ``table``; their
    callers make room with ``grow``."""

    def __init__(self) -> None:
        self._known = np.zeros(1 << 8, np.int64)
        self._slots = np.full(2 * len(self._known), _FREE)
        self._count = np.zeros(1, np.int64)

    def __len__(self) -> int:
        return int(self._count[0])

    @property
    def room(self) -> int:
        """The number of keys that fit before it has to grow."""
        return len(self._known)

    @property
    def table(self) -> Table:
        """The table, for kernels."""
        return self._slots, self._known, self._count

    @property
    def keys(self) -> npt.NDArray[np.int64]:
        return self._known[: len(self)]

    def of(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The numbers of these keys, int64, shape (n,). New keys get the next numbers."""
        numbers = np.empty(len(keys), np.int64)
        done = 0
        while (done := number(*self.table, keys, done, numbers)) < len(keys):
            self.grow()
        return numbers

    def grow(self) -> None:
        """Double the room."""
        old = self.keys
        self._known = np.zeros(2 * len(self._known), np.int64)
        self._slots = np.full(2 * len(self._known), _FREE)
        self._count[0] = 0
        number(*self.table, old, 0, np.empty(len(old), np.int64))


def book_keys(heads: Any) -> npt.NDArray[np.int64]:
    """The key of each row's book, made of its instrument and its publisher; int64."""
    instruments: npt.NDArray[np.int64] = heads["instrument_id"].astype(np.int64)
    publishers: npt.NDArray[np.int64] = heads["publisher_id"].astype(np.int64)
    return instruments << 16 | publishers


@kernel
def number_of(
    slots: npt.NDArray[np.int64], known: npt.NDArray[np.int64], count: npt.NDArray[np.int64], key: int
) -> int:
    """The number of a key, which is added if it is new; -1 if there is no room for it. ``slots``: an open-addressing
    table of numbers, -1 for a free slot, twice as long as ``known``, a power of two; ``known``: the keys by number;
    ``count``: their number, shape (1,)."""
    mask = len(slots) - 1
    slot = int64(mix(uint64(key)) & uint64(mask))
    while slots[slot] >= 0 and known[slots[slot]] != key:
        slot = (slot + 1) & mask
    if slots[slot] < 0 and count[0] < len(known):
        known[count[0]] = key
        slots[slot] = count[0]
        count[0] += 1
    found: int = slots[slot]
    return found


@entry
def number(
    slots: npt.NDArray[np.int64],
    known: npt.NDArray[np.int64],
    count: npt.NDArray[np.int64],
    keys: npt.NDArray[np.int64],
    done: int,
    numbers: npt.NDArray[np.int64],
) -> int:
    """Number ``keys`` from index ``done`` on, until the end or until there is no room for a new one. Returns how many
    are done."""
    while done < len(keys):
        found = number_of(slots, known, count, keys[done])
        if found < 0:
            break
        numbers[done] = found
        done += 1
    return done
