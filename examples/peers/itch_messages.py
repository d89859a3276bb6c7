"""Records as messages of NASDAQ TotalView-ITCH 5.0, for libraries that read nothing else.

An A becomes an add, a C a partial cancel of its size, an M a delete and an add under the same number, as a replace
would take a new one. So no orders need to be remembered here. An order's place in its queue is lost by every M: a
library that is asked for best prices alone shows nothing of that. ITCH has no message that empties a book, and no price
that is negative, no multiple of 0.0001 or above 429,496.7295.

Numbers of orders are unique in all of a feed, and a feed is one venue's: each publisher's records become a feed of its
own. Its books are numbered from 1, which is their stock locate, and called ``B1``, ``B2`` and so on. Each message has
the two bytes of its length before it, as files have.
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
def _written(records: Any, books: Any, symbols: Any, time: int, out: Any) -> int:
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
            for place in range(8):
                out[at + place] = symbols[book, place]
            at += 8
            at = _put(out, at, np.uint64(price), 4)
        elif action == ord("C") and record.size:
            at = _head(out, at, ord("X"), _CANCEL_BYTES, book, time + index, order_id)
            at = _put(out, at, np.uint64(record.size), 4)
    return at


class Preparer:
    """Turns records into bytes of messages, for each publisher that has some."""

    def __init__(self) -> None:
        self.venues: dict[int, Venue] = {}
        """By publisher_id."""
        empty = np.zeros(0, MBO)
        empty.setflags(write=False)
        Venue()(empty)  # compile before the timing

    def __call__(self, records: npt.NDArray[np.void]) -> list[tuple[int, bytes]]:
        publishers = records["publisher_id"]
        if len(records) and (publishers == publishers[0]).all():
            return [self._messages(int(publishers[0]), records)]
        return [self._messages(one, records[publishers == one]) for one in np.unique(publishers).tolist()]

    def _messages(self, publisher_id: int, records: npt.NDArray[np.void]) -> tuple[int, bytes]:
        if publisher_id not in self.venues:
            self.venues[publisher_id] = Venue()
        return publisher_id, self.venues[publisher_id](records)

    def locate(self, instrument_id: int, publisher_id: int) -> int | None:
        """A book's stock locate, None if it has had no record."""
        venue = self.venues.get(publisher_id)
        return None if venue is None else venue.locates.get(instrument_id)


class Venue:
    """The feed of one publisher; knows the locate of each instrument."""

    def __init__(self) -> None:
        self.locates: dict[int, int] = {}
        """instrument_id to locate."""
        self._ids = np.zeros(0, np.int64)
        self._numbers = np.zeros(0, np.int64)
        self._symbols = np.zeros((1, 8), np.uint8)
        self._time = 0

    def __call__(self, records: npt.NDArray[np.void]) -> bytes:
        ids = records["instrument_id"].astype(np.int64)
        directory = self._located(ids)
        books = self._numbers[np.searchsorted(self._ids, ids)] if len(ids) else ids
        out = np.empty(len(records) * (_ADD_BYTES + _DELETE_BYTES), np.uint8)
        length = int(_written(records, books, self._symbols, self._time, out))
        if length < 0:
            raise ValueError(f"the price {records['price'][-1 - length]} (1e-9) has no form in ITCH")
        self._time += len(records)
        return directory + out[:length].tobytes()

    def _located(self, ids: npt.NDArray[np.int64]) -> bytes:
        """Number instruments that are new; the messages of the stock directory that name them."""
        places = np.minimum(np.searchsorted(self._ids, ids), max(0, len(self._ids) - 1))
        if not len(ids) or (len(self._ids) and (self._ids[places] == ids).all()):
            return b""
        fresh = [number for number in dict.fromkeys(ids.tolist()) if number not in self.locates]
        for number in fresh:
            self.locates[number] = len(self.locates) + 1
        if len(self.locates) > 0xFFFF:
            raise ValueError("ITCH has no more than 65,535 stock locates")
        self._ids = np.array(sorted(self.locates), np.int64)
        self._numbers = np.array([self.locates[number] for number in self._ids.tolist()], np.int64)
        names = b"".join(_padded(locate) for locate in range(len(self.locates) + 1))
        self._symbols = np.frombuffer(names, np.uint8).reshape(-1, 8).copy()
        return b"".join(_directory(self.locates[number]) for number in fresh)


def symbol(locate: int) -> str:
    return f"B{locate}"


def _padded(locate: int) -> bytes:
    return symbol(locate).ljust(8).encode()


def _directory(locate: int) -> bytes:
    """A stock directory message: an ordinary share of round lots of 100."""
    head = (_DIRECTORY_BYTES - 2).to_bytes(2, "big") + b"R" + locate.to_bytes(2, "big") + bytes(8)
    return head + _padded(locate) + b"QN" + (100).to_bytes(4, "big") + b"NCZ PNN1N" + bytes(4) + b"N"
