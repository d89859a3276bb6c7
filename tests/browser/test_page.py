"""The page in Chromium, with the network shut: at the widths of a telephone, a laptop and a desk, on light and on dark
paper, without scripts, and printed. Nothing may be cut off, scroll sideways, ask for a file or complain.

Needs Chromium (`apt-get install chromium`) and `playwright`; without them the tests are skipped, unless
LOBENCH_REQUIRE_BROWSER is set.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.reports import PAGES
from tests.support.ladders import TITLES

# One process for all: starting a browser is expensive.
pytestmark = pytest.mark.xdist_group("browser")
PAPER = 688
"""Pixels between the margins of an A4 page."""
TYPICAL = [(400, "light"), (1280, "dark")]
SCREENS = [(width, scheme) for width in (400, 768, 1280, 1920) for scheme in ("light", "dark")]
# Content outside its bounds: text of a picture outside the picture, an element outside the screen, text outside its
# element. Only flame graphs scroll, within their own box.
CUT_OFF = """() => {
  const wrong = [];
  const say = (element) => element.tagName + " " + (element.textContent || "").trim().slice(0, 60);
  for (const picture of document.querySelectorAll("figure svg")) {
    const place = picture.getBoundingClientRect();
    if (!place.width) continue;
    for (const text of picture.querySelectorAll("text")) {
      if (!text.textContent.trim()) continue;
      const box = text.getBoundingClientRect();
      if (box.left < place.left - 1 || box.right > place.right + 1 || box.top < place.top - 1 ||
          box.bottom > place.bottom + 1) wrong.push("beyond its picture: " + say(text));
      if (box.height < 9) wrong.push("too small to read: " + say(text));
    }
  }
  for (const element of document.querySelectorAll("body *:not(svg *)")) {
    const box = element.getBoundingClientRect();
    if (!box.width) continue;
    if (element.parentElement.closest(".scroll, .broad")) continue;
    if (box.right > innerWidth + 0.5 || box.left < -0.5) wrong.push("beyond the screen: " + say(element));
    if (getComputedStyle(element).display !== "inline" && element.scrollWidth > element.clientWidth + 1 &&
        !element.matches(".scroll, .broad"))
      wrong.push("beyond its element: " + say(element));
  }
  return wrong;
}"""
# Overlapping texts in one picture.
OVERLAPS = """() => {
  const wrong = [];
  for (const picture of document.querySelectorAll("figure svg")) {
    const texts = Array.from(picture.querySelectorAll("text")).filter((text) => text.textContent.trim());
    const boxes = texts.map((text) => text.getBoundingClientRect());
    for (let i = 0; i < texts.length; i++) for (let j = i + 1; j < texts.length; j++) {
      const [a, b] = [boxes[i], boxes[j]];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 1 && high > 3) wrong.push(texts[i].textContent + " / " + texts[j].textContent);
    }
  }
  return wrong;
}"""


class Visit:
    """One page that can reach nothing but itself, with its requests and errors."""

    def __init__(self, browser: Any, path: Path, width: int = 1280, **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.route("**/*", self._route)
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.url = path.as_uri()
        self.page.goto(self.url)

    def _route(self, route: Any) -> None:
        if route.request.url == self.url:
            route.continue_()
        else:
            self.asked.append(route.request.url)
            route.abort()

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, kind: Any, *_: Any) -> None:
        self.context.close()
        if kind is None:
            assert self.asked == []
            assert self.complaints == []


ON_SCREENS = {"complete": 2, "many": 0}
"""On how many typical screens CI shows a page that it does not show on a telephone alone."""
SHOWN = [
    pytest.param(name, *screen, marks=() if screen in TYPICAL[: ON_SCREENS.get(name, 1)] else pytest.mark.long)
    for name in PAGES
    for screen in SCREENS
]


@pytest.mark.parametrize(("name", "width", "scheme"), SHOWN)
def test_no_text_is_cut_off_or_overlaps(
    browser: Any, pages: Callable[[str], Path], name: str, width: int, scheme: str
) -> None:
    with Visit(browser, pages(name), width, color_scheme=scheme) as page:
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        assert page.evaluate(CUT_OFF) == []
        assert page.evaluate(OVERLAPS) == []
        page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        assert page.evaluate(CUT_OFF) == []


def test_two_ladders_show_their_titles_and_grades(browser: Any, pages: Callable[[str], Path]) -> None:
    with Visit(browser, pages("ladders")) as page:
        assert "2 ladders on synth:liquid-future" in page.locator("header").inner_text()
        section = page.locator("#result2-feed1-ladder")
        assert section.get_by_role("heading", name="The ladder: The Rust plan").is_visible()
        rows = section.locator(".pair tr")
        for (step, title), grade in zip(TITLES.items(), ("", "hit", "under"), strict=True):
            row = rows.filter(has_text=title).inner_text()
            assert row.startswith(step)
            assert grade in row
        assert page.locator("#result1-feed1-ladder").get_by_text(TITLES["base"]).count() == 0


@pytest.mark.parametrize(("scheme", "brighter"), [("light", "paper"), ("dark", "ink")])
def test_every_text_stands_out_from_the_paper(
    browser: Any, pages: Callable[[str], Path], scheme: str, brighter: str
) -> None:
    """Contrast of 4.5 to 1, as the web's accessibility guidelines ask; in pictures too."""
    contrast = """() => {
      const parts = (color) => color.match(/[\\d.]+/g).slice(0, 3).map(Number);
      const light = (color) => parts(color).map((part) => part / 255)
        .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
      const paper = light(getComputedStyle(document.body).backgroundColor);
      const found = { ink: light(getComputedStyle(document.body).color), paper: paper, low: [] };
      for (const element of document.querySelectorAll("svg text, p, td, th, h1, h2, a, caption, .note, .value")) {
        if (!element.getBoundingClientRect().width || element.closest(".warning")) continue;
        const style = getComputedStyle(element);
        const own = light(element.tagName === "text" ? style.fill : style.color);
        const ratio = (Math.max(own, paper) + 0.05) / (Math.min(own, paper) + 0.05);
        if (ratio < 4.5) found.low.push(element.textContent.trim().slice(0, 40) + " " + ratio.toFixed(1));
      }
      return found;
    }"""
    with Visit(browser, pages("complete"), color_scheme=scheme) as page:
        found = page.evaluate(contrast)
        assert (found["ink"] > found["paper"]) == (brighter == "ink")
        assert found["low"] == []


