"""Phase 8: the kernel of phase 7, started with parameters that `lobench tune` fitted to the feed. For a feed that was
never tuned it is phase 7 to the last instruction."""

from __future__ import annotations

from lobench.engine.policy import Tuning
from lobench.variants import p7_cache_layout

PROFILED = Tuning(name="profiled", fits=True)

VARIANT = p7_cache_layout.VARIANT.derive("parameters are fitted to the feed by measurement", tuning=PROFILED)
