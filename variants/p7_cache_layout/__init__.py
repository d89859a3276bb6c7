"""Phase 7: books are packed for the cache, and the data for the next records is prefetched.

Theory of operation
===================
A record touches an order, its price level and the best prices. In linked records that is a chain of cache misses: the
table, the order, its two neighbours in the queue, the level, the ladder. Here nothing is linked, and the places that a
record needs are computed, so that they can be fetched before the record's turn.

**Orders are stored in their hash table** (``orders``), one table for all books of a worker. A cache line is four slots
of order id, size and level number, 16 bytes each; in all but a few cases a search ends within the line. Consecutive ids
are on consecutive lines: orders that come together share a page, and few pages are in use at a time. The events at
which an order was created and last joined a queue (*stamps*) are in a second array. The table is enlarged, purged of
dead orders or given another hash in ``rehash``, before a batch and never within a record (``growth``).

**Queues are not stored.** An order's arrival stamp determines its place; to read a queue, sort it (``queues``). So a
cancel touches the order and its level, and no neighbour.

**Levels have numbers** (``pool``) that never change while the level exists. A book's *window* (``levels``, ``window``)
leads from a price to a number: an array over the book's tick grid, bids then asks. A bitmap shows which places hold a
level, and marks show which words of the bitmap are not empty, so that the next best level is a few bit operations away.
Prices off the grid or far away are in the *overflow* (``overflow``), a B+ tree; a window that is missed too often is
made again.

**The best prices are kept, not searched** (``bbo``): each side's best level number is in the book's head, each book's
part of its instrument's BBO in one array, and the five best levels side by side behind the book, in the form that
evaluations need (``top_levels``; all levels in order: ``level_iteration``).

**Clearing is lazy.** A cleared level is *dead*: its orders stay in the table until their slots are needed.

**Records are handled book by book** within a batch, if there are enough books (``batch_sort``), within several batches
where books do not fit in the cache (``record_sort``), and **prefetched** (``prefetch``): twice a distance ahead a
record's book and its order's line, the distance ahead its levels.

``rules`` has the steps of the book rules, ``sides`` their effect on one side of a book; ``books`` makes a layout of
everything; ``parameters`` and ``candidates`` define what may be fitted to a feed; ``reading`` shows books to Python.

Memory
======
One worker's ``PACKED`` record leads to all of it::

    slots     line 0                                         line 1
              +-----------+-----------+-----------+-----------+-----------+--
              | id        | id        | id        | id        | id        |      one line = 64 bytes = 4 slots
              | size level| size level| size level| size level| size level|
              +-----------+-----------+-----------+-----------+-----------+--
    stamps    | birth     | birth     | ...                                      8 bytes beside each slot
              | arrival   | arrival   |
              +-----------+-----------+--
                       |
                       | level number (26 bits; above them, in a line's first two slots: how many of its orders
                       v                stand in other lines, and how far away)
    levels    +--------------------------------------+--------------------------------------+--
              | price size count owner place next    | price size count owner place next    |   32 bytes each
              +--------------------------------------+--------------------------------------+--
                 ^ number                         | owner: book number * 2 + side
                 |                                v
    books     | address | address | ...      of each book, by number
                                |
                                v
    a book    +---------------------------+--------------------+--------------------------+
              | HEAD: 3 lines             | BOOK (the engine's)| TOP_LEVELS: bids, asks   |
              | base inverse width shift  |                    | 5 best prices and sizes  |
              | packed best[2] touch      |                    |                          |
              | overflow[2] credit ...    |                    |                          |
              +---------------------------+--------------------+--------------------------+
                 |
                 v
              window    | bids: width numbers | asks: width numbers | bits   | marks |
                          4 bytes a place; 0: no level                one      one
                                                                    a place  a word
A book's address is that of its ``BOOK``; the head is before it, the top levels after it. Books and windows come from an
arena of large pages.
"""

from __future__ import annotations

from lobench.variants import p6_simd
from lobench.variants.p7_cache_layout.books import PACKED_LAYOUT

VARIANT = p6_simd.VARIANT.derive("orders in their table, levels in a window, no links, prefetch", layout=PACKED_LAYOUT)
