"""Interactions: main effects of the core axes, and the deviation of gains from multiplying."""

from __future__ import annotations

from lobench.reports.blocks import Block, Cell, Section, Table, Text
from lobench.reports.charts.interactions import interactions_chart, name_of
from lobench.reports.numbers import TIMES
from lobench.reports.result_view import ResultView
from lobench.reports.sections.attribution import unusable
from lobench.reports.sections.shared import figure, missing, verdict

LEAD = (
    "A main effect is an axis' gain, averaged over all settings of the others. An interaction is the ratio of the "
    "joint gain of two or more axes to the product of their gains: above 1 they help, below 1 they hinder each other."
)


def section(view: ResultView) -> Section | None:
    """None for a ladder whose axes are not crossed."""
    if not view.crossed:
        return None
    return Section("interactions", "Interactions", _blocks(view))


def _blocks(view: ResultView) -> list[Block]:
    spoilt = unusable(view)
    if spoilt:
        return [spoilt]
    interactions, chart = view.analysis.interactions if view.analysis else None, interactions_chart(view)
    if interactions is None or chart is None:
        return [missing("The effects of the four core axes need their 16 combinations, not measured here.", view.run())]
    rows = [
        [Cell(name_of(effect)), figure(effect.effect, TIMES), verdict(effect.verdict, effect.p_holm)]
        for effect in sorted(interactions.effects, key=lambda effect: len(effect.axes))
    ]
    caption = "Effects on throughput, CPU time, 95 % intervals; p-values with Holm's correction"
    return [
        Text(LEAD),
        chart,
        Table(caption, ["axes", "effect", "verdict"], rows, words=frozenset({0, 2}), compact=True),
    ]
