"""Callables or commands side by side: the time of a call of each, their comparison, and the session's own error."""

from __future__ import annotations

from lobench.reports.blocks import Block, Cell, Section, Table, Text, words
from lobench.reports.numbers import TIMES, counted, listed, spelled
from lobench.reports.sections.noise import table_of
from lobench.reports.sections.shared import figure, verdict
from lobench.workbench.console import duration
from lobench.workbench.results.caution import caution
from lobench.workbench.results.model.analysis import Comparison
from lobench.workbench.results.model.contest import Contest, Subject
from lobench.workbench.results.model.document import Result
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.samples import SessionResult
from lobench.workbench.results.model.verdict import NO_DIFFERENCE
from lobench.workbench.results.refuted import refused

CLOCKS = {"cpu_ns": "CPU time of all threads", "wall_ns": "wall time"}


def section(document: Result) -> Section | None:
    """None for a result that is not of callables or commands."""
    contest = document.contest
    return Section("contest", contest.kind.capitalize(), _blocks(contest)) if contest else None


def noise_section(document: Result) -> Section | None:
    """None if nothing was measured."""
    contest = document.contest
    if contest is None or contest.noise is None or contest.session is None:
        return None
    about = (
        f"{contest.subjects[0].name} took part twice. The measured difference between these identical things is the "
        f"error; a difference that does not exceed it is called “{NO_DIFFERENCE}”. Figures are of "
        f"{CLOCKS[contest.clock]}."
    )
    return Section("noise", "Noise", [Text(about), table_of(contest.noise), Text(_measured(contest.session))])


def answer(contest: Contest) -> str:
    """The finding, as a clause."""
    wrong = list(refused(contest))
    parts = [_said(pair) for pair in contest.comparisons]
    if wrong:
        parts.append(f"{listed(wrong)} {'does' if len(wrong) == 1 else 'do'} something else, so no figure is shown")
    return "; ".join(parts) or f"Nothing was measured for {contest.title}"


def warnings(contest: Contest) -> list[str]:
    """Warnings to read before the figures."""
    found = [f"{name} {reason}: refused, and listed without figures." for name, reason in refused(contest).items()]
    found += [f"{subject.name} {subject.note}." for subject in contest.subjects if subject.note]
    few = caution(contest.session) if contest.session and contest.noise else None
    return found + ([f"{contest.title} was {few}."] if few else [])


def _said(pair: Comparison) -> str:
    if pair.note:
        return f"No verdict: {pair.note}"
    if pair.verdict == NO_DIFFERENCE:
        return f"{pair.variant} shows no difference in speed from {pair.base}: {spelled(pair.ratio, TIMES)}"
    return f"{pair.variant} is {spelled(pair.ratio, TIMES)} as fast as {pair.base}"


def _blocks(contest: Contest) -> list[Block]:
    pairs = {pair.variant: pair for pair in contest.comparisons}
    one, first = "call" if contest.kind == "callables" else "run", contest.subjects[0].name
    corrected = "; p-values with Holm's correction" if len(pairs) > 1 else ""
    table = Table(
        f"{contest.kind.capitalize()} side by side, verdicts by {CLOCKS[contest.clock]}; 95 % intervals{corrected}",
        [contest.kind[:-1], f"CPU time of a {one}", "wall time", f"over {first}", "in wall time", "verdict"],
        [_row(subject, pairs.get(subject.name)) for subject in contest.subjects],
        words=frozenset({0, 5}),
    )
    return [table, Text(rules(contest))]


def rules(contest: Contest) -> str:
    """The rules by which they were compared."""
    if contest.kind == "commands":
        how = f"judged by “{contest.check}”" if contest.check else "exit code and output must equal the first one's"
        return f"Commands run {'in a shell' if contest.shell else 'without a shell'}; {how}."
    ways = {"fresh": "made fresh for each call", "copy": "a copy for each call", "same": "the same for all calls"}
    given = "no arguments"
    if contest.setup and contest.reset:
        given = f"arguments from {contest.setup}, {ways[contest.reset]}"
    equal = f"{contest.same} compares results" if contest.same else "results are compared by the rules of numpy.testing"
    return f"Called with {given}; {equal}, at the start and the end of every process."


def _row(subject: Subject, pair: Comparison | None) -> list[Cell]:
    if not subject.agrees:
        return [*words(subject.name, "", "", "", ""), Cell("refused", subject.reason or "", "bad")]
    cells = [Cell(subject.name, subject.note or ""), _time(subject.cpu_seconds), _time(subject.wall_seconds)]
    if pair is None:
        return [*cells, Cell(""), Cell(""), Cell("")]
    return [
        *cells,
        figure(pair.ratio, TIMES),
        figure(pair.ratio_wall, TIMES),
        verdict(pair.words, None if pair.note else pair.p_holm, pair.verdict),
    ]


def _time(seconds: Interval | None) -> Cell:
    if seconds is None:
        return Cell("")
    return Cell(duration(seconds.value), f"{duration(seconds.low)}\u00a0to\u00a0{duration(seconds.high)}")


def _measured(session: SessionResult) -> str:
    """How the session was done."""
    design = session.design
    samples = session.samples
    calls = counted(design.slice_records - design.lead_in_records, "call")
    return (
        f"Measured: {len(samples.rows):,} samples of {calls} each, in {counted(samples.passes, 'round')} of all in "
        f"random order, in {counted(samples.processes, 'process', 'processes')}; seed {design.seed}."
    )
