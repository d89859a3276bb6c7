"""Numbers for keys, from 0 in the order in which they are first met: by a hash table, for every record is asked
about."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry, kernel
from lobench.engine.digest import mix
from lobench.engine.native import Record, int64, uint64

_FREE: Final = -1


class Numbers:
    """Grows with each query. ``keys``: int64, those numbered so far, in order. Compiled loops take ``table``, and ask
    for room with ``grow``."""

    def __init__(self) -> None:
        self._known = np.zeros(1 << 8, np.int64)
        self._slots = np.full(2 * len(self._known), _FREE)
        self._count = np.zeros(1, np.int64)

    def __len__(self) -> int:
        return int(self._count[0])

    @property
    def room(self) -> int:
        """Keys that it can number before it has to grow."""
        return len(self._known)

    @property
    def table(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The first arguments of ``number_of``."""
        return self._slots, self._known, self._count

    @property
    def keys(self) -> npt.NDArray[np.int64]:
        return self._known[: len(self)]

    def of(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Of these, shape (n,); those that are new get the next ones."""
        numbers = np.empty(len(keys), np.int64)
        done = 0
        while (done := number(*self.table, keys, done, numbers)) < len(keys):
            self.grow()
        return numbers

    def grow(self) -> None:
        """Twice the room."""
        old = self.keys
        self._known = np.zeros(2 * len(self._known), np.int64)
        self._slots = np.full(2 * len(self._known), _FREE)
        self._count[0] = 0
        number(*self.table, old, 0, np.empty(len(old), np.int64))


def book_keys(heads: Any) -> npt.NDArray[np.int64]:
    """A number for the book of each row: its instrument and its publisher."""
    instruments: npt.NDArray[np.int64] = heads["instrument_id"].astype(np.int64)
    publishers: npt.NDArray[np.int64] = heads["publisher_id"].astype(np.int64)
    return instruments << 16 | publishers


@kernel
def book_key_of(event: Record) -> int:
    """That of a record's book."""
    key: int = int64(event["instrument_id"]) << 16 | int64(event["publisher_id"])
    return key


@kernel
def number_of(
    slots: npt.NDArray[np.int64], known: npt.NDArray[np.int64], count: npt.NDArray[np.int64], key: int
) -> int:
    """The number of a key, -1 for a new one without room. ``slots``: an open-addressing table of numbers, of a power of
    two, twice as large as ``known``; ``count``: how many are known."""
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
    """Number ``keys`` from ``done`` on, until all are, or a new one finds no room; returns how many are done."""
    while done < len(keys):
        found = number_of(slots, known, count, keys[done])
        if found < 0:
            break
        numbers[done] = found
        done += 1
    return done
