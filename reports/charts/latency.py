"""Response times against the speed of the market: the limit of each variant, and the cost of batches below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from lobench.reports.blocks import Chart, Table, words
from lobench.reports.charts.lines import HEIGHT, marks
from lobench.reports.charts.marks import Mark
from lobench.reports.charts.theme import MUTED, data, finish, labels, ticks
from lobench.workbench.latency.shown import spelled, times
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.latency import Latency, VariantLatency

MICROSECOND = 1e-3


def latency_chart(name: str, latency: Latency, entries: Sequence[VariantLatency]) -> Chart:
    """The response time that one event in a thousand exceeds, at each speed."""
    table = Table(
        "Data of the chart",
        ["variant", "speed of the market", "p99.9"],
        [
            words(entry.variant, times(load.speed), spelled(load.response.p99_9))
            for entry in entries
            for load in entry.loads
        ],
    )
    said = "; ".join(
        f"{entry.variant} {', '.join(f'{spelled(load.response.p99_9)} at {times(load.speed)}' for load in entry.loads)}"
        for entry in entries
    )
    return Chart("latency", f"Response times on {name}", said, table, lambda width: _draw(width, latency, entries))


def _draw(width: int, latency: Latency, entries: Sequence[VariantLatency]) -> Any:
    series = labels([entry.variant for entry in entries])
    points = [
        Mark(
            label=label,
            at=load.speed,
            interval=Interval(time, time, time),
            tip=f"{entry.variant} at {times(load.speed)}: {spelled(load.response.p99_9)}",
        )
        for label, entry in zip(series, entries, strict=True)
        for load in entry.loads
        for time in [load.response.p99_9 * MICROSECOND]
    ]
    bound = latency.bound * MICROSECOND
    speeds = sorted({point.at for point in points})
    left, right = speeds[0] / 1.15, speeds[-1] * 1.15
    values = [*(point.interval.value for point in points), bound]
    bottom, top = min(values) / 1.4, max(values) * 1.4
    room = width - 90
    x = alt.X(
        "at:Q",
        title="times as fast as the market was (log scale)",
        scale=alt.Scale(type="log", domain=[left, right], nice=False),
        axis=alt.Axis(values=speeds, format="~g"),
    )
    y = alt.Y(
        "value:Q",
        title="p99.9 of response times, µs (log scale)",
        scale=alt.Scale(type="log", domain=[bottom, top], nice=False),
        axis=alt.Axis(values=ticks(bottom, top, HEIGHT, gap=22), format="~g"),
    )
    rule = alt.Chart(data([{"value": bound}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(y=y)
    chart = alt.layer(rule, *marks(points, series, x, lambda field: y)).properties(width=room, height=HEIGHT)
    notes = f"One event in a thousand is answered later. Dashed: the bound of {spelled(latency.bound)}."
    return finish(chart, width, "Response times at faster markets", notes)
