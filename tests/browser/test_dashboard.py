"""The dashboard in Chromium with every other host blocked: grid, list, graph, regressions, front page and reports.

Needs Chromium (`apt-get install chromium`) and `playwright`; without them the tests are skipped, unless
LOBENCH_REQUIRE_BROWSER is set. LOBENCH_SCREENSHOTS names a folder for pictures of every page.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lobench.workbench.dashboard import serving
from lobench.workbench.history.asv_files import TIME
from tests.support.recorded import BROKEN, FEEDS, STEP, VARIANTS

# One process for all: starting a browser is expensive.
pytestmark = pytest.mark.xdist_group("browser")
PICTURES = os.environ.get("LOBENCH_SCREENSHOTS")


@pytest.fixture(scope="module")
def served(site: tuple[Path, list[str]]) -> Iterator[tuple[str, list[str]]]:
    """Address of the dashboard when it is served, and its commits."""
    folder, order = site
    with serving.server(folder, 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", order
        server.shutdown()
        thread.join()


class Visit:
    """A page that can reach only the dashboard's host, with its requests to other hosts and its errors."""

    def __init__(self, browser: Any, address: str, path: str) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.address = address
        self.page.route("**/*", self._route)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("response", self._response)
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
        self.page.goto(address + path)

    def _route(self, route: Any) -> None:
        if route.request.url.startswith(self.address):
            route.continue_()
        else:
            self.asked.append(route.request.url)
            route.abort()

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _response(self, response: Any) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, kind: Any, *_: Any) -> None:
        if PICTURES and kind is None:
            taken = len(list(Path(PICTURES).iterdir()))
            self.page.screenshot(path=f"{PICTURES}/{taken:02}.png", full_page=True)
        self.context.close()
        if kind is None:
            assert self.asked == []
            assert self.complaints == []


def wait_for_text(page: Any, selector: str, text: str) -> None:
    """Wait until an element shows a text: asv's pages fill in after they have loaded."""
    shown = "([selector, text]) => document.querySelector(selector)?.innerText.replaceAll('_', ' ').includes(text)"
    page.wait_for_function(shown, arg=[selector, text.replace("_", " ")])


def test_front_page(browser: Any, served: tuple[str, list[str]]) -> None:
    address, order = served
    with Visit(browser, address, "") as page:
        assert page.locator("svg").count() == len(FEEDS) * len(VARIANTS)
        assert page.locator("h1").inner_text().startswith("2 to look at: p4_hash_lookup takes 5.")
        # Both are first on their feeds, with a mark at the step.
        assert page.locator(".panels > .panel:first-child.looked").count() == len(FEEDS)
        assert page.locator("svg line.step.bad").count() == len(FEEDS)
        # A row links to its picture, a point of the picture to its commit's report.
        page.locator("table a").first.click()
        assert page.evaluate("document.querySelector(':target').className") == "panel looked"
        point = page.locator(f'svg a[href="commits/{order[STEP][:12]}.html"]').first
        point.hover()
        tip = page.locator("#tip").inner_text()
        assert f"{order[STEP][:8]} Change {STEP} <b>&amp;</b>: " in tip
        assert "ns an event (" in tip
        point.click()
        page.wait_for_selector("h2")
        assert order[STEP][:8] in page.locator("h1").inner_text()
        assert page.locator("main .bad", has_text="slower").count() == 2
        assert "variants/p4_hash_lookup.py:1" in page.locator("main").inner_text()


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "light"),
        *(pytest.param(*screen, marks=pytest.mark.long) for screen in ((390, "dark"), (1280, "light"))),
        (1280, "dark"),
    ],
)
def test_the_front_page_is_readable(browser: Any, site: tuple[Path, list[str]], width: int, scheme: str) -> None:
    """Nothing sticks out, no text is smaller than ten pixels, all has contrast, also on a telephone and in the dark."""
    folder, order = site
    with Visit(browser, f"{folder.as_uri()}/", "index.html") as page:
        page.emulate_media(color_scheme=scheme)
        for path in ("index.html", f"commits/{order[STEP][:12]}.html"):
            page.goto(f"{folder.as_uri()}/{path}")
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            if PICTURES:
                page.screenshot(
                    path=f"{PICTURES}/{Path(path).parent.name or 'front'}-{width}-{scheme}.png", full_page=True
                )
            contrasts = page.evaluate(CONTRASTS)
            assert contrasts
            assert min(contrast for contrast, _ in contrasts) >= 4.5, min(contrasts)
        page.goto(f"{folder.as_uri()}/index.html")
        heights = page.locator("svg text").evaluate_all(
            "texts => texts.map(text => text.getBoundingClientRect().height)"
        )
        assert min(heights) >= 10


