"""Charts as files and as parts of a page: well formed, described, dark and light, ids apart, every name a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from lobench.reports.blocks import Cell, Chart, Table
from lobench.reports.charts.attribution import attribution_chart
from lobench.reports.charts.interactions import interactions_chart
from lobench.reports.charts.ladder import ladder_chart
from lobench.reports.charts.lines import scaling_chart, sweep_chart
from lobench.reports.charts.stages import stages_chart
from lobench.reports.charts.steps import steps_chart
from lobench.reports.charts.svg import draw
from lobench.reports.charts.theme import DARK, labels, ticks
from lobench.reports.result_view import ResultView, printable
from lobench.reports.sections.attribution import section as attribution
from lobench.workbench.results.model.analysis import ScalingPoint
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.samples import SweepPoint
from tests.support import typed
from tests.support.analyses import interval
from tests.support.reported import complete, hostile

SVG = "{http://www.w3.org/2000/svg}"
Maker = Callable[[ResultView], Chart | None]
MAKERS: list[Maker] = [ladder_chart, steps_chart, attribution_chart, interactions_chart, stages_chart]


def view(made: dict[str, object]) -> ResultView:
    content = printable(typed.result(made))
    return ResultView(content, content.feeds[0])


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("source", [complete, hostile])
def test_charts_have_a_title_and_a_description(maker: Maker, source: Callable[[], dict[str, object]]) -> None:
    chart = maker(view(source()))
    assert chart is not None
    text, png = draw(chart).standalone()
    root = ElementTree.fromstring(text)
    assert root.findtext(f"{SVG}title") == chart.title
    assert root.findtext(f"{SVG}desc") == chart.described
    assert chart.described
    assert "prefers-color-scheme: dark" in (root.findtext(f"{SVG}style") or "")
    assert png.startswith(b"\x89PNG")
    assert chart.data.rows
    assert all(len(row) == len(chart.data.headings) for row in chart.data.rows)


def widened(found: Any) -> Any:
    """With intervals as wide as numbers go."""
    if isinstance(found, list):
        return [widened(one) for one in found]
    if not isinstance(found, dict):
        return found
    wide = {"low": 0.0, "high": 9e73} if found.keys() == {"value", "low", "high"} else {}
    return {name: widened(one) for name, one in found.items()} | wide


@pytest.mark.parametrize("maker", MAKERS[:-1])
def test_intervals_without_bounds_are_cut(maker: Maker) -> None:
    chart = maker(view(widened(complete())))
    assert chart is not None
    text, png = draw(chart).standalone()
    assert "are cut" in text
    assert png.startswith(b"\x89PNG")


def test_unbounded_lines_stay_within_the_frame() -> None:
    wide = Interval(1.5, 0.0, 9e73)
    points = [ScalingPoint("p7_cache_layout", workers, wide, wide) for workers in (1, 2)]
    costs = [SweepPoint("p7_cache_layout", value, wide) for value in (1, 512)]
    for chart in (scaling_chart("synth:x", points), sweep_chart("orders", costs)):
        assert draw(chart).standalone()[1].startswith(b"\x89PNG")


@pytest.mark.normal
def test_every_colour_has_its_counterpart_on_dark_paper() -> None:
    """A colour that is not in the theme would stay as it is, dark on dark."""
    for maker in MAKERS:
        chart = maker(view(complete()))
        assert chart is not None
        for element in ElementTree.fromstring(draw(chart).standalone()[0]).iter():
            for paint in ("fill", "stroke"):
                assert element.get(paint, "none") in {"none", "transparent", *DARK}


def test_two_copies_on_a_page_share_no_id() -> None:
    chart = ladder_chart(view(complete()))
    assert chart is not None
    ids = [
        element.get("id")
        for key in ("one", "two")
        for text in draw(chart).inline(key)
        for element in ElementTree.fromstring(text).iter()
        if element.get("id")
    ]
    assert len(ids) == 8
    assert len(set(ids)) == 8


def tips_of(chart: Chart | None) -> list[str]:
    """Tooltips of a chart's marks: titles within them."""
    assert chart is not None
    root = ElementTree.fromstring(draw(chart).inline("key")[0])
    parents = [element for element in root.iter() if element is not root]
    return [title.text or "" for element in parents for title in element.findall(f"{SVG}title")]


