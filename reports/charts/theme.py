"""Shared by all charts: Okabe and Ito's colours, with distinct shapes or labels; type; labelled axes.

A chart is drawn in the colours for light paper. ``reports.charts.svg`` turns each into its counterpart for dark paper
by CSS, so one picture serves both.
"""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt

INK, MUTED, LINE, PAPER = "#1f2328", "#59636e", "#d5dae0", "#ffffff"
BLUE, ORANGE, GREEN, VERMILION, PURPLE = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7"
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE)
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross")
DARK = {
    INK: "#e6e9ec",
    MUTED: "#a0a9b4",
    LINE: "#3a424c",
    PAPER: "#14181d",
    BLUE: "#56b4e9",
    ORANGE: "#e69f00",
    GREEN: "#2fc79a",
    VERMILION: "#ff8a3d",
    PURPLE: "#dd94bd",
}
"""Colour on light paper -> colour on dark paper."""

FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"
"""Faces of one width: charts are measured before it is known which of them a reader has."""
SIZE = 12
WIDE, NARROW = 820, 340
"""Widths in pixels that every chart is drawn at: for a desk or paper, and for a telephone."""
FIGURES = 52
"""Pixels of a column of figures beside a plot."""
LABEL = 24


def labels(names: Sequence[str]) -> list[str]:
    """Names short enough for an axis, still distinct."""
    short: list[str] = []
    for name in names:
        text = " ".join(name.split()) or "(no name)"
        if len(text) > LABEL:
            text = text[: LABEL - 1] + "…"
        while text in short:
            text = f"{text[: LABEL - 4]}… {len(short) + 1}"
        short.append(text)
    return short


def data(rows: Sequence[Mapping[str, Any]]) -> alt.InlineData:
    return alt.InlineData(values=[dict(row) for row in rows])


def tip(field: str = "tip") -> alt.Description:
    """A mark's tooltip: the text in this field of its row. The mark needs ``aria=True``."""
    return alt.Description(f"{field}:N")


def rows_of(names: Sequence[str]) -> alt.Y:
    """One row for each name, in the given order, under the field ``label``."""
    axis = alt.Axis(ticks=False, domain=False, grid=True, gridDash=[1, 3])
    return alt.Y("label:N", sort=list(names), title=None, axis=axis)


def figures(base: alt.Chart, room: int) -> alt.Chart:
    """The field ``text`` of every row in a column to the right of the plot, where nothing hides it."""
    column: alt.Chart = base.mark_text(align="left", color=INK, fontSize=SIZE).encode(
        x=alt.value(room + 10), text="text:N"
    )
    return column


def log_axis(title: str, low: float, high: float, room: int) -> Callable[[str], alt.X]:
    """A logarithmic x axis, ``room`` pixels long, that says so; the function gives it to a field."""
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    axis = alt.Axis(values=ticks(low, high, room), format="~g", grid=True)
    return lambda field: alt.X(f"{field}:Q", title=f"{title} (log scale)", scale=scale, axis=axis)


def ticks(low: float, high: float, room: int, gap: int = 34) -> list[float]:
    """Round values between two bounds for a logarithmic axis of ``room`` pixels, with ``gap`` between neighbours."""
    apart = math.log(high / low) * gap / room
    for steps in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        values = [float(f"{step}e{power}") for power in range(-12, 16) for step in steps]
        found = [value for value in values if low <= value <= high]
        near = min((math.log(after / value) for value, after in itertools.pairwise(found)), default=apart)
        if near >= apart:
            break
    else:
        found = found[:: math.ceil(apart / math.log(10))]
    return found if len(found) >= 2 or high > 10 * low else _even(low, high)


def _even(low: float, high: float) -> list[float]:
    """Four or so values at even distances: where bounds are close, a logarithmic axis is nearly linear."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    values = [round(step * number, 12) for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return [value for value in values if value > 0]


def finish(chart: Any, width: int, title: str, notes: str) -> Any:
    """Title, explanatory notes, type and colours."""
    # About half an em per letter, on the safe side: breaking a line early is harmless, a long line would be cut off.
    columns = int(width / (SIZE * 0.52))
    head = alt.TitleParams(
        text=textwrap.wrap(title, int(columns * 0.8)),
        subtitle=textwrap.wrap(notes, columns),
        anchor="start",
        frame="bounds",
        offset=12,
        fontSize=15,
        fontWeight=600,
        color=INK,
        subtitleColor=MUTED,
        subtitleFontSize=SIZE,
        subtitlePadding=6,
        subtitleLineHeight=16,
        lineHeight=19,
    )
    axis = alt.AxisConfig(
        labelColor=MUTED,
        titleColor=MUTED,
        gridColor=LINE,
        domainColor=LINE,
        tickColor=LINE,
        labelFontSize=SIZE,
        titleFontSize=SIZE,
        titleFontWeight="normal",
        labelPadding=6,
        titlePadding=10,
        labelLimit=0,
        titleLimit=0,
    )
    legend = alt.LegendConfig(
        orient="top",
        title=None,
        labelColor=INK,
        labelFontSize=SIZE,
        labelLimit=0,
        symbolSize=80,
        columns=1 if width < WIDE else 4,
        offset=6,
        padding=0,
    )
    config = alt.Config(
        font=FONT,
        aria=False,
        background="transparent",
        axis=axis,
        axisY=alt.AxisConfig(labelColor=INK),
        legend=legend,
        view=alt.ViewConfig(stroke=None),
        scale=alt.ScaleConfig(bandPaddingInner=0.25),
    )
    return chart.properties(title=head, padding={"left": 0, "right": 8, "top": 6, "bottom": 4}, config=config)


def plot_width(width: int, names: Sequence[str], right: int = 0) -> int:
    """Pixels left for the plot beside row labels; ``right`` is kept free of it."""
    longest = max((len(name) for name in names), default=0)
    return max(120, int(width - 22 - right - longest * SIZE * 0.54))
