"""Phase 0, the reference: every policy as a competent engineer writes it first.

Events are cloned, the context is locked, features are named by strings, orders are found by walking their level's
queue, memory is plain heap, each evaluation is computed at once, books lie in general-purpose records.
"""

from __future__ import annotations

from lobench.engine.policy import Variant
from lobench.engine.reference.clone import CLONE
from lobench.engine.reference.event import EVENT
from lobench.engine.reference.general import GENERAL
from lobench.engine.reference.heap import HEAP
from lobench.engine.reference.linear import LINEAR
from lobench.engine.reference.locked import LOCKED
from lobench.engine.reference.strings import STRING

VARIANT = Variant(
    name="p0_baseline",
    summary="the reference: clones, locks, strings, linear search",
    events=CLONE,
    context=LOCKED,
    features=STRING,
    lookup=LINEAR,
    memory=HEAP,
    shape=EVENT,
    layout=GENERAL,
)
