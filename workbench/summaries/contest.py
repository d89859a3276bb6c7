"""Callables or commands, compared with the first of them in one session."""

from __future__ import annotations

from collections.abc import Iterator

from lobench.workbench.console import duration
from lobench.workbench.results.model.analysis import Comparison
from lobench.workbench.results.model.contest import Contest, Subject
from lobench.workbench.results.model.control import again
from lobench.workbench.results.model.verdict import NO_DIFFERENCE, SHOWN, SLOWER, THIS_BUILD
from lobench.workbench.results.numbers import ends, estimate
from lobench.workbench.results.refuted import refused
from lobench.workbench.summaries import phrases
from lobench.workbench.summaries.model import Fact, Summary, Table


def summary(contest: Contest, ok: bool, command: str) -> Summary:
    """A comparison's summary."""
    pairs = [_verdict(pair, contest.clock) for pair in contest.comparisons]
    refusals = [f"{name} is refused" for name in refused(contest)]
    return Summary(
        verb="cmp",
        title=contest.title,
        verdict="; ".join([*refusals, *pairs]) or "nothing was measured",
        ok=ok,
        command=command,
        tables=[_table(contest)] if pairs else [],
        facts=[*_facts(contest), *_noise(contest)],
    )


def _verdict(pair: Comparison, clock: str) -> str:
    said = f"{NO_DIFFERENCE} between {pair.base} and {pair.variant}"
    if pair.verdict in SHOWN:
        said = f"{pair.variant} is {pair.verdict} than {pair.base}"
    if pair.note:
        said = f"none: {pair.note}"
    return f"{said}: {phrases.ratio(pair.ratio)}, {'CPU' if clock == 'cpu_ns' else 'wall'} time"


def _table(contest: Contest) -> Table:
    each = "call" if contest.kind == "callables" else "run"
    over = f"over {contest.subjects[0].name}"
    headings = (contest.kind, f"CPU time of a {each}", "wall time", over, "95 % interval", "verdict")
    pairs = {pair.variant: pair for pair in contest.comparisons}
    rows = [_cells(subject, pairs.get(subject.name)) for subject in contest.subjects if subject.agrees]
    return Table(headings, rows, title=contest.title, words=(0, len(headings) - 1))


def _cells(subject: Subject, pair: Comparison | None) -> list[str]:
    assert subject.cpu_seconds is not None
    assert subject.wall_seconds is not None
    times = [duration(interval.value) for interval in (subject.cpu_seconds, subject.wall_seconds)]
    if pair is None:
        return [subject.name, *times, "1", "", ""]
    return [subject.name, *times, estimate(pair.ratio, "x"), ends(pair.ratio), pair.words]


def _facts(contest: Contest) -> Iterator[Fact]:
    for name, reason in refused(contest).items():
        yield "REFUSED", f"{name} {reason}; no figures"
    for subject in contest.subjects:
        if subject.note:
            yield "note", f"{subject.name} {subject.note}"
    if any(pair.of_build for pair in contest.comparisons):
        yield THIS_BUILD, phrases.OF_BUILD
    for pair in contest.comparisons:
        if pair.regression or (pair.verdict == SLOWER and pair.tolerance):
            beyond = "beyond" if pair.regression else "not certainly beyond"
            yield "tolerance", f"{pair.variant} is {beyond} the accepted {pair.tolerance:.3%}"


def _noise(contest: Contest) -> Iterator[Fact]:
    noise, session = contest.noise, contest.session
    if noise is None or session is None:
        return
    agreeing = sum(subject.agrees for subject in contest.subjects)
    yield "agreement", f"{agreeing} of {len(contest.subjects)} agree, at the start and the end of every process"
    for number, control in enumerate(noise.controls):
        pair = f"{control.of} against {'itself' if control.variant == again(control.of) else control.variant}"
        yield "" if number else "noise floor", f"{control.floor:.2%} ({pair}, in the same session)"
    yield from phrases.error_rate(noise, contest.kind)
    yield "resolution", f"differences of {contest.detectable:.2%} are detected with {noise.mde.power:.0%} probability"
    flagged, calls = noise.contaminated, session.design.slice_records - session.design.lead_in_records
    said = f"{flagged.of:,} of {calls:,} calls in {session.samples.processes} processes"
    yield "samples", f"{said}, {flagged.samples:,} of them disturbed"
    yield from phrases.cautions(session)
    yield from phrases.precision(session, (pair.ratio for pair in contest.comparisons))
