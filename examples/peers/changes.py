"""Records as changes of single orders, for libraries that take "add", "update to this size" and "delete".

Such a library has no partial cancel: it needs the remaining size. So resting orders are kept here too, each with its
size, in an open hash table, and a C becomes an update or a delete. Changes are grouped by book, because a library has
one book for each instrument, in the order of their records within a book.

Nothing is repaired: records about orders that do not rest are left out, and so are those without a side.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from lobench.engine.records import MBO

ADD, UPDATE, DELETE, CLEAR = 1, 2, 3, 4

CHANGE = np.dtype(
    [("order_id", "u8"), ("price", "i8"), ("size", "u4"), ("book", "u4"), ("action", "u1"), ("side", "u1")], align=True
)
"""``size``: of the order after the change; ``book``: a number from 0 on; ``side``: "B" or "A", 0 of a CLEAR."""

_ORDER = np.dtype([("order_id", "u8"), ("price", "i8"), ("size", "u4"), ("book", "u4"), ("side", "u1")], align=True)
"""A resting order; of an empty place ``size`` is 0."""

_BOOK = np.dtype([("key", "i8"), ("resting", "i8"), ("changes", "i8"), ("next", "i8")])
"""``resting``: orders; ``changes``: of the call that is prepared; ``next``: where its next one goes."""

_LEAST_PLACES = 1 << 10
_jit = numba.njit(nogil=True)


class Changes(NamedTuple):
    """``rows`` of dtype ``CHANGE``; ``runs``: (book, first row, row after the last) of each book that has some."""

    rows: npt.NDArray[np.void]
    runs: list[tuple[int, int, int]]


@_jit
def _spread(number: int) -> np.uint64:
    value = np.uint64(number) * np.uint64(0x9E3779B97F4A7C15)
    return value ^ (value >> np.uint64(32))


@_jit
def _book(keys: Any, numbers: Any, key: int) -> int:
    """The place of a book's key, or the empty place where it belongs."""
    mask = len(keys) - 1
    place = np.int64(_spread(key)) & mask
    while numbers[place] >= 0 and keys[place] != key:
        place = (place + 1) & mask
    return place


@_jit
def _find(orders: Any, book: int, order_id: int) -> int:
    """The place of an order, or the empty place where it belongs."""
    mask = len(orders) - 1
    place = np.int64(_spread(np.uint64(order_id) + _spread(book))) & mask
    while orders[place].size != 0 and (orders[place].order_id != order_id or orders[place].book != book):
        place = (place + 1) & mask
    return place


@_jit
def _remove(orders: Any, place: int) -> None:
    """Empty a place, and close the gap: no order may lie behind an empty place that its search begins before."""
    mask = len(orders) - 1
    gap, place = place, (place + 1) & mask
    while orders[place].size != 0:
        home = np.int64(_spread(np.uint64(orders[place].order_id) + _spread(orders[place].book))) & mask
        if (place - home) & mask >= (place - gap) & mask:
            orders[gap] = orders[place]
            gap = place
        place = (place + 1) & mask
    orders[gap].size = 0


@_jit
def _moved(orders: Any, larger: Any) -> None:
    for order in orders:
        if order.size != 0:
            larger[_find(larger, order.book, order.order_id)] = order


@_jit
def _clear(orders: Any, book: int) -> None:
    place = 0
    while place < len(orders):
        if orders[place].size != 0 and orders[place].book == book:
            _remove(orders, place)  # another order may have moved to this place
        else:
            place += 1


@_jit
def _numbered(records: Any, keys: Any, numbers: Any, books: Any, count: int, of: Any) -> int:
    """Which book each record is of, how many records each has, and how many books there are now."""
    for book in range(count):
        books[book].changes = 0
    for index in range(len(records)):
        key = np.int64(records[index].instrument_id) << 16 | np.int64(records[index].publisher_id)
        place = _book(keys, numbers, key)
        if numbers[place] < 0:
            keys[place], numbers[place] = key, count
            books[count].key = key
            count += 1
        book = numbers[place]
        of[index] = book
        books[book].changes += 1
    first = 0
    for book in range(count):
        books[book].next = first
        first += books[book].changes
        books[book].changes = 0
    return count