def test_flame_graphs_scroll_in_their_own_place(browser: Any, pages: Callable[[str], Path]) -> None:
    """As large as drawn on a telephone too, and for those without a pointer."""
    with Visit(browser, pages("complete"), 400) as page:
        place = page.locator("#result1-feed1-profiles .scroll").last
        assert not place.is_visible()
        page.locator("details.flame > summary").last.click()
        assert place.is_visible()
        assert place.evaluate("(element) => [element.scrollWidth, element.clientWidth <= 364]") == [960, True]
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 400
        place.focus()
        assert page.evaluate("document.activeElement.className") == "scroll"
        assert place.evaluate("(element) => { element.scrollLeft = 200; return element.scrollLeft; }") == 200


def test_without_scripts_everything_is_there(browser: Any, pages: Callable[[str], Path]) -> None:
    def seen(**options: Any) -> tuple[str, int]:
        with Visit(browser, pages("complete"), **options) as page:
            # Only the buttons come from the script.
            text = (
                page.locator("body").inner_text().replace("Copy as Markdown", "").replace("Copy", "").replace("CSV", "")
            )
            return " ".join(text.split()), page.locator("figure svg:visible").count()

    assert seen(java_script_enabled=False) == seen()
    assert seen()[1] == 7


def test_a_table_is_copied(browser: Any, pages: Callable[[str], Path]) -> None:
    with Visit(browser, pages("complete"), permissions=["clipboard-read", "clipboard-write"]) as page:
        holder = page.locator("#result1-feed1-ladder .pair > .table")
        holder.get_by_role("button", name="Copy", exact=True).click()
        copied = page.evaluate("navigator.clipboard.readText()").splitlines()
        assert copied[0].split("\t")[:3] == ["variant", "M events/s", "step"]
        assert copied[1].startswith("p0_baseline\t")
        assert {len(line.split("\t")) for line in copied} == {8}
        holder.get_by_role("button", name="Copy as Markdown").click()
        copied = page.evaluate("navigator.clipboard.readText()").splitlines()
        assert copied[0].startswith("| variant | M events/s |")
        assert copied[1].startswith("|---|---:|---:|---|")


