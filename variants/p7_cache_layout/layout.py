"""Memory layout of packed books: records of a quarter, half or whole cache line."""

from __future__ import annotations

from typing import Final

from lobench.engine.aligned_alloc import LINE_BYTES
from lobench.engine.arena import ARENA
from lobench.engine.layout import integers, record
from lobench.variants.p7_cache_layout.parameters import LINE_SLOTS, NAMES, RANGES

SLOT: Final = record(("order_id", "u8"), ("size", "u4"), ("level", "u4"))
"""A slot of the order table. ``level``: number of the order's level in the lower ``LEVEL_BITS``, 0 in an empty slot;
above them, in the first slot of a line, the number of orders that did not fit into the line, and in the second, how
many lines behind it they are at most."""

SLOTS: Final = LINE_SLOTS
LEVEL_BITS: Final = 26
LEVEL_MASK: Final = (1 << LEVEL_BITS) - 1
MOST_OVER: Final = (1 << (32 - LEVEL_BITS)) - 1
"""Once a line has had this many orders elsewhere, or one this many lines away, it stops counting until the table is
rebuilt."""

LINE: Final = record(
    *[field for k in range(SLOTS) for field in ((f"id_{k}", "u8"), (f"size_{k}", "u4"), (f"level_{k}", "u4"))]
)
"""A line of the order table: its four slots."""
assert LINE.itemsize == LINE_BYTES
assert SLOT.itemsize * SLOTS == LINE_BYTES

STAMP: Final = record(("birth", "u4"), ("arrival", "u4"))
"""Beside each slot: the book's event number, modulo 2^32, when the order was created and when it last joined a tail.
Exact while no order rests through 2^32 events of its book."""

LEVEL: Final = record(
    ("price", "i8"), ("size", "i8"), ("count", "u4"), ("owner", "u4"), ("place", "u4"), ("next", "u4")
)
"""A price level. ``owner``: its book's number * 2 + side, ``DEAD`` added when a clear took it with its orders still in
the table; 0: free. ``place``: its place in the book's window, ``FAR`` if it has none; ``next``: free or dead, and then
``place`` is the dead one before."""
FAR: Final = 0xFFFFFFFF
DEAD: Final = 1 << 31

OVERFLOW: Final = record(*integers("root", "height", "count", "last"))
"""The ``count`` levels of one side that are not in the window, in a tree (``overflow``): its ``root`` is
a leaf if its ``height`` is 0; ``last`` is the key of the best one, if there is any."""

_FIELDS: Final = [
    ("base", "i8"),
    ("inverse", "u8"),
    ("window", "i8"),
    ("number", "i8"),
    ("packed", "i8"),
    ("touch", "i8"),
    ("best", "u4", (2,)),
    ("width", "u4"),
    ("shift", "u4"),
    ("far", OVERFLOW, (2,)),
    *integers("touches", "credit", "allowance", "granted", "laid"),
    ("unused", "i8", (3,)),
]
HEAD: Final = record(*_FIELDS)
"""Before each ``BOOK``: three lines, the first with all data that most events need.

A price p is in the window if (p - base) * inverse, rotated right by ``shift``, is below ``width``: that is its tick.
``window``: numbers of levels, the bids' then the asks', and behind them bits: which of them have orders or size.
``number``: of the book; ``packed``: address of its worker's ``PACKED``. ``best``: numbers of the best levels, 0 if a
side is empty. ``touch``: address of this book's part of its instrument's BBO, one of those at ``touches`` (``PEERS``),
both 0 for the only book of its instrument. ``far``: levels outside of the window; ``credit``: how often they may still
be looked for until the window is laid anew, of ``granted`` when it was, at the book's event number ``laid``."""
HEAD_BYTES: Final = HEAD.itemsize
assert HEAD_BYTES == 3 * LINE_BYTES
assert HEAD.fields["far"][1] == LINE_BYTES  # type: ignore[index]
BEST_OFFSET: Final = HEAD.fields["best"][1]  # type: ignore[index]
FAR_OFFSET: Final = HEAD.fields["far"][1]  # type: ignore[index]
FAR_BYTES: Final = OVERFLOW.itemsize

TOUCH: Final = record(*integers("price", "size", "count"))
"""One side of a BBO."""
TOUCH_BYTES: Final = TOUCH.itemsize

PEERS: Final = record(*integers("count", "room"))
"""In the line before an instrument's touches: how many books have theirs there, and how many could."""

FOUND: Final = record(*integers("book", "guess", "home", "event"))
"""Of a record ahead: address of its book, 0 if it was not there; of that or of one without levels; the line where its
order belongs; its own address."""
FOUND_BYTES: Final = FOUND.itemsize

WINDOW_SIZES: Final = RANGES["widest"].high.bit_length()
"""A window is a power of two of ticks wide."""

PACKED: Final = record(
    *integers("slots", "stamps", "lines", "most_lines", "used", "live", "reach", "walked", "patience"),
    ("scatter", "u8"),
    ("salt", "u8"),
    *integers("levels", "level_room", "level_count", "free_level", "dead_level"),
    *integers("books", "book_room", "book_count"),
    *integers("found", "nobody", "ahead", "cold", "moved", "home"),
    *integers("first", "order", "top", "groups", "scratch", "scratch_bytes", "last_key", "last_book", "copies"),
    ("windows", "i8", (WINDOW_SIZES,)),
    ("arena", ARENA),
    *integers(*NAMES),
)
"""One worker's packed books, at ``state["layout_state"]``.

``slots``, ``stamps``: the order table of ``lines`` lines, with addresses for ``most_lines``; ``used`` of its slots hold
an order, ``live`` of these one that rests. ``reach``: lines that any order is away from its own at most; ``walked``:
lines looked at beyond the first, in this batch. ``levels``, ``books``: arrays of level records and of books' addresses,
by number. ``found``: what was found for the records ahead; ``moved``: whether orders' lines are others since then;
``home``: line of the order in hand; ``nobody``: a book without levels. ``first``, ``order``: queues as last arranged;
``top``: address of a ``TOP`` record; ``groups``: of lists for ``batch_sort``; ``copies``: of records
(``record_sort``); ``scratch``: for laying windows; ``last_book``: that was found ahead, and its key.
``windows``: for each size of a window the first of a list of free ones; ``arena``: where books and windows come from.
At the end, parameters: see ``parameters``."""

PARAMETERS: Final = record(*integers(*NAMES))
"""The target of ``state["layout_parameters"]``; a copy is at the end of ``PACKED``."""
PARAMETERS_BYTES: Final = PARAMETERS.itemsize
PARAMETERS_OFFSET: Final = PACKED.itemsize - PARAMETERS_BYTES
assert PACKED.fields[NAMES[0]][1] == PARAMETERS_OFFSET  # type: ignore[index]

TOP: Final = record(("number", "i8", (8,)))
"""Room for the numbers of the best levels of a side."""

WORD: Final = record(("value", "u4"))
BITS: Final = record(("value", "u8"))
