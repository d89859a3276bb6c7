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
from tests.history.miniature import Miniature
from tests.history.recorded import BROKEN, STEP, VARIANTS, recorded

# One process for all of them: a browser is a lot to start.
pytestmark = pytest.mark.xdist_group("browser")
PICTURES = os.environ.get("LOBENCH_SCREENSHOTS")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Folder of a published dashboard, and the commits that it shows."""
    folder = tmp_path_factory.mktemp("dashboard")
    miniature = Miniature(folder / "repository", folder / "cache")
    order = recorded(miniature)
    done = miniature.lobench("dashboard", "-o", "site")
    assert done.returncode == 0, done.stderr
    return miniature.folder / "site", order


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
    """A page with every host but the dashboard's own out of reach; what it asked of others and its complaints."""

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


def test_front_page(browser: Any, served: tuple[str, list[str]]) -> None:
    address, order = served
    with Visit(browser, address, "") as page:
        assert page.locator("svg").count() == 2
        assert page.locator("text=to look at").count() == 2
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/front.png", full_page=True)
        # A point of the picture leads to its commit's report.
        page.locator(f'svg a[*|href="commits/{order[STEP][:12]}.html"]').first.click()
        page.wait_for_selector("h2")
        assert order[STEP][:8] in page.locator("h1").inner_text()
        assert page.locator("text=slower").count() == 2


def test_each_point_of_a_site_in_plain_files_leads_to_its_report(browser: Any, site: tuple[Path, list[str]]) -> None:
    folder, order = site
    shown = [commit for place, commit in enumerate(order) if place != BROKEN]
    with Visit(browser, f"{folder.as_uri()}/", "index.html") as page:
        points = page.locator("svg").first.locator("a")
        assert points.count() == len(VARIANTS) * len(shown)
        places = points.evaluate_all("links => links.map(link => link.href.baseVal)")
        assert sorted(places) == sorted(f"commits/{commit[:12]}.html" for commit in shown for _ in VARIANTS)
        for commit in shown:
            page.locator(f'svg a[*|href="commits/{commit[:12]}.html"]').first.click()
            page.wait_for_url(f"**/commits/{commit[:12]}.html")
            assert commit[:8] in page.locator("h1").inner_text()
            page.locator("nav a").first.click()
            page.wait_for_url("**/index.html")


def test_grid(browser: Any, served: tuple[str, list[str]]) -> None:
    address, _ = served
    with Visit(browser, address, "asv.html#/") as page:
        page.wait_for_selector("#summarygrid-display a.btn")
        names = page.locator("#summarygrid-display").inner_text()
        assert "nanoseconds per event" in names
        assert page.locator("#summarygrid-display canvas").count() >= 3


def test_list(browser: Any, served: tuple[str, list[str]]) -> None:
    address, order = served
    with Visit(browser, address, "asv.html#/summarylist") as page:
        page.wait_for_selector("#summarylist-body tbody tr")
        text = page.locator("#summarylist-body").inner_text()
        assert "p4_hash_lookup" in text
        assert "synth:liquid-future" in text
        # asv's links to commits end at their rows of the front page.
        page.locator(f"#summarylist-body .change-date a:has-text('{order[STEP][:8]}')").first.click()
        page.wait_for_selector(f"#commit-{order[STEP][:8]}:target")
        assert page.locator("h1").inner_text() == "The ladder over time"


def test_graph(browser: Any, served: tuple[str, list[str]]) -> None:
    address, _ = served
    with Visit(browser, address, f"asv.html#{TIME}") as page:
        page.wait_for_selector("#main-graph canvas.flot-base")
        page.wait_for_selector("#main-graph .flot-y-axis .flot-tick-label")
        assert "nanoseconds per event" in page.locator("#title").inner_text().replace("_", " ")
        assert "p4_hash_lookup" in page.locator("#graphdisplay-navigation").inner_text()


def test_regressions(browser: Any, served: tuple[str, list[str]]) -> None:
    address, _ = served
    with Visit(browser, address, "asv.html#/regressions") as page:
        page.wait_for_selector("#regressions-display tbody tr")
        text = page.locator("#regressions-display").inner_text()
        assert "p4_hash_lookup" in text
        assert "1.05x" in text


def test_saved_addresses_of_asv_still_lead_to_its_pages(browser: Any, served: tuple[str, list[str]]) -> None:
    address, _ = served
    with Visit(browser, address, "index.html#/summarylist") as page:
        page.wait_for_selector("#summarylist-body tbody tr")
        # asv writes the address in its own way, some time after its rows.
        page.wait_for_function("location.href.includes('/asv.html#summarylist')")
        assert "/asv.html#summarylist" in page.url
