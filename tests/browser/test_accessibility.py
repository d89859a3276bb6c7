"""Every kind of page that lobench writes, checked by axe-core in Chromium: names of controls, contrast, headings,
landmarks, tables, keyboard access; in light and dark mode, at the widths of a phone and a laptop.

Needs Chromium (`apt-get install chromium`), `playwright` and `axe-playwright-python`, which contains axe-core: nothing
is downloaded. Without them the tests are skipped, unless LOBENCH_REQUIRE_BROWSER is set.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lobench.workbench.dashboard.pages import write_plain
from tests.browser import test_dashboard
from tests.browser.conftest import REQUIRED
from tests.browser.reports import PAGES
from tests.browser.test_page import Visit
from tests.support.recorded import STEP

# One process for all: starting a browser is expensive.
pytestmark = pytest.mark.xdist_group("browser")
TYPICAL = (1280, "dark")
SCREENS = [(width, scheme) for width in (400, 1280) for scheme in ("light", "dark")]
MARKED = [pytest.param(*screen, marks=() if screen == TYPICAL else pytest.mark.long) for screen in SCREENS]
# Folded content is not checked.
UNFOLD = "document.querySelectorAll('details').forEach((details) => { details.open = true; })"
# Rules that axe-core runs only on request.
RULES = ("target-size", "td-has-header", "label-content-name-mismatch")
OPTIONS = {"resultTypes": ["violations"], "rules": {name: {"enabled": True} for name in RULES}}
# Small by nature: points of the dashboard, whose reports are also linked from the table of commits, and boxes of a
# flame graph.
SMALL = re.compile("<a [^>]*data-tip|<g ")

Check = Callable[[Any], list[str]]


@pytest.fixture(scope="module")
def violations() -> Check:
    """Page -> the rules that it breaks, each with the element and the reason."""
    if not REQUIRED:
        pytest.importorskip("axe_playwright_python", reason="pip install 'lobench[test]'")
    from axe_playwright_python.sync_playwright import Axe

    def found(page: Any) -> list[str]:
        page.evaluate(UNFOLD)
        said = Axe().run(page, options=OPTIONS).response
        # A check of nothing finds nothing: these rules check text in HTML and boxes of a flame graph.
        assert {"color-contrast", "aria-command-name"} & {rule["id"] for rule in said["passes"]}
        return [
            f"{rule['id']}: {node['html'][:200]}: {node['failureSummary']}"
            for rule in said["violations"]
            for node in rule["nodes"]
            if rule["id"] != "target-size" or not SMALL.match(node["html"])
        ]

    return found


@pytest.mark.parametrize(("width", "scheme"), MARKED)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "quick" else pytest.mark.long) for name in PAGES]
)
def test_reports(
    browser: Any, violations: Check, pages: Callable[[str], Path], name: str, width: int, scheme: str
) -> None:
    with Visit(browser, pages(name), width, color_scheme=scheme) as page:
        assert violations(page) == []


@pytest.mark.long
@pytest.mark.parametrize(("width", "scheme"), MARKED)
def test_the_dashboard(
    browser: Any, violations: Check, site: tuple[Path, list[str]], tmp_path: Path, width: int, scheme: str
) -> None:
    """The front page, reports of commits, and the page of a site without a history. asv's own page is asv's."""
    folder, order = site
    write_plain(tmp_path)
    (tmp_path / "swallow.ico").touch()
    made = [(folder, "index.html"), *((folder, f"commits/{order[place][:12]}.html") for place in (0, STEP))]
    for root, path in (*made, (tmp_path, "index.html")):
        with test_dashboard.Visit(browser, f"{root.as_uri()}/", path) as page:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            assert violations(page) == []


@pytest.mark.long
@pytest.mark.parametrize(("width", "scheme"), SCREENS)
@pytest.mark.parametrize("name", ["source.html", "flame.svg"])
def test_the_files_of_a_profile(
    browser: Any, violations: Check, profile: Path, name: str, width: int, scheme: str
) -> None:
    with Visit(browser, profile / name, width, color_scheme=scheme) as page:
        assert violations(page) == []


@pytest.mark.parametrize(
    ("broken", "rule"),
    [("<button></button>", "button-name"), ("<p style='color: #aaa'>Faint</p>", "color-contrast")],
)
def test_axe_finds_each_planted_fault(browser: Any, violations: Check, broken: str, rule: str) -> None:
    page = browser.new_page()
    page.set_content(f"<!doctype html><html lang='en'><title>A page</title><main><h1>A page</h1>{broken}</main></html>")
    found = violations(page)
    page.close()
    assert any(text.startswith(f"{rule}: ") for text in found)
