"""Shared by the tests of this folder: Chromium without network traffic of its own, and the pages under test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.reports import PAGES
from tests.support.miniature import Miniature
from tests.support.recorded import recorded
from tests.support.typed import write

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
REQUIRED = os.environ.get("LOBENCH_REQUIRE_BROWSER", "") not in ("", "0")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, or a skip that names what is missing; a failure where a browser is required."""
    missing = None if CHROMIUM else "no Chromium on this machine: apt-get install chromium"
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing = "playwright is not installed: pip install 'lobench[test]'"
    if missing:
        if REQUIRED:
            pytest.fail(f"LOBENCH_REQUIRE_BROWSER is set, and there is {missing}")
        pytest.skip(missing)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Name of one of ``PAGES`` -> its file, each written once."""
    made: dict[str, Path] = {}

    def page(name: str) -> Path:
        if name not in made:
            made[name] = write(PAGES[name](), tmp_path_factory.mktemp(name))
        return made[name]

    return page


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Folder of a published dashboard, and the commits that it shows."""
    folder = tmp_path_factory.mktemp("dashboard")
    miniature = Miniature(folder / "repository", folder / "cache")
    order = recorded(miniature)
    done = miniature.lobench("dashboard", "-o", "site")
    assert done.returncode == 0, done.stderr
    return miniature.folder / "site", order


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a written profile."""
    pytest.importorskip("elftools", reason="pip install 'lobench[profile]'")
    from tests.browser import profile_files

    folder = tmp_path_factory.mktemp("profile")
    profile_files.write(folder)
    return folder
