"""The gate for a change: is HEAD as good as BASE? Results, instructions and times of both, side by side.

What is looked at follows from what changed. Some variants are timed: by default the reference and the top of the
ladder. All others that the change reaches are compared by results and exact counts, one kernel each for a commit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.commits import instructions
from lobench.workbench.commits.comparing import Pair
from lobench.workbench.commits.feeds import as_files
from lobench.workbench.commits.findings import NOTHING, REPAIRED, Finding
from lobench.workbench.commits.measuring import Measured, Request
from lobench.workbench.commits.reach import ends, in_order, modules, named, reached
from lobench.workbench.commits.repository import Repository
from lobench.workbench.commits.session import Design, Session
from lobench.workbench.commits.sources import Source, of_commit, of_working_tree
from lobench.workbench.commits.statistics import precise

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
    """What a check found.

    Without findings both are the same code in the same environment. ``measured`` is the session of the variants that
    are timed, if BASE has any that runs. ``unseen`` are variants that the change reaches and that nobody looked at.
    """

    base: Source
    head: Source
    findings: list[Finding] = field(default_factory=list)
    measured: Measured | None = None
    uncounted: str | None = None
    unseen: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """``failed``: something is worse. ``incomplete``: nothing is, but something was not compared. ``repaired``:
        BASE was wrong, HEAD is right. ``passed``."""
        if any(finding.worse for finding in self.findings):
            return "failed"
        if self.unseen or any(finding.verdict == NOTHING for finding in self.findings):
            return "incomplete"
        return "repaired" if any(finding.verdict == REPAIRED for finding in self.findings) else "passed"

    @property
    def passed(self) -> bool:
        """Whether everything that changed was looked at, and nothing is worse."""
        return self.outcome in ("passed", "repaired")

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        session = self.measured.session if self.measured else None
        return {
            "base": self.base.label,
            "head": self.head.label,
            "same_code": self.base.key == self.head.key,
            "outcome": self.outcome,
            "passed": self.passed,
            "not_looked_at": self.unseen,
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
    variants: str | None,
    evaluate: str = "last",
    timed: bool = True,
    seconds: float | None = None,
    allowed: float = 0.005,
    same: bool = False,
) -> Check:
    """Compare commit ``base`` with ``head``, None for the working tree's files.

    ``variants``: names as a user types them, None for what follows from the change. ``seconds`` is the most that is
    spent on timing, if it is ``timed``; by default what is left of ``WITHIN``. ``allowed`` is the rise of instructions
    per event that passes. ``same`` lets both be one commit, which passes. Raises UsageError for what doesn't exist and
    for one commit twice, LobenchError if either side can't be measured, but for a BASE whose own code is at fault.
    """
    started = time.monotonic()
    first = repository.commit(base)
    second = None if head is None else repository.commit(head)
    if second is not None and second.hash == first.hash and not same:
        raise UsageError(
            f"BASE and HEAD are both {first}: there is nothing to compare. Name another base, --worktree for what is "
            "not committed yet, or --same if one commit is meant to pass"
        )
    before = of_commit(repository, first)
    after = of_working_tree(repository) if second is None else of_commit(repository, second)
    if before.key == after.key:
        return Check(before, after)
    why = instructions.missing()
    if not timed and why is not None:
        raise LobenchError(f"without timing there is nothing to judge by: {why}")
    old, new = modules(before).variants, modules(after).variants
    known = in_order({*old, *new})
    chosen = list(dict.fromkeys([*ends(old), *ends(new)])) or known if variants is None else named(variants, known)
    if not chosen:
        raise UsageError(f"neither {before.label} nor {after.label} has a variant")
    beside = [name for name in reached(before, after) if name not in chosen]
    unseen = [] if variants is None else beside
    if variants is None and why is not None:
        # Without instructions only time can tell.
        chosen = in_order({*chosen, *beside})
    counted = [] if variants is not None else [name for name in beside if name not in chosen]

    each = min(_ROUND_SECONDS * len(feeds), (seconds or LEAST_SECONDS) / _LEAST_ROUNDS)
    design = Design(rounds=ROUNDS if timed else 0, seconds=each, evaluate=evaluate)
    # As many instructions on both sides: then no mechanism was used more or less often, and none has to be counted.
    still = not timed and instructions.run_here()
    request = Request(as_files(feeds), chosen, design, why is None, counters=why is not None, pinned=still)
    pair = Pair(before, after, (ends(new) or chosen)[0], allowed)
    measured, found = pair.compare(request, _patience(started, seconds))
    absent = [name for name in chosen if name not in {one.variant for one in found}]
    if variants is not None and absent:
        raise UsageError(f"neither commit has the variant {', '.join(absent)}")
    quiet = replace(request, variants=counted, design=replace(design, rounds=0), pinned=instructions.run_here())
    found += pair.compare(quiet, mechanisms=False)[1]
    if not found:
        raise LobenchError(f"neither commit has any of the variants {', '.join([*chosen, *counted])}")
    return Check(before, after, found, measured, why, unseen)


def _patience(started: float, seconds: float | None) -> Callable[[Session], bool]:
    """Whether a session has seen enough, by its precision and by the clock."""
    began: list[float] = []

    def enough(session: Session) -> bool:
        if len(session.sources) < 2:
            return True  # one of both has failed: there is nothing to wait for
        # The first call comes after the third round: by then a round's whole cost is known.
        began.append(time.monotonic())
        if len(began) > 1:
            each = (began[-1] - began[0]) / (len(began) - 1)
            rest = WITHIN - (began[0] - 3 * each - started)
            left = min(MOST_SECONDS, max(LEAST_SECONDS, rest))
            if each * (session.rounds + 1) > (seconds or left):
                return True
        return precise(session, PRECISE)

    return enough
