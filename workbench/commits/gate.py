"""The gate for a change: is HEAD as good as BASE? Results, instructions and times of both, side by side."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.errors import LobenchError
from workbench.commits import instructions
from workbench.commits.feeds import as_files
from workbench.commits.findings import Finding, changed, findings
from workbench.commits.measuring import INSTRUCTIONS, Measured, Request, count, measure
from workbench.commits.repository import Repository
from workbench.commits.session import Design, Session
from workbench.commits.sources import Source, of_commit, of_working_tree
from workbench.commits.statistics import precise

PRECISE = 0.006
"""Half width of all intervals at which a session has seen enough. Precision, not a verdict, ends it: no peeking."""

WITHIN = 170.0
"""Seconds that a check takes by default: what compiling and counting leave of them goes to timing, within bounds."""
LEAST_SECONDS, MOST_SECONDS = 30.0, 75.0

ROUNDS = 16
_ROUND_SECONDS = 3.0
_LEAST_ROUNDS = 4


@dataclass(frozen=True)
class Check:
    """What a check found. Without findings, both are the same code in the same environment."""

    base: Source
    head: Source
    findings: list[Finding] = field(default_factory=list)
    measured: Measured | None = None
    uncounted: str | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing is worse."""
        return not any(finding.worse for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        session = self.measured.session if self.measured else None
        return {
            "base": self.base.label,
            "head": self.head.label,
            "same_code": not self.findings,
            "passed": self.passed,
            "rounds": session.rounds if session else 0,
            "samples": len(session.samples) if session else 0,
            "instructions_not_counted": self.uncounted,
            "findings": [finding.as_json() for finding in self.findings],
        }


def check(
    repository: Repository,
    base: str,
    head: str | None,
    *,
    feeds: Sequence[str],
    variants: Sequence[str],
    evaluate: str = "last",
    timed: bool = True,
    seconds: float | None = None,
    allowed: float = 0.005,
) -> Check:
    """Compare commit ``base`` with ``head``, None for the working tree's files.

    ``seconds`` is the most that is spent on timing, if it is ``timed``; by default what is left of ``WITHIN``.
    ``allowed`` is the rise of instructions per event that passes. Raises UsageError for what doesn't exist,
    LobenchError if either side can't be measured.
    """
    started = time.monotonic()
    before = of_commit(repository, repository.commit(base))
    after = of_working_tree(repository) if head is None else of_commit(repository, repository.commit(head))
    if before.key == after.key:
        return Check(before, after)
    why = instructions.missing()
    if not timed and why is not None:
        raise LobenchError(f"without timing there is nothing to judge by: {why}")
    each = min(_ROUND_SECONDS * len(feeds), (seconds or LEAST_SECONDS) / _LEAST_ROUNDS)
    design = Design(rounds=ROUNDS if timed else 0, seconds=each, evaluate=evaluate)
    named = as_files(feeds)
    # As many instructions on both sides: then no mechanism was used more or less often, and none has to be counted.
    request = Request(named, variants, design, instructions=why is None, counters=why is not None)
    began: list[float] = []

    def enough(session: Session) -> bool:
        # The first call comes after the third round: by then a round's whole cost is known.
        began.append(time.monotonic())
        if len(began) > 1:
            each = (began[-1] - began[0]) / (len(began) - 1)
            rest = WITHIN - (began[0] - 3 * each - started)
            left = min(MOST_SECONDS, max(LEAST_SECONDS, rest))
            if each * (session.rounds + 1) > (seconds or left):
                return True
        return precise(session, PRECISE)

    measured = measure([before, after], request, enough)
    for source in (before, after):
        if source.key in measured.broken:
            raise LobenchError(f"nothing to compare: {measured.broken[source.key]}")
    _count_what_moved(measured, [before, after], request)
    found = findings(measured, [feed.name for feed in named], 1, allowed=allowed)
    if not found:
        raise LobenchError(f"neither commit has any of the variants {', '.join(variants)}")
    return Check(before, after, found, measured, why)


def _count_what_moved(measured: Measured, sources: Sequence[Source], request: Request) -> None:
    """Add the mechanism counters of the variants whose instructions changed."""
    before, after = (measured.exact[source.key] for source in sources)
    moved = {
        pair[1]
        for pair in {**before, **after}
        if changed(*(counts.get(pair, {}).get(INSTRUCTIONS) for counts in (before, after)))
    }
    if request.instructions and moved:
        names = [name for name in request.variants if name in moved]
        exact, broken = count(sources, replace(request, variants=names, instructions=False, counters=True))
        for source in sources:
            if source.key in broken:
                raise LobenchError(f"nothing to compare: {broken[source.key]}")
            for pair, counts in exact[source.key].items():
                measured.exact[source.key][pair] = {**measured.exact[source.key].get(pair, {}), **counts}