CONTRASTS = """() => {
  const light = (color) => {
    const parts = color.match(/[\\d.]+/g).map(Number);
    const linear = parts.slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return [0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2], parts[3] === undefined ? 1 : parts[3]];
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const [value, opaque] = light(getComputedStyle(one).backgroundColor);
      if (opaque === 1) return value;
    }
    return 1;
  };
  const found = [];
  for (const element of document.querySelectorAll("main *")) {
    const own = Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const ink = light(element instanceof SVGElement ? style.fill : style.color)[0];
    const paper = behind(element);
    found.push([(Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05), element.outerHTML.slice(0, 120)]);
  }
  return found;
}"""
"""The contrast of every text with its background, and the element."""


@pytest.mark.long
def test_each_point_of_a_site_in_plain_files_leads_to_its_report(browser: Any, site: tuple[Path, list[str]]) -> None:
    folder, order = site
    shown = [commit for place, commit in enumerate(order) if place != BROKEN]
    with Visit(browser, f"{folder.as_uri()}/", "index.html") as page:
        points = page.locator("svg").first.locator('a[href^="commits/"]')
        places = points.evaluate_all("links => links.map(link => link.getAttribute('href'))")
        # In commit order.
        assert places == [f"commits/{commit[:12]}.html" for commit in shown]
        across = points.evaluate_all("links => links.map(link => link.getBoundingClientRect().x)")
        assert across == sorted(across)
        for commit in shown:
            page.locator(f'svg a[href="commits/{commit[:12]}.html"]').first.click()
            page.wait_for_url(f"**/commits/{commit[:12]}.html")
            assert commit[:8] in page.locator("h1").inner_text()
            page.locator("nav a").first.click()
            page.wait_for_url("**/index.html")
        # A commit that could not be measured has a mark at its place, and a row with the reason.
        page.locator("svg").first.locator(f'a[href="#commit-{order[BROKEN][:8]}"]').click()
        assert "TypeError" in page.locator("tr:target").inner_text()


def test_grid(browser: Any, served: tuple[str, list[str]]) -> None:
    address, _ = served
    with Visit(browser, address, "asv.html#/") as page:
        # Pictures come one by one, each after its data.
        page.wait_for_function("document.querySelectorAll('#summarygrid-display canvas').length >= 3")
        wait_for_text(page, "#summarygrid-display", "nanoseconds per event")


def test_list(browser: Any, served: tuple[str, list[str]]) -> None:
    address, order = served
    with Visit(browser, address, "asv.html#/summarylist") as page:
        wait_for_text(page, "#summarylist-body", "p4_hash_lookup")
        wait_for_text(page, "#summarylist-body", "synth:liquid-future")
        # asv's links to commits lead to their rows on the front page.
        page.locator(f"#summarylist-body .change-date a:has-text('{order[STEP][:8]}')").first.click()
        page.wait_for_selector(f"#commit-{order[STEP][:8]}:target")
        assert "to look at" in page.locator("h1").inner_text()


def test_graph(browser: Any, served: tuple[str, list[str]]) -> None:
    address, _ = served
    with Visit(browser, address, f"asv.html#{TIME}") as page:
        page.wait_for_selector("#main-graph canvas.flot-base")
        page.wait_for_selector("#main-graph .flot-y-axis .flot-tick-label")
        wait_for_text(page, "#title", "nanoseconds per event")
        wait_for_text(page, "#graphdisplay-navigation", "p4_hash_lookup")


def test_regressions(browser: Any, served: tuple[str, list[str]]) -> None:
    address, _ = served
    with Visit(browser, address, "asv.html#/regressions") as page:
        wait_for_text(page, "#regressions-display", "p4_hash_lookup")
        wait_for_text(page, "#regressions-display", "1.05x")


def test_saved_addresses_of_asv_still_lead_to_its_pages(browser: Any, served: tuple[str, list[str]]) -> None:
    address, _ = served
    with Visit(browser, address, "index.html#/summarylist") as page:
        page.wait_for_selector("#summarylist-body tbody tr")
        # asv rewrites the address some time after its rows appear.
        page.wait_for_function("location.href.includes('/asv.html#summarylist')")
        assert "/asv.html#summarylist" in page.url