@pytest.mark.normal
@pytest.mark.parametrize("maker", MAKERS)
def test_every_mark_says_its_figure(maker: Maker) -> None:
    chart = maker(view(complete()))
    assert chart is not None
    tips = tips_of(chart)
    # A mark of each row of the figures, and of predictions beside them.
    assert len(tips) >= len(chart.data.rows) - len(view(complete()).analysis.limits or ())  # type: ignore[union-attr]
    assert all(":" in tip and any(digit in tip for digit in "0123456789") for tip in tips)


def test_a_tip_is_of_its_mark() -> None:
    said = [tip.replace("\u00a0", " ") for tip in tips_of(ladder_chart(view(complete())))]
    assert "p1_zero_copy: predicted 2.3 to 2.9\N{MULTIPLICATION SIGN} as fast as p0_baseline" in said
    assert any(tip.startswith("p0_baseline: 3.0") and tip.endswith(" M events/s") for tip in said)


def texts_of(chart: Chart | None) -> list[str]:
    assert chart is not None
    drawn = ElementTree.fromstring(draw(chart).standalone()[0])
    return [" ".join(element.itertext()) for element in drawn.iter(f"{SVG}text")]


def test_every_rung_is_a_row_and_the_axis_says_its_scale() -> None:
    texts = texts_of(ladder_chart(view(complete())))
    assert {"p0_baseline", "p4_hash_lookup"} <= set(texts)
    assert "M events/s, one worker (log scale)" in texts


def test_a_limit_far_away_is_said_and_one_nearby_is_drawn() -> None:
    source = complete()
    analysis = source["feeds"][0]["analysis"]
    near, far = analysis["limits"]
    near["events_per_second"] = dict(analysis["ladder"][-1]["events_per_second"])
    far["events_per_second"] = interval(3e9)
    texts = texts_of(ladder_chart(view(source)))
    assert near["name"] in texts
    assert far["name"] not in texts
    assert f"{far['name']} 3,000 M events/s" in " ".join(texts)


def test_names_are_shortened_and_stay_apart() -> None:
    names = ["x" * 100, "x" * 101, "y", "y", "", "a\n b"]
    short = labels(names)
    assert len(set(short)) == len(names)
    assert all(len(label) <= 26 for label in short)
    assert short[-1] == "a b"


@pytest.mark.parametrize(
    ("low", "high"), [(0.9, 1.1), (0.99, 1.01), (1, 1000), (0.5, 3), (3, 330), (1e-3, 1e3), (60, 61)]
)
def test_ticks_are_round_apart_and_inside(low: float, high: float) -> None:
    for room in (150, 700):
        found = ticks(low, high, room)
        assert 1 <= len(found) <= room / 30
        assert all(low <= tick <= high for tick in found)
        assert all(float(f"{tick:.4g}") == tick for tick in found)
        assert found == sorted(set(found))


def test_a_phase_beyond_the_factorial_has_a_ladder_step_alone() -> None:
    """No Shapley value and no leave-one-out were measured: nothing is drawn or said of them."""
    source = complete()
    phases = source["feeds"][0]["analysis"]["attribution"]["phases"]
    phases.append({**phases[-1], "phase": 5, "axis": "memory", "leave_one_out": None, "shapley": None})
    chart = attribution_chart(view(source))
    assert chart is not None
    draw(chart)
    ladder = [row for row in chart.data.rows if row[0].text == "5 memory"]
    assert [row[1].text for row in ladder] == ["ladder"]
    assert chart.described.rpartition("5 memory: ")[2].startswith("ladder ")
    table = attribution(view(source)).blocks[2]
    assert isinstance(table, Table)
    assert table.rows[-1][1:3] == [Cell(""), Cell("")]