def test_a_table_is_saved(browser: Any, pages: Callable[[str], Path]) -> None:
    with Visit(browser, pages("complete")) as page:
        holder = page.locator("#result1-feed1-ladder .pair > .table")
        with page.expect_download() as saving:
            holder.get_by_role("button", name="CSV", exact=True).click()
        assert saving.value.suggested_filename.startswith("result1-feed1-ladder-")
        head, *rows = csv.reader(Path(saving.value.path()).read_text(encoding="utf-8-sig").splitlines())
        assert head[:3] == ["variant", "M events/s", "step"]
        assert rows[0][0] == "p0_baseline"
        assert {len(row) for row in rows} == {8}


def test_a_table_is_sorted(browser: Any, pages: Callable[[str], Path]) -> None:
    """Sorted by the times themselves, not by their leading digits."""
    sizes = {"ns": 1.0, "µs": 1e3, "ms": 1e6}
    with Visit(browser, pages("wide")) as page:
        holder = page.locator("#result1-feed1-latency .table").filter(
            has_text="Response times at the market's own speed"
        )

        def times() -> list[list[str]]:
            return [text.split() for text in holder.locator("tbody td:nth-child(4) .value").all_inner_texts()]

        before = times()
        assert len({unit for _, unit in before}) > 1
        holder.get_by_role("button", name="Sort by p99", exact=True).click()
        assert times() == sorted(before, key=lambda time: float(time[0]) * sizes[time[1]])
        assert times() != before
        assert page.locator("th[aria-sort=ascending]").count() == 1
        holder.get_by_role("button", name="Sort by p99", exact=True).click()
        assert times() == before


@pytest.mark.parametrize("name", [pytest.param("many", marks=pytest.mark.long), "wide", "hostile"])
def test_paper_is_wide_enough(browser: Any, pages: Callable[[str], Path], name: str) -> None:
    with Visit(browser, pages(name), PAPER) as page:
        page.emulate_media(media="print")
        assert page.evaluate("document.scrollingElement.scrollWidth") <= PAPER


def test_pages_print_light_on_a4(browser: Any, pages: Callable[[str], Path]) -> None:
    """A4 pages, light even for a reader of dark screens, and no wider than the paper."""
    with Visit(browser, pages("complete"), color_scheme="dark") as page:
        page.emulate_media(media="print")
        page.set_viewport_size({"width": PAPER, "height": 1000})
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.locator("nav:visible, button:visible").count() == 0
        # Content that is folded on the screen is printed.
        assert page.locator("details.fold:not([open]) > .table:visible").count() >= 8
        assert page.locator("figure svg:visible").count() == 7
        assert page.evaluate("document.scrollingElement.scrollWidth") <= PAPER
        assert page.evaluate(OVERLAPS) == []


@pytest.mark.parametrize("name", ["default", "published"])
def test_one_feed_takes_few_pages(browser: Any, pages: Callable[[str], Path], name: str) -> None:
    with Visit(browser, pages(name)) as page:
        printed = page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert 4 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 8
