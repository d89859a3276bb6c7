"""A series over time as a picture: time of an event relative to the first commit, with intervals, steps and dates.

SVG by hand: small, drawn at the width of a phone and at most half as large again, in colours that the page's style
sheet defines for light and dark mode. Each point links to its commit's report and describes itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from lobench.workbench.history.regressions import Regression
from lobench.workbench.history.series import Series

WIDTH, HEIGHT = 360, 132
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 8, 16, 22
_LEAST = 0.02
"""Fraction of the time: the scale extends at least this far up and down, so that noise looks like noise."""
_LABEL = 96
"""Pixels that a date takes."""


@dataclass(frozen=True)
class Axis:
    """The commits of all charts, oldest first, including those that could not be measured: hash to position."""

    order: Sequence[str]
    times: Mapping[str, float]
    subjects: Mapping[str, str]
    broken: Mapping[str, str]

    def at(self, commit: str) -> float:
        """The place of a commit, in pixels."""
        room = WIDTH - _LEFT - _RIGHT
        if len(self.order) == 1:
            return _LEFT + room / 2
        return _LEFT + 5 + (room - 10) * self.order.index(commit) / (len(self.order) - 1)


def picture(series: Series, axis: Axis, found: Sequence[Regression]) -> str:
    """An SVG of one series."""
    first = series.points[0].ns
    lows = [point.low / first for point in series.points]
    values = [point.ns / first for point in series.points]
    highs = [point.high / first for point in series.points]
    bottom, top = min(1 - _LEAST, *lows), max(1 + _LEAST, *highs)
    scale = _Scale(bottom, top)
    worst = max((one.size for one in found if one.counts), default=0.0)
    said = f"{series.variant} on {series.feed}: {series.points[-1].ns:.4g} ns an event at the last commit"
    said += f", {values[-1] - 1:+.1%} against the first" + (f"; a step of {worst:+.1%} to look at" if worst else "")
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="{escape(said)}">',
        *_grid(scale),
        *_dates(axis),
        *(_step(axis.at(one.commit), one) for one in found if one.commit in axis.order),
        *(_gap(axis, commit) for commit in axis.broken),
    ]
    places = [axis.at(commit) for commit in series.commits]
    line = " ".join(f"{x:.1f},{scale.at(value):.1f}" for x, value in zip(places, values, strict=True))
    bars = [
        f"M{x:.1f} {scale.at(low):.1f}V{scale.at(high):.1f}" for x, low, high in zip(places, lows, highs, strict=True)
    ]
    parts += [f'<path class="interval" d="{"".join(bars)}"/>', f'<polyline class="line" points="{line}"/>']
    worse = {one.commit for one in found if one.counts}
    for x, value, commit, point in zip(places, values, series.commits, series.points, strict=True):
        tip = (
            f"{date(axis.times[commit])}, {commit[:8]} {axis.subjects[commit]}: {point.ns:.4g} ns an event "
            f"({point.low:.4g} to {point.high:.4g}), {value - 1:+.1%} against the first"
        )
        radius, kind = (4, "point bad") if commit in worse else (2.6, "point")
        parts.append(
            f'<a href="{page(commit)}" data-tip="{escape(tip)}"><title>{escape(tip)}</title>'
            f'<circle class="{kind}" cx="{x:.1f}" cy="{scale.at(value):.1f}" r="{radius}"/>'
            f'<circle class="reach" cx="{x:.1f}" cy="{scale.at(value):.1f}" r="9"/></a>'
        )
    return "".join([*parts, "</svg>"])


def page(commit: str) -> str:
    """The comparison report of a commit."""
    return f"commits/{commit[:12]}.html"


class _Scale:
    """From a ratio to pixels, linear; ``ticks`` are round values within."""

    def __init__(self, low: float, high: float) -> None:
        rough = (high - low) / 3
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        room = 0.06 * (high - low)
        self._low, self._high = low - room, high + room
        begin, end = math.ceil((self._low - 1) / step), math.floor((self._high - 1) / step)
        self.ticks = [1 + number * step for number in range(begin, end + 1)]

    def at(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def _grid(scale: _Scale) -> Iterator[str]:
    places = 1 if any(abs(100 * (tick - 1) - round(100 * (tick - 1))) > 1e-6 for tick in scale.ticks) else 0
    for tick in scale.ticks:
        y = scale.at(tick)
        text = "first" if abs(tick - 1) < 1e-9 else f"{tick - 1:+.{places}%}"
        kind = "zero" if text == "first" else "grid"
        yield f'<line class="{kind}" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="label" x="{_LEFT - 4}" y="{y + 3.5:.1f}" text-anchor="end">{text}</text>'


def _dates(axis: Axis) -> Iterator[str]:
    """Dates under the first and the last commit, and as many between as there is room for."""
    count = max(2, min(len(axis.order), (WIDTH - _LEFT - _RIGHT) // _LABEL))
    last = len(axis.order) - 1
    indices = sorted({round(part * last / (count - 1)) for part in range(count)})
    told: list[str] = []
    for index in indices:
        commit = axis.order[index]
        text = date(axis.times[commit])
        if text in told[-1:]:
            continue
        told.append(text)
        anchor = "start" if index == 0 and last else "end" if index == last and last else "middle"
        x = _LEFT if anchor == "start" else WIDTH - _RIGHT if anchor == "end" else axis.at(commit)
        yield f'<text class="label" x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{text}</text>'


def _step(x: float, one: Regression) -> str:
    """A mark at a step: red if it needs attention."""
    kind = "step bad" if one.counts else "step"
    anchor = "end" if x > WIDTH - 60 else "start" if x < _LEFT + 20 else "middle"
    return (
        f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}"/>'
        f'<text class="{kind}" x="{x:.1f}" y="{_TOP - 5}" text-anchor="{anchor}">{one.size:+.1%}</text>'
    )


def _gap(axis: Axis, commit: str) -> str:
    """A cross where a commit could not be measured."""
    x, y = axis.at(commit), HEIGHT - _BOTTOM - 5
    tip = escape(f"{date(axis.times[commit])}, {commit[:8]} {axis.subjects[commit]}: not measured")
    return (
        f'<a href="#commit-{commit[:8]}" data-tip="{tip}"><title>{tip}</title>'
        f'<path class="gap" d="M{x - 3:.1f} {y - 3}l6 6m0 -6l-6 6"/>'
        f'<circle class="reach" cx="{x:.1f}" cy="{y}" r="9"/></a>'
    )


def date(seconds: float) -> str:
    """A day, as people write it."""
    return time.strftime("%d %b %Y", time.gmtime(seconds)).removeprefix("0")
