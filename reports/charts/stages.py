"""Shares of the pipeline's stages, one bar for each variant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from lobench.reports.blocks import Chart, Table, words
from lobench.reports.charts.theme import SERIES, WIDE, data, finish, labels, plot_width, rows_of, tip
from lobench.reports.numbers import percent
from lobench.reports.result_view import ResultView
from lobench.workbench.results.model.profiles import VariantProfile

METHODS = ("ablation", "perf", "py-spy", "callgrind")
"""The first that a variant was looked at with gives its bar."""
KINDS = {
    "ablation": "time saved",
    "perf": "time sampled",
    "py-spy": "time sampled",
    "callgrind": "instructions",
}
"""The total of each method's shares."""


def stages_chart(view: ResultView) -> Chart | None:
    """None if no stage is known."""
    bars = [(entry.variant, method, _shares(entry, method)) for entry in view.profiles for method in used(entry)[:1]]
    if not any(shares for _, _, shares in bars):
        return None
    table = Table(
        "Data of the chart",
        ["variant", "stage", "share", "method"],
        [
            words(name, stage, percent(share), method)
            for name, method, shares in bars
            for stage, share in shares.items()
        ],
        words=frozenset({0, 1, 3}),
    )
    said = "; ".join(
        f"{name} ({method}): " + ", ".join(f"{stage} {percent(share)}" for stage, share in shares.items())
        for name, method, shares in bars
    )
    return Chart("stages", f"Share of each stage on {view.name}", said, table, lambda width: _draw(width, bars))


def used(entry: VariantProfile) -> list[str]:
    """Methods with shares of stages, the most trusted first."""
    return [method for method in METHODS if any(row.by(method) for row in entry.stages)]


def _shares(entry: VariantProfile, method: str) -> dict[str, float]:
    return {row.stage: share.value for row in entry.stages if (share := row.by(method))}


def _draw(width: int, bars: Sequence[tuple[str, str, dict[str, float]]]) -> Any:
    names = labels([name for name, _, _ in bars])
    stages = list(dict.fromkeys(stage for _, _, shares in bars for stage in shares))
    rows = []
    for name, (_, _, shares) in zip(names, bars, strict=True):
        left = 0.0
        for stage in stages:
            # A stage that saves nothing when left out has no width.
            share = max(0.0, shares.get(stage, 0.0))
            said = f"{name}, {stage}: {percent(share)}"
            rows.append({"label": name, "stage": stage, "left": left, "right": left + share, "tip": said})
            left += share
    colors = [SERIES[index % len(SERIES)] for index in range(len(stages))]
    room = plot_width(width, names)
    chart = (
        alt.Chart(data(rows))
        .mark_bar(clip=True, height=16, aria=True)
        .encode(
            y=rows_of(names),
            x=alt.X(
                "left:Q",
                title="share of the whole (axis from zero)",
                scale=alt.Scale(domain=[0, 1], nice=False),
                axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1] if width >= WIDE else [0, 0.5, 1]),
            ),
            x2="right:Q",
            color=alt.Color("stage:N", scale=alt.Scale(domain=stages, range=colors), sort=stages, title=None),
            description=tip(),
        )
        .properties(width=room, height=alt.Step(26))
    )
    methods = list(dict.fromkeys(method for _, method, _ in bars))
    notes = f"By {methods[0]}: {KINDS[methods[0]]}."
    if len(methods) > 1:
        others = (f"{name}: {method} ({KINDS[method]})" for name, method, _ in bars if method != methods[0])
        notes += f" {'; '.join(others)}."
    return finish(chart, width, "Share of each stage", f"{notes} From left to right in the order of the legend.")
