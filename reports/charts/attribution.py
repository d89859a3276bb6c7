"""The gain of each phase by three methods, side by side: ladder, leave-one-out, Shapley."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import altair as alt

from lobench.reports.blocks import Chart, Table, words
from lobench.reports.charts.marks import Mark, cut, line_at
from lobench.reports.charts.theme import SERIES, SHAPES, data, finish, labels, log_axis, plot_width, rows_of, tip
from lobench.reports.numbers import TIMES, estimate, limits, spelled
from lobench.reports.result_view import ResultView
from lobench.workbench.results.model.attribution import PhaseGain
from lobench.workbench.results.model.intervals import Interval

METHODS: dict[str, Callable[[PhaseGain], Interval | None]] = {
    "Shapley value": lambda phase: phase.shapley,
    "leave one out": lambda phase: phase.leave_one_out,
    "ladder": lambda phase: phase.ladder,
}
"""Method to its gain of a phase."""


class OfAxis(Protocol):
    """The entries about the phase that changed an axis."""

    @property
    def phase(self) -> int: ...

    @property
    def axis(self) -> str: ...


def attribution_chart(view: ResultView) -> Chart | None:
    """None without a factorial."""
    attribution = view.analysis.attribution if view.analysis else None
    if attribution is None:
        return None
    phases = attribution.phases
    table = Table(
        "Data of the chart",
        ["phase", "method", "speed-up", "95 % interval"],
        [
            words(name_of(phase), method, estimate(gain, TIMES), limits(gain))
            for phase in phases
            for method, gain in _known(phase).items()
        ],
        words=frozenset({0, 1}),
    )
    said = "; ".join(
        f"{name_of(phase)}: " + ", ".join(f"{method} {spelled(gain, TIMES)}" for method, gain in _known(phase).items())
        for phase in phases
    )
    title = f"Gain of each phase, by three methods, on {view.name}"
    return Chart("attribution", title, said, table, lambda width: _draw(width, phases))


def name_of(phase: OfAxis) -> str:
    return f"{phase.phase} {phase.axis}"


def _known(phase: PhaseGain) -> dict[str, Interval]:
    """The methods that have a figure: a phase beyond the factorial has no Shapley value, and leave-one-out only where
    that was measured."""
    return {method: gain for method, of in METHODS.items() if (gain := of(phase)) is not None}


def _draw(width: int, phases: Sequence[PhaseGain]) -> Any:
    names = labels([name_of(phase) for phase in phases])
    marks = [
        Mark(label=name, series=method, interval=gain, tip=f"{name_of(phase)}, {method}: {spelled(gain, TIMES)}")
        for phase, name in zip(phases, names, strict=True)
        for method, gain in _known(phase).items()
    ]
    marks, wider = cut(marks)
    ends = [1.0, *(end for mark in marks for end in mark.ends)]
    room = plot_width(width, names)
    x = log_axis("speed-up", min(ends) / 1.1, max(ends) * 1.1, room)
    methods = list(METHODS)
    color = alt.Color("series:N", scale=alt.Scale(domain=methods, range=list(SERIES[:3])), sort=methods, title=None)
    shape = alt.Shape("series:N", scale=alt.Scale(domain=methods, range=list(SHAPES[:3])), sort=methods, title=None)
    chart_data = data([mark.fields() for mark in marks])
    base = alt.Chart(chart_data).encode(y=rows_of(names), yOffset=alt.YOffset("series:N", sort=methods), color=color)
    chart = alt.layer(
        line_at(1.0, x),
        base.mark_rule(strokeWidth=2).encode(x=x("low"), x2="high:Q"),
        base.mark_point(filled=True, size=80, opacity=1, aria=True).encode(
            x=x("value"), shape=shape, description=tip()
        ),
    ).properties(width=room, height=alt.Step(18))
    return finish(
        chart, width, "Gain of each phase, by three methods", f"Bars: 95 % intervals.{wider} Line at 1: no gain."
    )
