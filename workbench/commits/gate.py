"""The gate for a change: is HEAD as good as BASE? Results, instructions and times of both, side by side.

The change decides what is examined: every variant whose code differs. The lowest and the highest of them on the ladder
are timed, all are compared by results and exact counts. Variants that the change does not reach are listed without
being measured. All kernels are compiled before anything is timed, and nothing else runs while something is timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lobench.engine.errors import UnjudgedError, UsageError
from lobench.workbench.commits import instructions
from lobench.workbench.commits.comparing import Pair
from lobench.workbench.commits.feeds import as_files
from lobench.workbench.commits.findings import NOTHING, REPAIRED, Finding
from lobench.workbench.commits.measuring import Measured, Request
from lobench.workbench.commits.origins import Origin, reached
from lobench.workbench.commits.reach import named
from lobench.workbench.commits.repository import Commit, label
from lobench.workbench.commits.session import CommitSession, design_of, precise
from lobench.workbench.commits.sources import BrokenError, Source

PRECISE = 0.006
"""Half width of all intervals at which a session has seen enough. Precision, not a verdict, ends it: no peeking."""

WITHIN = 110.0
"""Default duration of a check, in seconds: the rest after compiling and counting goes to timing, within bounds."""
LEAST_SECONDS, MOST_SECONDS = 30.0, 75.0

ROUNDS = 16
_ROUND_SECONDS = 3.0
_LEAST_ROUNDS = 4

EXIT_CODES = {"passed": 0, "repaired": 0, "failed": 1, "incomplete": 4}
"""Outcome of a check to its exit code."""


@dataclass(frozen=True)
class Check:
    """The outcome of a check; ``head`` is None for the working tree.

    Without findings there was nothing to measure: no code changed that a variant runs. ``measured`` is the session of
    the timed variants, if BASE has any that runs. ``unseen`` are variants that the change reaches and that were not
    examined; ``unreached`` those that it does not reach. ``files`` are the files that differ; ``sources`` both sides,
    if both can be laid out.
    """

    base: Commit
    head: Commit | None
    same_code: bool = False
    findings: list[Finding] = field(default_factory=list)
    measured: Measured | None = None
    uncounted: str | None = None
    unseen: list[str] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    broken: str | None = None
    """Why HEAD does not run, where that is the fault of its own code."""
    sources: tuple[Source, Source] | None = None
    deciding: tuple[str, ...] = ()
    """The files and folders that decide whether code changed; none where all do."""

    @property
    def aside(self) -> bool:
        """Whether files differ, but none that could change a result."""
        return bool(self.files and self.deciding) and not any(
            file == name or file.startswith(f"{name}/") for file in self.files for name in self.deciding
        )

    @property
    def labels(self) -> tuple[str, str]:
        """BASE and HEAD for a person."""
        return label(self.base), label(self.head)

    @property
    def outcome(self) -> str:
        """``failed``: something is worse. ``incomplete``: nothing is, but something was not compared. ``repaired``:
        BASE was wrong, HEAD is right. ``passed``."""
        if self.broken is not None or any(finding.worse for finding in self.findings):
            return "failed"
        if self.unseen or any(finding.verdict == NOTHING for finding in self.findings):
            return "incomplete"
        return "repaired" if any(finding.verdict == REPAIRED for finding in self.findings) else "passed"

    @property
    def passed(self) -> bool:
        """Whether everything that changed was looked at, and nothing is worse."""
        return self.outcome in ("passed", "repaired")

    @property
    def samples(self) -> int:
        """Number of samples over all timed variants."""
        timed = self.measured.session.timed.values() if self.measured else ()
        return sum(len(session.samples) for session in timed)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "base": self.labels[0],
            "head": self.labels[1],
            "same_code": self.same_code,
            "outcome": self.outcome,
            "passed": self.passed,
            "not_looked_at": self.unseen,
            "not_reached": self.unreached,
            "files_changed": self.files,
            "broken": self.broken,
            "rounds": self.measured.session.rounds if self.measured else 0,
            "samples": self.samples,
            "instructions_not_counted": self.uncounted,
            "findings": [finding.as_json() for finding in self.findings],
        }


@dataclass(frozen=True)
class Settings:
    """The options of a check. ``feeds``: each a feed by itself; ``variants``: names as a user types them, None for
    those that follow from the change; ``seconds``: limit for timing, if it is ``timed``, by default the rest of
    ``WITHIN``; ``allowed``: the accepted rise of instructions per event; ``same`` permits both to be one commit."""

    feeds: Sequence[str]
    variants: str | None = None
    evaluate: str = "last"
    timed: bool = True
    seconds: float | None = None
    allowed: float = 0.005
    same: bool = False


def check(origin: Origin, base: str, head: str | None, settings: Settings) -> Check:
    """Compare commit ``base`` with ``head``, None for the working tree's files.

    A HEAD that does not run by the fault of its own code fails. Raises UsageError for what doesn't exist and for one
    commit twice, UnjudgedError where one of both cannot be measured for another reason, or neither can be built.
    """
    started = time.monotonic()
    repository = origin.repository
    first = repository.commit(base)
    second = None if head is None else repository.commit(head)
    if second is not None and second.hash == first.hash and not settings.same:
        raise UsageError(
            f"BASE and HEAD are both {first}: there is nothing to compare. Name another base, --worktree for "
            "uncommitted changes, or --same to let one commit pass"
        )
    before, after = origin.sources([first, second])
    found = Check(first, second, files=repository.changed(first, second), deciding=tuple(origin.deciding))
    for side in (after, before):
        if isinstance(side, BrokenError) and not side.own:
            raise UnjudgedError(f"nothing to compare: {side}")
    if isinstance(after, BrokenError):
        if isinstance(before, Source):
            # A BASE built on another day says nothing about today's machine.
            (before,) = origin.sources([first], anew=True)
        if isinstance(before, BrokenError):
            # If both fail, the cause may be this machine rather than a commit.
            raise UnjudgedError(f"nothing to compare: {after}\nand {before}")
        return replace(found, broken=str(after))
    if isinstance(before, Source):
        found = replace(found, sources=(before, after))
        if before.key == after.key:
            return replace(found, same_code=True)
    why = instructions.missing()
    if not settings.timed and why is not None:
        raise UnjudgedError(f"nothing to judge by without timing: {why}")
    try:
        return _measured(origin, before, after, settings, found, why, started)
    except BrokenError as error:
        if not error.own:
            raise UnjudgedError(f"nothing to compare: {error}") from error
        return replace(found, broken=str(error))


def _measured(
    origin: Origin,
    before: Source | BrokenError,
    after: Source,
    settings: Settings,
    found: Check,
    why: str | None,
    started: float,
) -> Check:
    new = origin.variants(after)
    old = origin.variants(before) if isinstance(before, Source) else new
    known = origin.ordered({*old, *new})
    if not known:
        raise UsageError(f"neither {' nor '.join(found.labels)} has a variant")
    touched = reached(origin, before, after) if isinstance(before, Source) else known
    asked = settings.variants
    if isinstance(before, Source) and not touched and asked is None and origin.fed_alike(before, after):
        return replace(found, same_code=True, unreached=known)
    # If only the delivery of records changed, any variant shows it.
    chosen = _ends(origin, touched or known, [one for one in (before, after) if isinstance(one, Source)])
    if asked is not None:
        chosen = named(asked, known)
    elif why is not None:
        # Without instruction counts only time can decide.
        chosen = touched or chosen
    fresh = [name for name in touched if name not in old]
    if asked is None and fresh and not after.engines:
        # A new variant has no earlier results to agree with.
        chosen = origin.ordered({*chosen, *fresh, *origin.ends(new)[:1]})
    beside = [name for name in touched if name not in chosen]
    unseen = [] if asked is None else beside
    counted = beside if asked is None else []
    unreached = [name for name in known if name not in touched and name not in chosen]

    each = min(_ROUND_SECONDS * len(settings.feeds), (settings.seconds or LEAST_SECONDS) / _LEAST_ROUNDS)
    design = design_of(ROUNDS if settings.timed else 0, each)
    # Equal instruction counts imply equal use of every mechanism, so no mechanisms have to be counted.
    still = instructions.run_here() and not after.engines
    request = Request(
        as_files(settings.feeds),
        chosen,
        design,
        why is None,
        counters=why is not None,
        pinned=still and not settings.timed,
        evaluate=settings.evaluate,
    )
    quiet = replace(request, variants=counted, design=replace(design, processes=0), pinned=still)
    pair = Pair(before, after, (origin.ends(new) or chosen)[0], settings.allowed, origin.ends(new))
    pair.prepare(request, quiet)
    measured, findings = pair.compare(request, _patience(started, settings.seconds))
    if measured is not None and measured.uncounted:
        why = "; ".join(measured.uncounted.values())
        if not settings.timed:
            raise UnjudgedError(f"nothing to judge by without timing: {why}")
    absent = [name for name in chosen if name not in {one.variant for one in findings}]
    if asked is not None and absent:
        raise UsageError(f"neither commit has the variant {', '.join(absent)}")
    # Without instruction counts only time can decide, for these variants too.
    findings += pair.compare(replace(quiet, design=design if why else quiet.design), mechanisms=False)[1]
    if not findings:
        raise UnjudgedError(f"neither commit has any of the variants {', '.join([*chosen, *counted])}")
    return replace(found, findings=findings, measured=measured, uncounted=why, unseen=unseen, unreached=unreached)


def _ends(origin: Origin, names: Sequence[str], sources: Sequence[Source]) -> list[str]:
    """The lowest and the highest of some variants, or one of them where both names are those of one kernel; all of them
    where none has a place on the ladder."""
    ends = origin.ends(names) or list(names)
    same = (not source.engines and len({origin.identity(source, name) for name in ends}) == 1 for source in sources)
    return ends[-1:] if all(same) else ends


def _patience(started: float, seconds: float | None) -> Callable[[CommitSession], bool]:
    """Whether a session has seen enough, by its precision and by the clock."""
    began: list[float] = []

    def enough(session: CommitSession) -> bool:
        if len(session.sources) < 2:
            return True  # one of the two failed: do not wait for it
        # The first call comes after the third round, when the whole cost of a round is known.
        began.append(time.monotonic())
        if len(began) > 1:
            each = (began[-1] - began[0]) / (len(began) - 1)
            rest = WITHIN - (began[0] - 3 * each - started)
            left = min(MOST_SECONDS, max(LEAST_SECONDS, rest))
            if each * (session.rounds + 1) > (seconds or left):
                return True
        return precise(session, PRECISE)

    return enough
