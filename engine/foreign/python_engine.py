"""An engine written as a Python class, behind the same interface as a library.

A file's ``ENGINE`` is a class. It declares its offers in ``offers``, a string of words of ``OFFERS``, and may have
``version`` and ``leaves_out`` (words of ``LEAVES_OUT``). It is constructed with an ``Options``, and has the methods of
the C table that its offers need:

- ``apply(records)``: a read-only array of dtype ``lobench.engine.records.MBO``, valid during the call
- ``levels(instrument_id, publisher_id, side, first, n)``: up to ``n`` of (price, size, count), best first, from number
  ``first`` on; ``side`` is "B" or "A"
- ``orders(instrument_id, publisher_id, side, price, first, n)``: up to ``n`` of (order_id, size), front to tail
- ``features(instrument_id, publisher_id)``: 24 floats, or None if there is no such book
- ``accounts(instrument_id, publisher_id)``: four of (position, cash, equity, trades), or None
- ``trace()``: an int; ``counts()``: (events, evaluations, anomalies in the order of ``lobench.engine.anomalies``)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry
from lobench.engine.digest import fold, row_value, share
from lobench.engine.errors import UsageError
from lobench.engine.foreign import abi
from lobench.engine.foreign.abi import ACCOUNT, FEATURES_COUNT, LEVEL, ORDER, STRATEGIES_COUNT, Counts, Options
from lobench.engine.foreign.face import EngineError
from lobench.engine.foreign.values import accounts_value, best_levels
from lobench.engine.inspection import peek
from lobench.engine.native import INTEGER, int64, uint64, view
from lobench.engine.native_call import PythonCall
from lobench.engine.records import MBO

OFFERS: Final = dict(zip(("bbo", "levels", "queues", "features", "strategies", "anomalies"), abi.OFFERS, strict=True))
LEAVES_OUT: Final = dict(zip(("repairs", "top-of-book", "clear", "publishers"), abi.LEAVES_OUT, strict=True))

_PAGE = 1 << 16
_INTEGER_BYTES = INTEGER.itemsize


@entry
def fold_words(words: int, count: int) -> int:
    """``count`` 64-bit words folded one after the other, uint64."""
    value = uint64(0)
    for place in range(count):
        value = fold(value, view(words + place * _INTEGER_BYTES, INTEGER)["value"])
    return value


@entry
def best_value(bids: int, bid_count: int, asks: int, ask_count: int, depth: int, counted: bool) -> int:
    return best_levels(bids, bid_count, asks, ask_count, depth, counted)


@entry
def closed(value: int, key: int, row: int, ends: int, missing: int, whole: bool) -> int:
    """The contribution of a book to an answer, uint64: ``value`` of its levels, its features and accounts (0: not part
    of it); ``missing``: the number of these that are absent."""
    value = uint64(value)
    value = fold(uint64(0), value) if whole else value
    if row != 0:
        value = fold(value, row_value(row, FEATURES_COUNT))
    if ends != 0:
        value = fold(value, accounts_value(ends))
    for _ in range(missing):
        value = ~value
    return share(value, key)


def words(cls: Any, name: str, known: dict[str, int], file: str) -> int:
    """The bits of the words in a class attribute. Raises UsageError for an unknown word."""
    said = getattr(cls, name, "")
    found = 0
    for word in said.split() if isinstance(said, str) else said:
        if word not in known:
            raise UsageError(f"{file}: ENGINE.{name}: no '{word}'. Use any of {', '.join(known)}")
        found |= known[word]
    return found


def check(cls: Any, offers: int, file: str) -> None:
    """Raises UsageError where a method is missing that is always needed, or that an offer takes."""
    if not callable(cls):
        raise UsageError(f"{file}: ENGINE is not a class (docs/engine-abi.md)")
    wanted = {"apply": "ENGINE"}
    for offer, names in abi.NEEDED.items():
        if offers & offer:
            wanted.update(dict.fromkeys(names, f"an ENGINE that offers {abi.OFFER_NAMES[offer]}"))
    for name, who in wanted.items():
        if not callable(getattr(cls, name, None)):
            raise UsageError(f"{file}: {who} needs a method {name}(); docs/engine-abi.md has an example")


class PythonEngine:
    """A ``Face`` of one object of an ``ENGINE`` class."""

    def __init__(self, make: Callable[[Options], Any], options: Options) -> None:
        self._engine = make(options)

    def apply(self, address: int, stride: int, count: int) -> None:
        self._engine.apply(_records(address, stride, count))

    def call(self, address: int, stride: int, count: int) -> PythonCall:
        return PythonCall(self._engine.apply, _records(address, stride, count))

    def levels(self, instrument_id: int, publisher_id: int, side: str, n: int) -> npt.NDArray[np.void]:
        return _array(self._engine.levels(instrument_id, publisher_id, side, 0, n), LEVEL, n)

    def orders(self, instrument_id: int, publisher_id: int, side: str, price: int) -> npt.NDArray[np.void]:
        level = instrument_id, publisher_id, side, price
        return self._all(lambda first, n: self._engine.orders(*level, first, n), ORDER)

    def features(self, instrument_id: int, publisher_id: int) -> npt.NDArray[np.float64] | None:
        found = self._engine.features(instrument_id, publisher_id)
        if found is None:
            return None
        row = np.array([float(value) for value in found])
        if len(row) != FEATURES_COUNT:
            raise EngineError(f"features() returned {len(row)} values, there are {FEATURES_COUNT}")
        return row

    def accounts(self, instrument_id: int, publisher_id: int) -> npt.NDArray[np.void] | None:
        found = self._engine.accounts(instrument_id, publisher_id)
        return None if found is None else _array(found, ACCOUNT, STRATEGIES_COUNT)

    def trace(self) -> int:
        return int(self._engine.trace()) % 2**64

    def counts(self) -> Counts:
        found = self._engine.counts()
        return Counts(int(found[0]), int(found[1]), tuple(int(number) for number in found[2]) if len(found) > 2 else ())

    def ask(self, keys: npt.NDArray[np.int64], depth: int, counted: bool, stage: int, whole: bool) -> int:
        return sum(self._book(int(key), depth, counted, stage, whole) for key in keys) % 2**64

    def close(self) -> None:
        self._engine = None

    def _book(self, key: int, depth: int, counted: bool, stage: int, whole: bool) -> int:
        book = key >> 16, key & 0xFFFF
        if depth:
            bids, asks = (self.levels(*book, side, depth) for side in "BA")
            value = best_value(bids.ctypes.data, len(bids), asks.ctypes.data, len(asks), depth, counted)
        else:
            found = np.concatenate([self._side(book, side) for side in "BA"])
            value = fold_words(found.ctypes.data, len(found))
        row = self.features(*book) if stage >= 2 else None
        ends = self.accounts(*book) if stage >= 3 else None
        missing = (stage >= 2 and row is None) + (stage >= 3 and ends is None)
        where = [0 if part is None else int(part.ctypes.data) for part in (row, ends)]
        return int(closed(uint64(value), int64(key), *where, missing, whole))

    def _side(self, book: tuple[int, int], side: str) -> npt.NDArray[np.uint64]:
        """The words of a side: number of levels; of each price, size, count and its orders' ids and sizes."""
        levels = self._all(lambda first, n: self._engine.levels(*book, side, first, n), LEVEL)
        parts = [np.array([len(levels)], np.uint64)]
        for place in range(len(levels)):
            parts.append(levels[place : place + 1].view(np.uint64))
            parts.append(self.orders(*book, side, int(levels["price"][place])).view(np.uint64))
        return np.concatenate(parts)

    @staticmethod
    def _all(page: Callable[[int, int], Any], dtype: np.dtype[np.void]) -> npt.NDArray[np.void]:
        """Every entry that an engine gives in pages."""
        found = [_array(page(0, _PAGE), dtype, _PAGE)]
        while len(found[-1]) == _PAGE:
            found.append(_array(page(len(found) * _PAGE, _PAGE), dtype, _PAGE))
        return np.concatenate(found)


def _array(entries: Any, dtype: np.dtype[np.void], most: int) -> npt.NDArray[np.void]:
    """An engine's returned value as an array; at most ``most`` entries."""
    if isinstance(entries, np.ndarray) and entries.dtype == dtype:
        found = np.ascontiguousarray(entries)
    else:
        found = np.array([tuple(entry) for entry in entries], dtype)
    if len(found) > most:
        raise EngineError(f"an answer has {len(found)} entries; {most} were requested")
    return found


def _records(address: int, stride: int, count: int) -> npt.NDArray[np.void]:
    """Records where they lie, as an engine gets them: read-only, dtype ``MBO``."""
    if count == 0:
        records = np.zeros(0, MBO)
    elif stride == MBO.itemsize:
        records = peek(address, MBO, count)
    else:
        owner = peek(address, np.dtype("u1"), stride * (count - 1) + MBO.itemsize)
        records = np.ndarray(count, MBO, owner.data, strides=(stride,))
    records.setflags(write=False)
    return records