@_jit
def _changed(records: Any, of: Any, books: Any, orders: Any, rows: Any) -> None:
    for index in range(len(records)):
        record, book = records[index], of[index]
        action, side = record.action, record.side
        row = rows[books[book].next]
        row.action = 0
        if action == ord("R"):
            row.action, row.side, row.size, row.order_id, row.price = CLEAR, 0, 0, 0, 0
            if books[book].resting:
                _clear(orders, book)
                books[book].resting = 0
        elif (action == ord("A") or action == ord("M")) and (side == ord("B") or side == ord("A")) and record.size:
            place = _find(orders, book, record.order_id)
            order = orders[place]
            known = order.size != 0
            row.action = UPDATE if known and action == ord("M") else ADD
            books[book].resting += not known
            row.order_id, row.price, row.size, row.side = record.order_id, record.price, record.size, side
            order.order_id, order.price, order.size, order.side = record.order_id, record.price, record.size, side
            order.book = book
        elif action == ord("C"):
            place = _find(orders, book, record.order_id)
            order = orders[place]
            if order.size != 0 and record.size != 0:
                row.order_id, row.price, row.side = order.order_id, order.price, order.side
                if record.size < order.size:
                    order.size -= record.size
                    row.action, row.size = UPDATE, order.size
                else:
                    row.action, row.size = DELETE, 0
                    books[book].resting -= 1
                    _remove(orders, place)
        if row.action != 0:
            row.book = book
            books[book].next += 1
            books[book].changes += 1


class Preparer:
    """Turns records into changes, and remembers which orders rest."""

    def __init__(self) -> None:
        self._orders = np.zeros(_LEAST_PLACES, _ORDER)
        self._books = np.zeros(_LEAST_PLACES // 2, _BOOK)
        self._keys = np.zeros(_LEAST_PLACES, np.int64)
        self._numbers = np.full(_LEAST_PLACES, -1)
        self.count = 0
        """Books so far."""
        empty = np.zeros(0, MBO)
        empty.setflags(write=False)
        self(empty)  # compile before the timing

    def __call__(self, records: npt.NDArray[np.void]) -> Changes:
        self._make_room(len(records))
        of = np.empty(len(records), np.int64)
        rows = np.empty(len(records) + 1, CHANGE)
        count = int(_numbered(records, self._keys, self._numbers, self._books, self.count, of))
        self.count = count
        _changed(records, of, self._books, self._orders, rows)
        touched = np.flatnonzero(self._books["changes"][:count])
        ends = self._books["next"][touched].tolist()
        lengths = self._books["changes"][touched].tolist()
        runs = [(book, end - n, end) for book, end, n in zip(touched.tolist(), ends, lengths, strict=True)]
        return Changes(rows, runs)

    def number(self, key: int) -> int:
        """A book's number, -1 if it has had no record."""
        return int(self._numbers[_book(self._keys, self._numbers, key)])

    def _make_room(self, records: int) -> None:
        """Tables stay at most half full, whatever the records."""
        resting = int(self._books["resting"][: self.count].sum())
        while 2 * (resting + records) > len(self._orders):
            larger = np.zeros(2 * len(self._orders), _ORDER)
            _moved(self._orders, larger)
            self._orders = larger
        while self.count + min(records, 1 << 16) > len(self._books):
            self._books = np.concatenate([self._books, np.zeros(len(self._books), _BOOK)])
            keys, numbers = np.zeros(2 * len(self._keys), np.int64), np.full(2 * len(self._keys), -1)
            for book, key in enumerate(self._books["key"][: self.count].tolist()):
                place = _book(keys, numbers, key)
                keys[place], numbers[place] = key, book
            self._keys, self._numbers = keys, numbers
