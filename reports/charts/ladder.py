"""The ladder: throughput of every rung with its interval, its prediction, and the machine's limits."""

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
from lobench.reports.numbers import TIMES, between, estimate, listed, significant, spelled
from lobench.reports.result_view import ResultView
from lobench.workbench.results.model.analysis import Limit, Promise

MILLION = 1e-6


def ladder_chart(view: ResultView) -> Chart | None:
    """None where nothing was measured."""
    rungs = view.ladder
    if not rungs:
        return None
    rows, shown = _rows(view), (view.analysis.limits if view.analysis else None) or ()
    table = Table(
        "Data of the chart",
        ["variant or limit", "M events/s", "95 % interval", "predicted for the step, M events/s"],
        [
            words(row["name"], significant(row["value"]), f"{significant(row['low'])} to {significant(row['high'])}",
                  f"{significant(row['from'])} to {significant(row['to'])}" if "from" in row else "")
            for row in rows
        ]
        + [words(limit.name, estimate(limit.events_per_second.scaled(MILLION)), "", "") for limit in shown],
    )  # fmt: skip
    said = "; ".join(f"{rung.variant} {spelled(rung.events_per_second.scaled(MILLION))} M events/s" for rung in rungs)
    return Chart("ladder", f"The ladder on {view.name}", said, table, lambda width: _draw(width, view, rows, shown))


def _rows(view: ResultView) -> list[dict[str, Any]]:
    """Per rung: its throughput and, also in events per second, the plan's prediction on top of the rung below."""
    throughput = {rung.variant: rung.events_per_second.value for rung in view.ladder}
    rows: list[dict[str, Any]] = []
    for rung, label in zip(view.ladder, labels([rung.variant for rung in view.ladder]), strict=True):
        speed = rung.events_per_second.scaled(MILLION)
        said = f"{rung.variant}: {spelled(speed)} M events/s"
        row: dict[str, Any] = {
            "name": rung.variant,
            "label": label,
            **asdict(speed),
            "text": estimate(speed),
            "tip": said,
        }
        base = throughput.get(rung.base or "")
        if rung.prediction and base:
            row["from"] = base * MILLION * rung.prediction.low
            row["to"] = base * MILLION * rung.prediction.high
            row["promise"] = f"{rung.variant}: predicted {_predicted(rung.prediction)} as fast as {rung.base}"
        rows.append(row)
    return rows


def _draw(width: int, view: ResultView, rows: list[dict[str, Any]], limits: Sequence[Limit]) -> Any:
    names = [row["label"] for row in rows]
    lines: list[dict[str, Any]] = [
        {"at": limit.events_per_second.value * MILLION, "label": limit.name} for limit in limits
    ]
    ends = [value for row in rows for value in (row["low"], row["high"], row.get("from"), row.get("to")) if value]
    room = plot_width(width, names, FIGURES)
    low = min(ends) * 0.85
    high = max(ends) * 1.12
    # A limit far above the variants would squeeze them together.
    beyond = [line for line in lines if not low <= line["at"] <= high]
    lines = [line for line in lines if low <= line["at"] <= high]
    x = log_axis("M events/s, one worker", low, high, room)
    base = alt.Chart(data(rows)).encode(y=rows_of(names))
    layers = [
        alt.Chart(data([row for row in rows if "from" in row]))
        .mark_bar(
            color=ORANGE, fillOpacity=0.3, stroke=ORANGE, strokeWidth=1, height={"band": 0.7}, cornerRadius=1, aria=True
        )
        .encode(y=rows_of(names), x=x("from"), x2="to:Q", description=tip("promise")),
        # A prediction of a single figure has no width: draw a stroke.
        alt.Chart(data([row for row in rows if "from" in row and row["from"] == row["to"]]))
        .mark_tick(color=ORANGE, thickness=3, height={"band": 0.7}, aria=True)
        .encode(y=rows_of(names), x=x("from"), description=tip("promise")),
        base.mark_rule(color=BLUE, strokeWidth=3).encode(x=x("low"), x2="high:Q"),
        base.mark_point(color=BLUE, filled=True, size=70, opacity=1, aria=True).encode(x=x("value"), description=tip()),
        figures(base, room),
    ]
    notes = ["Dot and bar: measured, with its 95 % interval."]
    if any("from" in row for row in rows):
        notes.append("Orange: the plan's prediction for this step, on top of the measured rung below.")
    if beyond:
        named = listed([f"{line['label']} {significant(line['at'])}" for line in beyond])
        notes.append(f"Beyond the axis: this machine's limits, {named} M events/s.")
    if lines:
        notes.append("Dashed: this machine's limits.")
        rules = alt.Chart(data(lines))
        layers.append(rules.mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x=x("at")))
        for index, line in enumerate(sorted(lines, key=lambda line: line["at"])):
            # Two limits may be close: each label has its own height, inside the plot.
            layers.append(
                alt.Chart(data([line]))
                .mark_text(align="right", dx=-4, dy=4, color=MUTED, fontSize=11, baseline="top")
                .encode(x=x("at"), y=alt.value(-4 - 14 * (len(lines) - index)), text="label:N")
            )
    chart = alt.layer(*layers).properties(width=room, height=alt.Step(30))
    return finish(chart, width, f"Throughput of each variant, {_short(view.name)}", " ".join(notes))


def _predicted(promise: Promise) -> str:
    return between(promise.low, promise.high, TIMES)


def _short(name: str) -> str:
    return labels([name])[0] if len(name) > 60 else name
