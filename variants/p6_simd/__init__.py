"""Phase 6: evaluations are computed many at a time, in columns, with vector instructions.

An event only writes its evaluation's inputs to the next row of a block (``shape``). When the block is full, before
every batch boundary and at the end of each call, features and signals are computed column by column (``columns``), then
the accounts follow in the evaluations' order (``runs``).
"""

from __future__ import annotations

from lobench.variants import p5_memory_pool
from lobench.variants.p6_simd.shape import COLUMNS

VARIANT = p5_memory_pool.VARIANT.derive("features are computed in columns, with vectors", shape=COLUMNS)
