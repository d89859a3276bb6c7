"""The ladder: every rung's throughput and step, against the step's prediction and the machine's limits."""

from __future__ import annotations

from lobench.reports.blocks import Block, Cell, Section, Table, Text
from lobench.reports.charts.ladder import ladder_chart
from lobench.reports.charts.steps import steps_chart
from lobench.reports.numbers import MILLION, TIMES, between, estimate, limits, listed, spelled
from lobench.reports.result_view import ResultView
from lobench.reports.sections.shared import SCORES, TONES, beside, figure, missing, session_line, verdict
from lobench.workbench.results.model.analysis import Rung


def section(view: ResultView) -> Section:
    blocks: list[Block] = []
    chart = ladder_chart(view)
    if chart is None:
        blocks.append(missing("No throughput was measured on this feed.", view.run()))
    else:
        blocks += [chart, _table(view), *_biased(view), *_tuned(view), *_left_out(view), *_limits(view)]
        steps = steps_chart(view)
        if steps is not None:
            blocks.append(steps)
    if view.bottleneck:
        blocks.append(Text(f"{view.bottleneck} See Profiles."))
    title = f"The ladder: {view.ladder_name}" if view.document.ladder else "The ladder"
    return Section("ladder", title, blocks)


def _table(view: ResultView) -> Table:
    rungs = view.ladder
    extent = "the whole pipeline" if view.whole else f"the pipeline until {view.document.until}"
    headings = [
        "variant",
        "M events/s",
        "step",
        "predicted",
        "score",
        "verdict on the step",
        "step, wall clock",
        "in total",
    ]
    rows = [
        [
            Cell(rung.variant, _place(view, rung)),
            figure(rung.events_per_second.scaled(MILLION)),
            beside(figure(rung.step, TIMES), rung.step_alone),
            _predicted(rung),
            Cell(SCORES.get(rung.score or "", "")),
            verdict(rung.step_words, rung.step_p_holm, rung.step_verdict),
            figure(rung.step_wall, TIMES),
            _total(rung, view.reference),
        ]
        for rung in rungs
    ]
    return Table(
        f"CPU time of one worker, {extent}; 95 % intervals; p-values with Holm's correction",
        headings,
        rows,
        words=frozenset({0, 3, 4, 5}),
    )


def _place(view: ResultView, rung: Rung) -> str:
    """The title of a step, or the base of a variant beside the ladder."""
    if rung.phase is not None:
        return view.titles.get(rung.variant, "")
    return f"against {rung.base}" if rung.base else ""


def _predicted(rung: Rung) -> Cell:
    prediction = rung.prediction
    if not prediction:
        return Cell("")
    return Cell(between(prediction.low, prediction.high, TIMES), prediction.bottleneck)


def _total(rung: Rung, reference: str) -> Cell:
    total = rung.total
    if not total:
        return Cell(f"1{TIMES}" if rung.variant == reference else "")
    cell = Cell(estimate(total, TIMES), limits(total), TONES.get(rung.total_verdict or "", ""))
    return beside(cell, rung.total_alone)


def _biased(view: ResultView) -> list[Block]:
    """The variants that are slower or faster in lock-step than alone."""
    found = [f"{rung.variant} {spelled(rung.bias, TIMES)}" for rung in view.ladder if rung.bias]
    if not found:
        return []
    text = (
        f"Side by side, these take a different time than alone: {listed(found)} as long. If this affects a figure, the "
        "figure for each variant alone is given beside it."
    )
    return [Text(text, mark="warning")]


def _tuned(view: ResultView) -> list[Block]:
    tuning = view.feed.tuning
    if not tuning:
        return []
    chosen = ", ".join(f"{name} {value}" for name, value in tuning.parameters.items())
    doubt = "" if tuning.confirmed else ", never confirmed"
    return [Text(f"Variants with fitted parameters used those of {tuning.profile}{doubt}: {chosen}.")]


def _left_out(view: ResultView) -> list[Block]:
    if not view.refuted:
        return []
    names = listed(list(view.refuted))
    return [Text(f"Left out, with all figures: {names}; see Verification.", mark="warning")]


def _limits(view: ResultView) -> list[Block]:
    found = view.analysis.limits if view.analysis else None
    if not found:
        return [missing("The machine's limits (sequential read, random access) were not measured.", view.run())]
    rows = [[Cell(row.name), figure(row.events_per_second.scaled(MILLION)), Cell(row.text)] for row in found]
    table = Table(
        "Limits of this machine, measured in the same session",
        ["limit", "M events/s", "meaning"],
        rows,
        words=frozenset({0, 2}),
        compact=True,
    )
    return [table, Text(f"Measured: {session_line(view.feed.session)}")] if view.feed.session else [table]
