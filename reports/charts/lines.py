"""Charts of one quantity against another: speed-up over workers, cost over orders at a level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import altair as alt

from lobench.reports.blocks import Chart, Table, words
from lobench.reports.charts.marks import Mark, cut
from lobench.reports.charts.theme import MUTED, SERIES, SHAPES, data, finish, labels, ticks, tip
from lobench.reports.numbers import TIMES, estimate, integer, limits, spelled
from lobench.workbench.results.model.analysis import ScalingPoint
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.samples import SweepPoint

HEIGHT = 260
SPREAD = 0.03
"""Distance of neighbouring variants at the same number of workers, in workers."""


def scaling_chart(name: str, rows: Sequence[ScalingPoint]) -> Chart:
    """Speed-up over one worker; rows of the analysis' ``scaling``."""
    said = "; ".join(f"{row.variant} with {row.workers} workers {spelled(row.speedup, TIMES)}" for row in rows)
    table = Table(
        "Data of the chart",
        ["variant", "workers", "speed-up", "95 % interval"],
        [words(row.variant, str(row.workers), estimate(row.speedup, TIMES), limits(row.speedup)) for row in rows],
    )
    return Chart("scaling", f"Scaling over workers on {name}", said, table, lambda width: _scaling(width, rows))


def sweep_chart(parameter: str, rows: Sequence[SweepPoint]) -> Chart:
    """Nanoseconds per event against a parameter; rows of the sweep's ``analysis``."""
    table = Table(
        "Data of the chart",
        ["variant", parameter, "ns per event", "95 % interval"],
        [
            words(row.variant, integer(row.value), estimate(cost), limits(cost))
            for row in rows
            for cost in [row.nanoseconds_per_event]
        ],
    )
    said = "; ".join(
        f"{row.variant} at {integer(row.value)}: {spelled(row.nanoseconds_per_event)} ns per event" for row in rows
    )
    return Chart("sweep", f"Cost against {parameter}", said, table, lambda width: _sweep(width, parameter, rows))


def _scaling(width: int, rows: Sequence[ScalingPoint]) -> Any:
    points, series = _points([(row.variant, row.workers, row.speedup) for row in rows])
    # Offset the series so that no interval hides another.
    middle = (len(series) - 1) / 2
    points = [replace(point, at=point.at + SPREAD * (series.index(point.label) - middle)) for point in points]
    most = max(row.workers for row in rows)
    # An interval from few replays may be very wide.
    most_shown = 1.5 * max(float(most), *(point.interval.value for point in points))
    points = [replace(point, interval=point.interval.within(0.0, most_shown)) for point in points]
    top = 1.05 * max(float(most), *(point.interval.high for point in points))
    x = alt.X(
        "at:Q",
        title="workers (axis from zero)",
        scale=alt.Scale(domain=[0, most + 0.3], nice=False),
        axis=alt.Axis(values=sorted({0, *(row.workers for row in rows)}), format="d"),
    )
    scale = alt.Scale(domain=[0, top], nice=False)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title="speed-up (axis from zero)", scale=scale)

    ideal = alt.Chart(data([{"at": 0, "value": 0}, {"at": most, "value": most}]))
    line = ideal.mark_line(color=MUTED, strokeDash=[4, 3], strokeWidth=1.5).encode(x=x, y=y("value"))
    notes = "Bars: 95 % intervals, cut at the frame. Dashed: perfect scaling."
    return _lines(width, points, series, x, y, [line], "Speed-up over one worker", notes)


def _sweep(width: int, parameter: str, rows: Sequence[SweepPoint]) -> Any:
    points, series = _points([(row.variant, row.value, row.nanoseconds_per_event) for row in rows])
    points, wider = cut(points)
    xs, ys = [point.at for point in points], [end for point in points for end in point.ends]
    low, high = min(xs) / 1.15, max(xs) * 1.15
    x = alt.X(
        "at:Q",
        title=f"{parameter} (log scale)",
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=alt.Axis(values=ticks(low, high, width - 90, gap=44), format="~g"),
    )
    bottom, top = min(ys) / 1.25, max(ys) * 1.25
    scale, axis = (
        alt.Scale(type="log", domain=[bottom, top], nice=False),
        alt.Axis(values=ticks(bottom, top, HEIGHT, gap=22), format="~g"),
    )

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title="ns per event (log scale)", scale=scale, axis=axis)

    notes = f"Bars: 95 % intervals.{wider} Both axes are logarithmic: a flat line costs the same at any length."
    return _lines(width, points, series, x, y, [], f"Cost of an event against {parameter}", notes)


def _points(rows: Sequence[tuple[str, int, Interval]]) -> tuple[list[Mark], list[str]]:
    """Marks, and the labels of their series, from variants, places and quantities."""
    variants = list(dict.fromkeys(variant for variant, _, _ in rows))
    short = dict(zip(variants, labels(variants), strict=True))
    return [
        Mark(label=short[variant], at=at, interval=cost, tip=f"{variant} at {at:,}: {spelled(cost)}")
        for variant, at, cost in rows
    ], list(short.values())


def marks(points: list[Mark], series: list[str], x: alt.X, y: Callable[[str], alt.Y]) -> list[Any]:
    """Lines and marks of series, distinguished by colour, shape and legend; more series than colours reuse colours with
    other shapes."""
    colors = [SERIES[index % len(SERIES)] for index in range(len(series))]
    shapes = [SHAPES[(index + index // len(SERIES)) % len(SHAPES)] for index in range(len(series))]
    color = alt.Color("label:N", scale=alt.Scale(domain=series, range=colors), title=None)
    shape = alt.Shape("label:N", scale=alt.Scale(domain=series, range=shapes), title=None)
    base = alt.Chart(data([point.fields() for point in points])).encode(x=x, color=color)
    return [
        base.mark_line(strokeWidth=2).encode(y=y("value")),
        base.mark_point(filled=True, size=70, opacity=1, aria=True).encode(
            y=y("value"), shape=shape, description=tip()
        ),
    ]


def _lines(
    width: int,
    points: list[Mark],
    series: list[str],
    x: alt.X,
    y: Callable[[str], alt.Y],
    below: list[Any],
    title: str,
    notes: str,
) -> Any:
    """``marks`` with their intervals."""
    line, mark = marks(points, series, x, y)
    bars = line.mark_rule(strokeWidth=2, clip=True).encode(y=y("low"), y2="high:Q")
    chart = alt.layer(*below, line, bars, mark).properties(width=width - 90, height=HEIGHT)
    return finish(chart, width, title, notes)
