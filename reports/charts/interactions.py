"""Effects of the factorial: each axis alone, and how much two or more together differ from their product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from lobench.reports.blocks import Chart, Table, words
from lobench.reports.charts.marks import Mark, cut, line_at
from lobench.reports.charts.theme import BLUE, VERMILION, data, finish, log_axis, plot_width, rows_of, tip
from lobench.reports.numbers import TIMES, estimate, limits, spelled
from lobench.reports.result_view import ResultView
from lobench.workbench.results.model.attribution import AxesEffect

KINDS = ("main effect", "interaction")


def interactions_chart(view: ResultView) -> Chart | None:
    """None without a factorial."""
    interactions = view.analysis.interactions if view.analysis else None
    if interactions is None:
        return None
    effects = sorted(interactions.effects, key=lambda effect: len(effect.axes))
    table = Table(
        "Data of the chart",
        ["axes", "effect", "95 % interval"],
        [words(name_of(effect), estimate(effect.effect, TIMES), limits(effect.effect)) for effect in effects],
    )
    said = "; ".join(f"{name_of(effect)} {spelled(effect.effect, TIMES)}" for effect in effects)
    return Chart("interactions", f"Effects on {view.name}", said, table, lambda width: _draw(width, effects))


def name_of(effect: AxesEffect) -> str:
    return f" {TIMES} ".join(effect.axes)


def _draw(width: int, effects: Sequence[AxesEffect]) -> Any:
    names = [name_of(effect) for effect in effects]
    marks = [
        Mark(
            label=name,
            series=KINDS[len(effect.axes) > 1],
            interval=effect.effect,
            tip=f"{name}: {spelled(effect.effect, TIMES)}",
        )
        for name, effect in zip(names, effects, strict=True)
    ]
    marks, wider = cut(marks)
    ends = [1.0, *(end for mark in marks for end in mark.ends)]
    room = plot_width(width, names)
    x = log_axis("effect on throughput", min(ends) / 1.1, max(ends) * 1.1, room)
    color = alt.Color("series:N", scale=alt.Scale(domain=list(KINDS), range=[BLUE, VERMILION]), title=None)
    shape = alt.Shape("series:N", scale=alt.Scale(domain=list(KINDS), range=["circle", "square"]), title=None)
    base = alt.Chart(data([mark.fields() for mark in marks])).encode(y=rows_of(names), color=color)
    chart = alt.layer(
        line_at(1.0, x),
        base.mark_rule(strokeWidth=2).encode(x=x("low"), x2="high:Q"),
        base.mark_point(filled=True, size=60, opacity=1, aria=True).encode(
            x=x("value"), shape=shape, description=tip()
        ),
    ).properties(width=room, height=alt.Step(22))
    return finish(
        chart,
        width,
        "Effects and interactions of the axes",
        f"Bars: 95 % intervals.{wider} Line at 1: no effect; an interaction of 1 means that gains multiply.",
    )
