"""Predicted against measured: the gain of every step beside the plan's prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from lobench.reports.blocks import Chart, Table, words
from lobench.reports.charts.marks import Mark, cut, intervals, line_at, predictions
from lobench.reports.charts.theme import FIGURES, MUTED, data, figures, finish, labels, log_axis, plot_width, rows_of
from lobench.reports.numbers import TIMES, between, estimate, limits, spelled
from lobench.reports.result_view import ResultView
from lobench.workbench.results.model.analysis import Rung
from lobench.workbench.results.model.intervals import Interval


def steps_chart(view: ResultView) -> Chart | None:
    """None if no step was measured."""
    steps = [(rung, rung.step) for rung in view.ladder if rung.step]
    if not steps:
        return None
    table = Table(
        "Data of the chart",
        ["variant", "step", "95 % interval", "predicted"],
        [
            words(rung.variant, estimate(step, TIMES), limits(step), _predicted(rung))
            for rung, step in steps
        ],
    )  # fmt: skip
    said = "; ".join(f"{rung.variant} {spelled(step, TIMES)}{_against(rung)}" for rung, step in steps)
    return Chart(
        "steps",
        f"Steps, predicted and measured, on {view.name}",
        said,
        table,
        lambda width: _draw(width, view, steps),
    )


def _predicted(rung: Rung) -> str:
    return between(rung.prediction.low, rung.prediction.high, TIMES) if rung.prediction else ""


def _against(rung: Rung) -> str:
    return f", predicted {_predicted(rung)}" if rung.prediction else ""


def _draw(width: int, view: ResultView, steps: Sequence[tuple[Rung, Interval]]) -> Any:
    names = labels([rung.variant for rung, _ in steps])
    marks = [
        Mark(
            label=name,
            interval=step,
            text=estimate(step, TIMES),
            tip=f"{rung.variant}: {spelled(step, TIMES)}{_against(rung)}",
            predicted=(rung.prediction.low, rung.prediction.high) if rung.prediction else None,
        )
        for (rung, step), name in zip(steps, names, strict=True)
    ]
    marks, wider = cut(marks)
    ends = [1.0, *(value for mark in marks for value in mark.ends if value)]
    room = plot_width(width, names, FIGURES)
    low = min(ends) / 1.12
    high = max(ends) * 1.12
    x = log_axis("speed-up over the step below", low, high, room)
    base = alt.Chart(data([mark.fields() for mark in marks])).encode(y=rows_of(names))
    layers = [line_at(1.0, x), *predictions(marks, names, x), *intervals(base, x), figures(base, room)]
    floor = view.noise.floor if view.noise else None
    notes = f"Dot and bar: measured, with its 95 % interval.{wider} Orange: predicted. Line at 1: no gain."
    if floor and floor < 1:
        band = alt.Chart(data([{"from": 1 - floor, "to": 1 + floor}]))
        layers.insert(0, band.mark_rect(color=MUTED, opacity=0.18).encode(x=x("from"), x2="to:Q"))
        notes += " Grey: the noise floor."
    chart = alt.layer(*layers).properties(width=room, height=alt.Step(30))
    return finish(chart, width, "Gain of each step, measured and predicted", notes)
