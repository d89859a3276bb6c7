"""Records as messages of NASDAQ TotalView-ITCH 5.0, for libraries that read nothing else.

An A becomes an add, a C a partial cancel of its size, an M a delete and an add under the same number, as a replace
would take a new one. So no orders need to be remembered here. An order's place in its queue is lost by every M: a
library that is asked for best prices alone shows nothing of that. ITCH has no message that empties a book, and no price
that is negative, no multiple of 0.0001 or above 429,496.7295.

Books are numbered from 1, which is their stock locate, and called ``B1``, ``B2`` and so on. Each message has the two
bytes of its length before it, as files have.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from lobench.engine.records import MBO

UNIT = 100_000
"""Of prices in ITCH, in those of records."""

_MOST = 2**32 - 1
_ADD_BYTES, _CANCEL_BYTES, _DELETE_BYTES = 38, 25, 21
_DIRECTORY_BYTES = 41
_jit = numba.njit(nogil=True)


@_jit
def _put(out: Any, at: int, value: int, width: int) -> int:
    for place in range(width):
        out[at + place] = (value >> np.uint64(8 * (width - 1 - place))) & np.uint64(0xFF)
    return at + width


@_jit
def _head(out: Any, at: int, kind: int, length: int, book: int, time: int, order_id: int) -> int:
    at = _put(out, at, np.uint64(length - 2), 2)
    out[at] = kind
    at = _put(out, at + 1, np.uint64(book), 2)
    at = _put(out, at, np.uint64(0), 2)
    at = _put(out, at, np.uint64(time), 6)
    return _put(out, at, np.uint64(order_id), 8)


@_jit
def _written(records: Any, books: Any, time: int, out: Any) -> int:
    """Bytes written, or -1 less the number of a record whose price has no form in ITCH."""
    at = 0
    for index in range(len(records)):
        record, book = records[index], books[index]
        action, side, order_id = record.action, record.side, record.order_id
        if (action == ord("A") or action == ord("M")) and (side == ord("B") or side == ord("A")) and record.size:
            price = record.price // UNIT
            if price < 0 or price > _MOST or price * UNIT != record.price:
                return -1 - index
            if action == ord("M"):
                at = _head(out, at, ord("D"), _DELETE_BYTES, book, time + index, order_id)
            at = _head(out, at, ord("A"), _ADD_BYTES, book, time + index, order_id)
            out[at] = ord("B") if side == ord("B") else ord("S")
            at = _put(out, at + 1, np.uint64(record.size), 4)
            for _ in range(8):
                out[at] = ord(" ")
                at += 1
            at = _put(out, at, np.uint64(price), 4)
        elif action == ord("C") and record.size:
            at = _head(out, at, ord("X"), _CANCEL_BYTES, book, time + index, order_id)
            at = _put(out, at, np.uint64(record.size), 4)
    return at


class Preparer:
    """Turns records into bytes of messages; knows the locate of each book."""

    def __init__(self) -> None:
        self.locates: dict[int, int] = {}
        """Book's key to its locate."""
        self._keys = np.zeros(0, np.int64)
        self._numbers = np.zeros(0, np.int64)
        self._time = 0
        empty = np.zeros(0, MBO)
        empty.setflags(write=False)
        self(empty)  # compiles what is timed later

    def __call__(self, records: npt.NDArray[np.void]) -> bytes:
        directory = self._located(records)
        keys = records["instrument_id"].astype(np.int64) << 16 | records["publisher_id"]
        books = self._numbers[np.searchsorted(self._keys, keys)] if len(keys) else keys
        out = np.empty(len(records) * (_ADD_BYTES + _DELETE_BYTES), np.uint8)
        length = int(_written(records, books, self._time, out))
        if length < 0:
            raise ValueError(f"the price {records['price'][-1 - length]} (1e-9) has no form in ITCH")
        self._time += len(records)
        return directory + out[:length].tobytes()

    def _located(self, records: npt.NDArray[np.void]) -> bytes:
        """Number books that are new; the messages of the stock directory that name them."""
        keys = records["instrument_id"].astype(np.int64) << 16 | records["publisher_id"]
        places = np.searchsorted(self._keys, keys)
        known = len(self._keys) > 0 and bool((self._keys[np.minimum(places, len(self._keys) - 1)] == keys).all())
        if known or not len(keys):
            return b""
        fresh = [key for key in dict.fromkeys(keys.tolist()) if key not in self.locates]
        messages = []
        for key in fresh:
            locate = self.locates[key] = len(self.locates) + 1
            if locate > 0xFFFF:
                raise ValueError("ITCH has no more than 65,535 stock locates")
            messages.append(_directory(locate))
        self._keys = np.array(sorted(self.locates), np.int64)
        self._numbers = np.array([self.locates[key] for key in self._keys.tolist()], np.int64)
        return b"".join(messages)


def symbol(locate: int) -> str:
    return f"B{locate}"


def _directory(locate: int) -> bytes:
    """A stock directory message: an ordinary share of round lots of 100."""
    name = symbol(locate).ljust(8).encode()
    head = (_DIRECTORY_BYTES - 2).to_bytes(2, "big") + b"R" + locate.to_bytes(2, "big") + bytes(8)
    return head + name + b"QN" + (100).to_bytes(4, "big") + b"NCZ PNN1N" + bytes(4) + b"N"
