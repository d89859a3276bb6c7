"""The steps of an experiment, one object each: ``verification`` comes first, ``ladder`` measures the variants side by
side and says what that means, ``counting`` counts mechanisms, ``combinations`` measures what phases earn in other
orders, ``machine`` what the machine allows, ``latency`` how long events take to be answered, ``profiles`` where the
time goes.

``ALL`` is their order. What a newcomer waits for comes first: the ladder needs the timed builds of its variants alone.
What needs no further kernel follows, then what has to be compiled for: a few for counting, more for the top without one
phase at a time, most for the factorial. A kernel is compiled when its step has its turn, not before.
"""

from __future__ import annotations

from lobench.workbench.experiment.step import in_order
from lobench.workbench.experiment.steps.combinations import FACTORIAL, FROM_TOP
from lobench.workbench.experiment.steps.counting import COUNTERS
from lobench.workbench.experiment.steps.ladder import ANALYSIS, LADDER, SESSION
from lobench.workbench.experiment.steps.latency import LATENCY
from lobench.workbench.experiment.steps.machine import LIMITS, SCALING, SWEEP
from lobench.workbench.experiment.steps.profiles import PROFILES
from lobench.workbench.experiment.steps.verification import VERIFICATION

ALL = in_order(
    (
        VERIFICATION,
        SESSION,
        LADDER,
        LIMITS,
        SCALING,
        SWEEP,
        LATENCY,
        COUNTERS,
        FROM_TOP,
        FACTORIAL,
        ANALYSIS,
        PROFILES,
    )
)
