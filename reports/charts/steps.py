"""Predicted against measured: the gain of every step beside the plan's prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import altair as alt

from lobench.reports.blocks import Chart, Table, words
from lobench.reports.charts.theme import (
    BLUE,
    FIGURES,
    MUTED,
    ORANGE,
    data,
    figures,
    finish,
    labels,
    log_axis,
    plot_width,
    rows_of,
    tip,
)
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
    rows: list[dict[str, Any]] = []
    for (rung, step), name in zip(steps, names, strict=True):
        said = f"{rung.variant}: {spelled(step, TIMES)}{_against(rung)}"
        row = {"label": name, **asdict(step), "text": estimate(step, TIMES), "tip": said}
        if rung.prediction:
            row |= {"from": rung.prediction.low, "to": rung.prediction.high}
        rows.append(row)
    ends = [
        1.0,
        *(value for row in rows for value in (row["low"], row["high"], row.get("from"), row.get("to")) if value),
    ]
    room = plot_width(width, names, FIGURES)
    low = min(ends) / 1.12
    high = max(ends) * 1.12
    x = log_axis("speed-up over the step below", low, high, room)
    predicted = [row for row in rows if "from" in row]
    base = alt.Chart(data(rows)).encode(y=rows_of(names))
    layers = [
        alt.Chart(data([{"at": 1.0}])).mark_rule(color=MUTED, strokeWidth=1).encode(x=x("at")),
        alt.Chart(data(predicted))
        .mark_bar(
            color=ORANGE, fillOpacity=0.3, stroke=ORANGE, strokeWidth=1, height={"band": 0.7}, cornerRadius=1, aria=True
        )
        .encode(y=rows_of(names), x=x("from"), x2="to:Q", description=tip()),
        # A prediction of a single figure has no width: draw a stroke.
        alt.Chart(data([row for row in predicted if row["from"] == row["to"]]))
        .mark_tick(color=ORANGE, thickness=4, height={"band": 0.7}, aria=True)
        .encode(y=rows_of(names), x=x("from"), description=tip()),
        base.mark_rule(color=BLUE, strokeWidth=3).encode(x=x("low"), x2="high:Q"),
        base.mark_point(color=BLUE, filled=True, size=70, opacity=1, aria=True).encode(x=x("value"), description=tip()),
        figures(base, room),
    ]
    floor = view.noise.floor if view.noise else None
    notes = "Dot and bar: measured, with its 95 % interval. Orange: predicted. Line at 1: no gain."
    if floor and floor < 1:
        band = alt.Chart(data([{"from": 1 - floor, "to": 1 + floor}]))
        layers.insert(0, band.mark_rect(color=MUTED, opacity=0.18).encode(x=x("from"), x2="to:Q"))
        notes += " Grey: the noise floor."
    chart = alt.layer(*layers).properties(width=room, height=alt.Step(30))
    return finish(chart, width, "Gain of each step, measured and predicted", notes)
