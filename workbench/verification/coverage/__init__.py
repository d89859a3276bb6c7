"""Which rules of docs/semantics.md the records of a feed reach, and a small set of feeds that reach them all.

A verification says nothing of a rule that its feed does not reach: ``reached`` counts, for every rule, the records
that do; those with none are named beside the verdict. Counted is what the feed holds (``records``), what the reference
replay tells (anomalies, trades of strategies), and what a replay of the general layout meets on its way
(``lobench.engine.coverage``). Nothing is sampled.
"""

from lobench.workbench.verification.coverage.defaults import DEFAULT_FEEDS, DEFAULT_WORKERS
from lobench.workbench.verification.coverage.rules import RULES, reached, unreached

__all__ = ["DEFAULT_FEEDS", "DEFAULT_WORKERS", "RULES", "reached", "unreached"]
