"""Numbers for keys, from 0 in the order in which they are first met: by a hash table, for every row is asked about."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry
from lobench.engine.digest import mix
from lobench.engine.native import int64, uint64

_FREE: Final = -1


class Numbers:
    """Grows with each query. ``keys``: int64, those numbered so far, in order."""

    def __init__(self) -> None:
        self._known = np.zeros(1 << 8, np.int64)
        self._slots = np.full(2 * len(self._known), _FREE)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def keys(self) -> npt.NDArray[np.int64]:
        return self._known[: self._count]

    def of(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Of these, shape (n,); those that are new get the next ones."""
        numbers = np.empty(len(keys), np.int64)
        done = 0
        while done < len(keys):
            done, self._count = number(keys, done, self._slots, self._known, self._count, numbers)
            if done < len(keys):
                self._grow()
        return numbers

    def _grow(self) -> None:
        old = self.keys
        self._known = np.zeros(2 * len(self._known), np.int64)
        self._slots = np.full(2 * len(self._known), _FREE)
        number(old, 0, self._slots, self._known, 0, np.empty(len(old), np.int64))


def book_keys(records: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """A number for the book of each record or head: its instrument and its publisher."""
    instruments: npt.NDArray[np.int64] = records["instrument_id"].astype(np.int64)
    return instruments << 16 | records["publisher_id"].astype(np.int64)


@entry
def number(
    keys: npt.NDArray[np.int64],
    done: int,
    slots: npt.NDArray[np.int64],
    known: npt.NDArray[np.int64],
    count: int,
    numbers: npt.NDArray[np.int64],
) -> tuple[int, int]:
    """Number ``keys`` from ``done`` on, until all are, or a new one finds ``known`` full; returns how many are done and
    how many keys are known. ``slots``: an open-addressing table of numbers, of a power of two, twice as large."""
    mask = len(slots) - 1
    while done < len(keys):
        key = keys[done]
        slot = int64(mix(uint64(key)) & uint64(mask))
        while slots[slot] >= 0 and known[slots[slot]] != key:
            slot = (slot + 1) & mask
        if slots[slot] < 0:
            if count == len(known):
                break
            known[count] = key
            slots[slot] = count
            count += 1
        numbers[done] = slots[slot]
        done += 1
    return done, count
