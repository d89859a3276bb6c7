"""Marks of charts: what a chart draws of one quantity, and the layers that several charts draw of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import altair as alt

from lobench.reports.charts.theme import BLUE, MUTED, ORANGE, data, rows_of, tip
from lobench.workbench.results.model.intervals import Interval

REACH = 10.0
"""How many times beyond the outermost values an interval is drawn: one of few replays may be as wide as numbers go."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A quantity with its interval. ``label``: its row or its series; ``series``: the series within a row; ``at``: its
    place on the other axis; ``text``: its figure beside the plot; ``tip``: its tooltip; ``predicted``: between which
    values it was predicted to be; ``promise``: the prediction's tooltip, where it is not the same."""

    label: str
    interval: Interval
    series: str = ""
    at: float = 0.0
    text: str = ""
    tip: str = ""
    predicted: tuple[float, float] | None = None
    promise: str = ""

    @property
    def ends(self) -> Iterator[float]:
        """What an axis must have room for."""
        yield from (self.interval.low, self.interval.high, *(self.predicted or ()))

    def fields(self) -> dict[str, object]:
        """Its fields in a chart: those of the interval among them, and ``from`` and ``to`` of the prediction."""
        found = {"label": self.label, "series": self.series, "at": self.at, "text": self.text, "tip": self.tip}
        predicted = dict(zip(("from", "to"), self.predicted or (), strict=False))
        return found | asdict(self.interval) | predicted | {"promise": self.promise or self.tip}


def cut(marks: Sequence[Mark]) -> tuple[list[Mark], str]:
    """The marks, with intervals cut ``REACH`` times beyond the outermost values, and a note on it if one was."""
    values = [mark.interval.value for mark in marks]
    low, high = min(values, default=0.0) / REACH, max(values, default=0.0) * REACH
    found = [replace(mark, interval=mark.interval.within(low, high)) for mark in marks]
    return found, " Wider intervals are cut." if found != [*marks] else ""


def line_at(value: float, x: Callable[[str], alt.X]) -> alt.Chart:
    """A vertical line through the whole plot."""
    line: alt.Chart = alt.Chart(data([{"at": value}])).mark_rule(color=MUTED).encode(x=x("at"))
    return line


def intervals(base: alt.Chart, x: Callable[[str], alt.X]) -> list[Any]:
    """The measured values as dots with bars."""
    return [
        base.mark_rule(color=BLUE, strokeWidth=3).encode(x=x("low"), x2="high:Q"),
        base.mark_point(color=BLUE, filled=True, size=70, opacity=1, aria=True).encode(x=x("value"), description=tip()),
    ]


def predictions(marks: Sequence[Mark], names: Sequence[str], x: Callable[[str], alt.X]) -> list[Any]:
    """The predictions as bars behind the measured values. One of a single figure has no width: a stroke."""
    ranges = [mark for mark in marks if mark.predicted]
    figures = [mark for mark in ranges if len(set(mark.predicted or ())) == 1]
    bars = alt.Chart(data([mark.fields() for mark in ranges])).mark_bar(
        color=ORANGE, fillOpacity=0.3, stroke=ORANGE, strokeWidth=1, height={"band": 0.7}, cornerRadius=1, aria=True
    )
    strokes = alt.Chart(data([mark.fields() for mark in figures])).mark_tick(
        color=ORANGE, thickness=4, height={"band": 0.7}, aria=True
    )
    return [
        bars.encode(y=rows_of(names), x=x("from"), x2="to:Q", description=tip("promise")),
        strokes.encode(y=rows_of(names), x=x("from"), description=tip("promise")),
    ]
