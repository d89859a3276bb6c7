"""The documentation site: built with every link checked, it downloads nothing and contains the generated pages.

Skipped with a reason if mkdocs is not installed; a failure instead if LOBENCH_REQUIRE_DOCS is set.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lobench
from lobench.workbench.cli import VERBS
from tests.support.command import environment
from tests.support.paths import ROOT

pytestmark = [pytest.mark.normal, pytest.mark.xdist_group("site")]
FETCHED = {
    ".html": re.compile(r'<(?:script|img|iframe)[^>]*src="?(?:https?:)?//|<link[^>]*href="?https?:'),
    ".css": re.compile(r"url\((?:https?:)?//|@import"),
}
"""Things that a browser would load from elsewhere, for each kind of file."""

MISSING = [name for name in ("mkdocs", "material", "mkdocstrings") if importlib.util.find_spec(name) is None]
REQUIRED = os.environ.get("LOBENCH_REQUIRE_DOCS", "") not in ("", "0")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if MISSING and not REQUIRED:
        pytest.skip(f"{', '.join(MISSING)} not installed: pip install 'lobench[docs]'")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env=environment(NO_MKDOCS_2_WARNING="1"),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_pages_fetch_nothing(site: Path) -> None:
    read = [path for path in site.rglob("*") if path.suffix in FETCHED]
    assert len(read) > 30
    assert [path.name for path in read if FETCHED[path.suffix].search(path.read_text(encoding="utf-8"))] == []


def test_every_command_and_every_public_name_is_there(site: Path) -> None:
    commands = (site / "command-line.html").read_text(encoding="utf-8")
    assert [verb for verb in VERBS if f'id="lobench-{verb}"' not in commands] == []
    assert 'id="lobench-history-record"' in commands
    names = (site / "api.html").read_text(encoding="utf-8")
    assert set(lobench.__all__) <= set(re.findall(r'<h3 id="lobench\.(\w+)"', names))


def test_links_lead_from_the_front_page_into_the_site(site: Path) -> None:
    front = (site / "index.html").read_text(encoding="utf-8")
    for place in ("your-engine.html", "published/report.html", "contributing.html", "methodology.html"):
        assert f'href="{place}"' in front
        assert (site / place).exists()
    assert 'src="published/ladder.svg"' in front
    header = "files/engine/foreign/lobench_engine.h"
    assert f'href="{header}"' in (site / "engine-abi.html").read_text(encoding="utf-8")
    assert (site / header).read_bytes() == (ROOT / "engine/foreign/lobench_engine.h").read_bytes()
