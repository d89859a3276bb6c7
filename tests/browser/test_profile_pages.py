"""The files that a profile leaves for a browser: annotated source on light and dark paper, and flame graphs that zoom
and search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_page import Visit

pytestmark = pytest.mark.xdist_group("browser")

CONTRAST = """() => {
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const over = (above, below) => {
    const [r, g, b, a = 1] = parts(above);
    return [r, g, b].map((part, place) => part * a + below[place] * (1 - a));
  };
  const light = (color) => color.map((part) => part / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const paper = over(getComputedStyle(document.body).backgroundColor, [255, 255, 255]);
  const low = [];
  for (const cell of document.querySelectorAll("td, th, a, h1, h2, p")) {
    const row = cell.closest("tr");
    const ground = light(row ? over(getComputedStyle(row).backgroundColor, paper) : paper);
    const own = light(over(getComputedStyle(cell).color, paper));
    const ratio = (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05);
    if (ratio < 4.5) low.push(cell.textContent + " " + ratio.toFixed(1));
  }
  return { low, paper };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_source_can_be_read_on_any_paper_and_colour(browser: Any, profile: Path, scheme: str) -> None:
    """Line numbers on the hottest line, too."""
    with Visit(browser, profile / "source.html", color_scheme=scheme) as page:
        found = page.evaluate(CONTRAST)
        assert found["low"] == []
        assert (found["paper"][0] > 128) == (scheme == "light")
        assert page.locator("tr.hot").count() == 3


def test_wide_lines_scroll_within_the_page_of_a_phone(browser: Any, profile: Path) -> None:
    with Visit(browser, profile / "source.html", width=300) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 300
        assert page.evaluate("[...document.querySelectorAll('.scroll')].some((box) => box.scrollWidth > 300)")


def test_the_index_leads_to_the_line(browser: Any, profile: Path) -> None:
    with Visit(browser, profile / "source.html") as page:
        links = page.locator("table").first.locator("a")
        assert links.all_inner_texts() == ["a.py:2", "a.py:1", "b.py:203"]
        links.last.click()
        target = page.locator("tr:target")
        assert "deep(record)" in target.inner_text()
        assert target.evaluate("(row) => row.getBoundingClientRect().top < innerHeight")


def widths(page: Any) -> dict[str, float]:
    boxes = page.evaluate(
        """() => Array.from(document.querySelectorAll("g.box"), (box) => [
          box.dataset.name,
          box.style.display === "none" ? 0 : Number(box.querySelector("rect").getAttribute("width")),
        ])"""
    )
    return {name: float(width) for name, width in boxes}


def test_a_flame_graph_zooms_and_searches(browser: Any, profile: Path) -> None:
    with Visit(browser, profile / "flame.svg") as page:
        before = widths(page)
        assert before["handle"] == pytest.approx(600, abs=1)
        assert before["deep"] == pytest.approx(12, abs=1)
        labels = "() => Array.from(document.querySelectorAll('g.box text'), (text) => text.textContent)"
        assert "deep" not in page.evaluate(labels)
        page.locator("g.box[data-name=deep]").click()
        assert widths(page) == pytest.approx({"all": 1200, "run": 1200, "deep": 1200, "handle": 0}, abs=1)
        assert "deep" in page.evaluate(labels)
        page.keyboard.press("Escape")
        assert widths(page) == pytest.approx(before, abs=0.2)
        page.locator("input").fill("handle")
        assert page.evaluate("document.querySelectorAll('.found').length") == 1
        assert page.evaluate("document.querySelector('svg > text:last-of-type').textContent") == "50.00 % found"


def test_a_flame_graph_needs_no_pointer(browser: Any, profile: Path) -> None:
    """The tabulator reaches one box and the field; arrows go from box to box, past those that zooming hides."""
    focused = "() => document.activeElement.dataset.name || document.activeElement.localName"
    with Visit(browser, profile / "flame.svg") as page:

        def after(*keys: str) -> str:
            for key in keys:
                page.keyboard.press(key)
            name: str = page.evaluate(focused)
            return name

        before = widths(page)
        assert after("Tab") == "all"
        assert after("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight") == "handle"
        assert after("ArrowLeft", "Enter") == "deep"
        assert widths(page)["deep"] == pytest.approx(1200, abs=1)
        assert after("ArrowRight") == "deep"
        assert after("ArrowUp", " ") == "run"
        assert widths(page) == pytest.approx(before, abs=0.2)
        assert after("Tab") == "input"
