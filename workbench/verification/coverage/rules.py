"""Every rule by name, how many records of a feed reach it, and which none does."""

from __future__ import annotations

from typing import Final

from lobench.engine.anomalies import ANOMALIES
from lobench.engine.coverage import COUNTED, COUNTING, COUNTS
from lobench.engine.feeds import LoadedFeed
from lobench.engine.inspection import peek
from lobench.engine.reference.heap import HEAP
from lobench.engine.registry import STRATEGIES
from lobench.engine.replay import SLICE, Replay
from lobench.engine.result import Result
from lobench.variants import discover
from lobench.workbench.verification.coverage.records import RECORDS, count_records

RULES: Final = {
    **RECORDS,
    **COUNTED,
    **{name: f"the anomaly {name}" for name in ANOMALIES},
    "evaluation": "an evaluation",
    **{f"strategy_{name}": f"a trade of the strategy {name}" for name in STRATEGIES},
}
"""Rule to its condition, in display order."""


def reached(feed: LoadedFeed, result: Result, evaluate: str = "last") -> dict[str, int]:
    """The number of times a feed reaches each of ``RULES``; ``result`` is the reference's result on it.

    A strategy that a replay did not compute is not counted, nor are evaluations of one that only decodes.
    """
    counts = count_records(feed) | _counted(feed, evaluate) | dict(result.anomalies)
    counts["evaluation"] = result.evaluations
    for book in result.books:
        for end in book.strategies:
            name = f"strategy_{end.name}"
            counts[name] = counts.get(name, 0) + end.trades
    return {name: counts.get(name, 0) for name in RULES}


def unreached(counts: dict[str, int]) -> list[str]:
    """Rules that no record reaches."""
    return [name for name, count in counts.items() if not count]


class _Counting(Replay):
    """A replay of books that counts on its way."""

    def counts(self) -> dict[str, int]:
        address = int(self._workers[0].state["memory_state"][0])
        found = peek(address, COUNTS)[0] if address else None
        return {name: 0 if found is None else int(found[name]) for name in COUNTED}


def _counted(feed: LoadedFeed, evaluate: str) -> dict[str, int]:
    variant = discover()["p4_hash_lookup"].derive("counts rules", layout=COUNTING, memory=HEAP)
    replay = _Counting(variant, evaluate=evaluate, until="book", observe=False)
    with replay:
        for start in range(0, feed.count, SLICE):
            replay.apply(feed.slice(start, min(start + SLICE, feed.count)))
        return replay.counts()
