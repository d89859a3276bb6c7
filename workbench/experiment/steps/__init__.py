"""The steps of an experiment, one object each: ``verification`` comes first, ``ladder`` measures the variants side by
side and analyses the samples, ``counting`` counts mechanisms, ``combinations`` measures the gains of phases in other
orders, ``machine`` the machine's limits, ``latency`` response times, ``profiles`` the time of each stage.

``ALL`` is their order. The result that users wait for comes first: the ladder needs only the timed builds of its
variants. Steps without further kernels follow, then those that compile: a few kernels for counting, more for the top
without one phase at a time, most for the factorial. A kernel is compiled when its step begins, not earlier.
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
