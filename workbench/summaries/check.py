"""Two commits, compared by the gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lobench.workbench.commits.findings import NOTHING, REPAIRED, Finding
from lobench.workbench.commits.gate import Check
from lobench.workbench.commits.measuring import INSTRUCTIONS
from lobench.workbench.history.told import essence
from lobench.workbench.results.numbers import ends, estimate
from lobench.workbench.summaries.model import Case, Detail, Fact, Place, Summary, Table

_HEADINGS = ("variant", "speed", "95 % interval", "noise floor", "instructions", "verdict")

_POWERFUL = 1 + 0.842 / 1.960
"""Times the half width of an interval, beyond the noise floor: of effects so large 80 % are found (normal
distribution)."""

_FILES = 6
"""Number of files to list."""


def summary(result: Check, command: str, places: Sequence[Place] = ()) -> Summary:
    """A check's summary; ``places``: the source lines that cost more."""
    base, head = result.labels
    return Summary(
        verb="check",
        title=f"{head} against {base}",
        verdict=_verdict(result),
        ok=result.passed,
        command=command,
        about=[("base", base), ("head", head)],
        tables=list(_tables(result.findings)),
        facts=list(_facts(result)),
        details=[] if result.broken is None else [Detail("HEAD does not run", result.broken.splitlines())],
        places=places,
        cases=list(_cases(result)),
    )


def _tables(findings: Sequence[Finding]) -> Iterator[Table]:
    """One for each feed."""
    for feed in dict.fromkeys(one.feed for one in findings):
        rows = [_cells(one) for one in findings if one.feed == feed]
        yield Table(_HEADINGS, rows, title=feed, words=(0, len(_HEADINGS) - 1))


def _cells(finding: Finding) -> list[str]:
    ratio = finding.ratio
    return [
        finding.variant,
        "" if ratio is None else estimate(ratio, "x"),
        "" if ratio is None else ends(ratio),
        "" if finding.floor is None else f"{finding.floor:.2%}",
        "" if finding.instructions is None else f"{finding.instructions:+.2%}",
        finding.words,
    ]


def _moved(findings: Sequence[Finding]) -> Iterator[Fact]:
    """The changes of mechanism counters, and of the cost of each kind of action."""
    for one in findings:
        moved = {name: pair for name, pair in one.moved.items() if not name.startswith(INSTRUCTIONS)}
        told = ", ".join(f"{name} {_amount(before)} to {_amount(after)}" for name, (before, after) in moved.items())
        if told:
            yield "counters", f"{one.variant}: {told} per event"
        if one.actions:
            told = ", ".join(f"{action} {change:+.1%}" for action, change in one.actions.items())
            yield "actions", f"{one.variant}: instructions of {told}"


def _amount(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"


def _facts(result: Check) -> Iterator[Fact]:
    for text in dict.fromkeys(f"{one.variant}: {one.difference}" for one in result.findings if one.difference):
        yield "difference", text
    yield from dict.fromkeys(_moved(result.findings))
    if result.files and (result.outcome == "failed" or result.aside):
        yield "files changed", f"{', '.join(result.files[:_FILES])}{' …' if len(result.files) > _FILES else ''}"
    if result.uncounted:
        yield "instructions", f"not counted: {result.uncounted}"
    if result.measured is not None and result.measured.session.rounds:
        rounds = result.measured.session.rounds
        yield "session", f"{rounds} rounds, {result.samples:,} samples, CPU time, in turns"
        widths = [(one.floor, one.ratio.high - one.ratio.low) for one in result.findings if one.ratio and one.floor]
        found = [floor + _POWERFUL * width / 2 for floor, width in widths]
        if found:
            yield "resolution", f"differences in time of {max(found):.2%} are detected with 80% probability"
    if result.unreached:
        yield "not reached", f"{' '.join(result.unreached)}: the same code in both, nothing to measure"
    if result.unseen:
        names = " ".join(result.unseen)
        remedy = f"name them with --variants '{names}', or leave out --variants"
        yield "not looked at", f"{names}: the change reaches them; {remedy}"


def _verdict(result: Check) -> str:
    """The check in one line."""

    def told(verdicts: Callable[[Finding], bool]) -> str:
        return ", ".join(dict.fromkeys(f"{one.variant} ({one.words})" for one in result.findings if verdicts(one)))

    if result.broken is not None:
        return f"FAILED: HEAD does not run: {essence(result.broken)}"
    if result.outcome == "failed":
        return f"FAILED: {told(lambda one: one.worse)}"
    if result.outcome == "incomplete":
        blank = told(lambda one: one.verdict == NOTHING)
        unseen = f"not looked at: {', '.join(result.unseen)}" if result.unseen else ""
        return f"INCOMPLETE, no verdict: {'; '.join(filter(None, [unseen, blank]))}"
    if result.same_code and result.aside:
        return f"PASSED: nothing among {', '.join(result.deciding)} changed; nothing to measure"
    if result.same_code and result.unreached:
        return "PASSED: what is measured of the variants is the same code in both; nothing to measure"
    if result.same_code:
        return "PASSED: both are the same code apart from comments and layout; nothing to measure"
    rest = "same results, nothing slower beyond the noise floor, no more work"
    if result.outcome == "repaired":
        repaired = told(lambda one: one.verdict == REPAIRED)
        others = f"; the others: {rest}" if any(one.verdict != REPAIRED for one in result.findings) else ""
        return f"PASSED, a repair: {repaired}. BASE was wrong, HEAD runs and agrees with its reference{others}"
    return f"PASSED: {rest}"


def _cases(result: Check) -> Iterator[Case]:
    if result.broken is not None:
        yield Case("all feeds", "HEAD", "does not run", result.broken)
    for one in result.findings:
        shown = zip(_HEADINGS, _cells(one), strict=True)
        told = "; ".join(f"{heading} {cell}" for heading, cell in shown if cell)
        bad = one.worse or one.verdict == NOTHING
        problem = "\n".join(filter(None, [told, one.difference])) if bad else None
        yield Case(one.feed, one.variant, one.verdict, problem)
    for name in result.unseen:
        yield Case("all feeds", name, "not looked at", "the change reaches it, but it was not looked at")
    if result.same_code:
        yield Case("all feeds", "nothing to measure")
