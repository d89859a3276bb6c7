"""The rules of docs/semantics.md that the records of a feed reach, and a small set of feeds that reach them all.

A verification proves nothing about a rule that its feed does not reach: ``reached`` counts, for every rule, the records
that do; rules without any are named beside the verdict. The counts come from the feed's content (``records``), the
reference replay (anomalies, trades of strategies), and a replay of the general layout with counters
(``lobench.engine.coverage``). Nothing is sampled.
"""

from lobench.workbench.verification.coverage.defaults import DEFAULT_FEEDS, DEFAULT_WORKERS
from lobench.workbench.verification.coverage.rules import RULES, reached, unreached

__all__ = ["DEFAULT_FEEDS", "DEFAULT_WORKERS", "RULES", "reached", "unreached"]
