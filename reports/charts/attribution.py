"""Three ways to say what a phase earned, side by side: ladder, leave-one-out, Shapley."""

from __future__ import annotations

from typing import Any

import altair as alt

from lobench.reports.blocks import Chart, Table, words
from lobench.reports.charts.theme import MUTED, SERIES, SHAPES, data, finish, labels, log_axis, plot_width, rows_of
from lobench.reports.facts import Facts
from lobench.reports.numbers import TIMES, estimate, limits, spelled

METHODS = {"shapley": "Shapley value", "leave_one_out": "leave one out", "ladder": "ladder"}


def attribution_chart(facts: Facts) -> Chart | None:
    """None without a factorial."""
    attribution = facts.analysis.get("attribution")
    if not attribution:
        return None
    phases = attribution["phases"]
    table = Table(
        "What the chart shows",
        ["phase", "method", "speed-up", "95 % interval"],
        [
            words(name_of(phase), method, estimate(phase[key], TIMES), limits(phase[key]))
            for phase in phases
            for key, method in _known(phase).items()
        ],
        words=frozenset({0, 1}),
    )
    said = "; ".join(
        f"{name_of(phase)}: "
        + ", ".join(f"{method} {spelled(phase[key], TIMES)}" for key, method in _known(phase).items())
        for phase in phases
    )
    title = f"What each phase earned, by three methods, on {facts.name}"
    return Chart("attribution", title, said, table, lambda width: _draw(width, phases))


def name_of(phase: dict[str, Any]) -> str:
    return f"{phase['phase']} {phase['axis']}"


def _known(phase: dict[str, Any]) -> dict[str, str]:
    """The methods that have a figure: a phase beyond the factorial has no Shapley value, and leave-one-out only where
    that was measured."""
    return {key: method for key, method in METHODS.items() if phase[key] is not None}


def _draw(width: int, phases: list[dict[str, Any]]) -> Any:
    names = labels([name_of(phase) for phase in phases])
    rows = [
        {"label": name, "method": method, **phase[key]}
        for phase, name in zip(phases, names, strict=True)
        for key, method in _known(phase).items()
    ]
    ends = [1.0, *(row[end] for row in rows for end in ("low", "high"))]
    room = plot_width(width, names)
    x = log_axis("speed-up", min(ends) / 1.1, max(ends) * 1.1, room)
    methods = list(METHODS.values())
    color = alt.Color("method:N", scale=alt.Scale(domain=methods, range=list(SERIES[:3])), sort=methods, title=None)
    shape = alt.Shape("method:N", scale=alt.Scale(domain=methods, range=list(SHAPES[:3])), sort=methods, title=None)
    base = alt.Chart(data(rows)).encode(y=rows_of(names), yOffset=alt.YOffset("method:N", sort=methods), color=color)
    chart = alt.layer(
        alt.Chart(data([{"at": 1.0}])).mark_rule(color=MUTED).encode(x=x("at")),
        base.mark_rule(strokeWidth=2).encode(x=x("low"), x2="high:Q"),
        base.mark_point(filled=True, size=80, opacity=1).encode(x=x("value"), shape=shape),
    ).properties(width=room, height=alt.Step(18))
    return finish(chart, width, "What each phase earned, by three methods", "Bars: 95 % intervals. Line at 1: no gain.")
