"""The ladder over time as a picture: one line for each variant, with intervals; each point links to its commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import vl_convert

from lobench.workbench.history.series import Series

_BASE = "https://vega.github.io/vega-datasets/"
"""What the renderer puts before a link of this site."""

_ROOM = 1.25
"""Above and below the points."""

_TICKS = 16
"""Commits that are named on the axis."""


def ladder(series: Sequence[Series], order: Sequence[str]) -> str:
    """An SVG of the series of one feed: M events/s by commit, oldest on the left."""
    place = {commit: index for index, commit in enumerate(order)}
    rows = [
        {
            "place": place[commit],
            "commit": commit[:8],
            "variant": one.variant,
            "rate": 1e3 / point["ns"],
            "low": 1e3 / point["high"],
            "high": 1e3 / point["low"],
            "page": page(commit),
        }
        for one in series
        for commit, point in zip(one.commits, one.points, strict=True)
    ]
    step = max(1, -(-len(order) // _TICKS))
    ticks = list(range(0, len(order), step))
    names = " : ".join(f"datum.value == {index} ? '{order[index][:8]}'" for index in ticks) + " : ''"
    axis = alt.Axis(values=ticks, labelExpr=names, labelAngle=-45, title="commit", grid=False)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("place:Q", axis=axis, scale=alt.Scale(domain=[-0.5, len(order) - 0.5], nice=False)),
        color=alt.Color(
            "variant:N", sort=[one.variant for one in series], title=None, legend=alt.Legend(symbolOpacity=1)
        ),
    )
    domain = [min(row["low"] for row in rows) / _ROOM, max(row["high"] for row in rows) * _ROOM]
    scale = alt.Scale(type="log", domain=domain, nice=False)
    rate = alt.Y("rate:Q", scale=scale, title="M events/s (logarithmic)")
    tip = alt.Description("label:N")
    drawn: Any = alt.layer(
        base.mark_rule(strokeWidth=2, opacity=0.55).encode(y=alt.Y("low:Q"), y2="high:Q"),
        base.mark_line(strokeWidth=1.5).encode(y=rate),
        base.transform_calculate(
            label="datum.variant + ', ' + datum.commit + ': ' + format(datum.rate, '.2f') + ' M/s'"
        )
        .mark_point(filled=True, size=45, opacity=1)
        .encode(y=rate, href="page:N", description=tip),
    ).properties(width=880, height=380, background="white")
    svg: str = vl_convert.vegalite_to_svg(drawn.to_dict())
    return svg.replace(_BASE, "")


def page(commit: str) -> str:
    """The comparison report of a commit."""
    return f"commits/{commit[:12]}.html"
