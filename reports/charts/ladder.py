"""The ladder: throughput of every rung with its interval, its prediction, and the machine's limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from lobench.reports.blocks import Chart, Table, words
from lobench.reports.charts.marks import Mark, cut, intervals, predictions
from lobench.reports.charts.theme import FIGURES, MUTED, data, figures, finish, labels, log_axis, plot_width, rows_of
from lobench.reports.numbers import MILLION, TIMES, between, estimate, listed, significant, spelled
from lobench.reports.result_view import ResultView
from lobench.workbench.results.model.analysis import Limit, Rung


def ladder_chart(view: ResultView) -> Chart | None:
    """None where nothing was measured."""
    rungs = view.ladder
    if not rungs:
        return None
    marks, shown = _marks(view), (view.analysis.limits if view.analysis else None) or ()
    table = Table(
        "Data of the chart",
        ["variant or limit", "M events/s", "95 % interval", "predicted for the step, M events/s"],
        [
            words(rung.variant, significant(mark.interval.value),
                  f"{significant(mark.interval.low)} to {significant(mark.interval.high)}",
                  " to ".join(map(significant, mark.predicted or ())))
            for rung, mark in zip(rungs, marks, strict=True)
        ]
        + [words(limit.name, estimate(limit.events_per_second.scaled(MILLION)), "", "") for limit in shown],
    )  # fmt: skip
    said = "; ".join(f"{rung.variant} {spelled(rung.events_per_second.scaled(MILLION))} M events/s" for rung in rungs)
    return Chart("ladder", f"The ladder on {view.name}", said, table, lambda width: _draw(width, view, marks, shown))


def _marks(view: ResultView) -> list[Mark]:
    """Per rung, in millions of events per second: its throughput and the plan's prediction on top of the rung below."""
    throughput = {rung.variant: rung.events_per_second.value for rung in view.ladder}
    marks = []
    for rung, label in zip(view.ladder, labels([rung.variant for rung in view.ladder]), strict=True):
        speed = rung.events_per_second.scaled(MILLION)
        base = throughput.get(rung.base or "", 0.0) * MILLION
        promise = rung.prediction
        predicted = (base * promise.low, base * promise.high) if promise and base else None
        marks.append(
            Mark(
                label=label,
                interval=speed,
                text=estimate(speed),
                tip=f"{rung.variant}: {spelled(speed)} M events/s",
                predicted=predicted,
                promise=_promise(rung) if predicted else "",
            )
        )
    return marks


def _draw(width: int, view: ResultView, marks: Sequence[Mark], limits: Sequence[Limit]) -> Any:
    marks, wider = cut(marks)
    names = [mark.label for mark in marks]
    lines = [
        Mark(label=limit.name, interval=speed, at=speed.value)
        for limit in limits
        for speed in [limit.events_per_second.scaled(MILLION)]
    ]
    ends = [value for mark in marks for value in mark.ends if value]
    room = plot_width(width, names, FIGURES)
    low = min(ends) * 0.85
    high = max(ends) * 1.12
    # A limit far above the variants would squeeze them together.
    beyond = [line for line in lines if not low <= line.at <= high]
    lines = [line for line in lines if low <= line.at <= high]
    x = log_axis("M events/s, one worker", low, high, room)
    base = alt.Chart(data([mark.fields() for mark in marks])).encode(y=rows_of(names))
    layers = [*predictions(marks, names, x), *intervals(base, x), figures(base, room)]
    notes = [f"Dot and bar: measured, with its 95 % interval.{wider}"]
    if any(mark.predicted for mark in marks):
        notes.append("Orange: the plan's prediction for this step, on top of the measured rung below.")
    if beyond:
        named = listed([f"{line.label} {significant(line.at)}" for line in beyond])
        notes.append(f"Beyond the axis: this machine's limits, {named} M events/s.")
    if lines:
        notes.append("Dashed: this machine's limits.")
        rules = alt.Chart(data([line.fields() for line in lines]))
        layers.append(rules.mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x=x("at")))
        for index, line in enumerate(sorted(lines, key=lambda line: line.at)):
            # Two limits may be close: each label has its own height, inside the plot.
            layers.append(
                alt.Chart(data([line.fields()]))
                .mark_text(align="right", dx=-4, dy=4, color=MUTED, fontSize=11, baseline="top")
                .encode(x=x("at"), y=alt.value(-4 - 14 * (len(lines) - index)), text="label:N")
            )
    chart = alt.layer(*layers).properties(width=room, height=alt.Step(30))
    return finish(chart, width, f"Throughput of each variant, {_short(view.name)}", " ".join(notes))


def _promise(rung: Rung) -> str:
    promise = rung.prediction
    predicted = between(promise.low, promise.high, TIMES) if promise else ""
    return f"{rung.variant}: predicted {predicted} as fast as {rung.base}"


def _short(name: str) -> str:
    return labels([name])[0] if len(name) > 60 else name
