"""Phase 7: books are packed for the cache, and what the next records need is prefetched."""

from __future__ import annotations

from lobench.engine.packed.books import PACKED
from lobench.variants import p6_simd

VARIANT = p6_simd.VARIANT.derive("orders in their table, levels in a window, no links, prefetch", layout=PACKED)
