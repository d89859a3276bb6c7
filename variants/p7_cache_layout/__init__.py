"""Phase 7: books are packed for the cache, and what the next records need is prefetched.

Orders lie within their hash table, levels in windows over a tick grid, nothing linked.

The order table, one for all books of a worker, is made of cache lines of four orders: id, size, level. When an order
came and when it last joined a queue stands beside it, in a second array. Level records have numbers that never change;
a window over the tick grid of a book leads from a price to a number, a bitmap to the next best price. Prices off the
grid or far away go to a tree. Queues are not linked at all: an order's arrival says where it stands, and who
wants to see a queue sorts it (``queues``). So a cancel touches the order and its level, and no neighbour.
"""

from __future__ import annotations

from lobench.variants import p6_simd
from lobench.variants.p7_cache_layout.books import PACKED_LAYOUT

VARIANT = p6_simd.VARIANT.derive("orders in their table, levels in a window, no links, prefetch", layout=PACKED_LAYOUT)
