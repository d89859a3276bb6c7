"""Two commits, compared by the gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lobench.workbench.commits.findings import NOTHING, REPAIRED, Finding
from lobench.workbench.commits.gate import Check
from lobench.workbench.commits.measuring import INSTRUCTIONS
from lobench.workbench.summaries.model import Case, Fact, Place, Summary, Table

_HEADINGS = ("variant", "time", "95 % interval", "noise floor", "instructions", "verdict")

_POWERFUL = 1 + 0.842 / 1.960
"""Times the half width of an interval, beyond the noise floor: of effects so large 80 % are found (normal
distribution)."""


def summary(result: Check, command: str, places: Sequence[Place] = ()) -> Summary:
    """What a check says; ``places``: the source lines that cost more."""
    return Summary(
        verb="check",
        title=f"{result.head.label} against {result.base.label}",
        verdict=_verdict(result),
        ok=result.passed,
        command=command,
        about=[("base", result.base.label), ("head", result.head.label)],
        tables=list(_tables(result.findings)),
        facts=list(_facts(result)),
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
        "" if ratio is None else f"{ratio.value - 1:+.2%}",
        "" if ratio is None else f"{ratio.low - 1:+.2%} to {ratio.high - 1:+.2%}",
        "" if finding.floor is None else f"{finding.floor:.2%}",
        "" if finding.instructions is None else f"{finding.instructions:+.2%}",
        finding.verdict,
    ]


def _counters(findings: Sequence[Finding]) -> Iterator[str]:
    """What changed of what mechanisms do."""
    for one in findings:
        moved = {name: pair for name, pair in one.moved.items() if name != INSTRUCTIONS}
        if moved:
            told = ", ".join(f"{name} {_amount(before)} to {_amount(after)}" for name, (before, after) in moved.items())
            yield f"{one.variant}: {told} an event"


def _amount(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"


def _facts(result: Check) -> Iterator[Fact]:
    for text in dict.fromkeys(f"{one.variant}: {one.difference}" for one in result.findings if one.difference):
        yield "difference", text
    for text in dict.fromkeys(_counters(result.findings)):
        yield "counters", text
    if result.uncounted:
        yield "instructions", f"not counted: {result.uncounted}"
    if result.measured is not None and result.measured.session.rounds:
        session = result.measured.session
        yield "session", f"{session.rounds} rounds, {len(session.samples):,} samples, CPU time, in turns"
        widths = [(one.floor, one.ratio.high - one.ratio.low) for one in result.findings if one.ratio and one.floor]
        found = [floor + _POWERFUL * width / 2 for floor, width in widths]
        if found:
            yield "resolution", f"differences in time of {max(found):.2%} are found with 80% probability"
    if result.unseen:
        names = " ".join(result.unseen)
        remedy = f"look at them with --variants '{names}', or leave out --variants"
        yield "not looked at", f"{names}: the change reaches them; {remedy}"


def _verdict(result: Check) -> str:
    """The check in one line."""

    def told(verdicts: Callable[[Finding], bool]) -> str:
        return ", ".join(dict.fromkeys(f"{one.variant} ({one.verdict})" for one in result.findings if verdicts(one)))

    if not result.findings:
        return "PASSED: both have the same engine, variants and pinned packages; there is nothing to measure"
    if result.outcome == "failed":
        return f"FAILED: {told(lambda one: one.worse)}"
    if result.outcome == "incomplete":
        blank = told(lambda one: one.verdict == NOTHING)
        unseen = f"not looked at: {', '.join(result.unseen)}" if result.unseen else ""
        return f"INCOMPLETE, no pass: {'; '.join(filter(None, [unseen, blank]))}"
    rest = "same results, nothing slower beyond the noise floor, no more work"
    if result.outcome == "repaired":
        repaired = told(lambda one: one.verdict == REPAIRED)
        others = f"; of the others: {rest}" if any(one.verdict != REPAIRED for one in result.findings) else ""
        return f"PASSED, a repair: {repaired}. BASE was wrong, HEAD runs and agrees with its reference{others}"
    return f"PASSED: {rest}"


def _cases(result: Check) -> Iterator[Case]:
    for one in result.findings:
        shown = zip(_HEADINGS, _cells(one), strict=True)
        told = "; ".join(f"{heading} {cell}" for heading, cell in shown if cell)
        bad = one.worse or one.verdict == NOTHING
        problem = "\n".join(filter(None, [told, one.difference])) if bad else None
        yield Case(one.feed, one.variant, one.verdict, problem)
    for name in result.unseen:
        yield Case("all feeds", name, "not looked at", "the change reaches it, and it was not looked at")
    if not result.findings:
        yield Case("all feeds", "nothing to measure")
