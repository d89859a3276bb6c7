"""asv's site, published by asv itself, then made to load everything from its own folder."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench import git
from lobench.workbench.dashboard.replacing import replacing
from lobench.workbench.dashboard.staging import stage
from lobench.workbench.history.asv_files import configuration
from lobench.workbench.optional_dependencies import required
from lobench.workbench.processes.claimed_folders import scratch_folder
from lobench.workbench.processes.starting import helper

ASSETS = Path(__file__).with_name("assets")
APPLICATION = "asv.html"
"""asv's page; ``index.html`` is the front page."""

_FOREIGN = re.compile(
    r'(?P<name>src|href)="(?P<url>https://[^"]+\.(?:js|css))"'
    r'(?: integrity="[^"]*")?(?: crossorigin="[^"]*")?(?: referrerpolicy="[^"]*")?'
)
_VERSIONED = re.compile(r"-\d+(?:\.\d+)+(?=\.)")
_LAST_LINES = 15

REMEDY = "name another folder with -o"

NOWHERE = ("", "#")
"""Placeholders that asv takes as the address of a project, or of a commit."""

COMMIT = "index.html#commit-"
"""Before a commit's name: its row of the front page."""


@contextmanager
def published(root: Path, results: Path, target: Path) -> Iterator[Path]:
    """The folder of a new site that asv has written, for more pages; at the end it replaces ``target``.

    Until then ``target`` is unchanged. Raises UsageError if it cannot be replaced, LobenchError with asv's last words.
    """
    check_target(target)
    with replacing(target, REMEDY) as site:
        publish(root, results, site)
        yield site


def publish(root: Path, results: Path, target: Path) -> None:
    """Let asv write its site to ``target``, which is replaced. Raises LobenchError with asv's last words."""
    required("asv")
    with scratch_folder() as folder:
        stage(results, Path(folder) / "results")
        settings = configuration(root)
        settings |= {"repo": str(root), "html_dir": str(target), "branches": ["HEAD"]}
        settings["results_dir"] = str(Path(folder) / "results")
        # Without a project address of its own, asv's links lead to this site's reports.
        for name, here in (("project_url", "index.html"), ("show_commit_url", COMMIT)):
            if settings.get(name, "#") in NOWHERE:
                settings[name] = here
        path = Path(folder) / "asv.conf.json"
        path.write_text(json.dumps(settings), encoding="utf-8")
        command = helper("asv", "publish", "--no-pull", "--config", str(path))
        command["env"] = git.environment(command["env"])
        done = subprocess.run(**command, cwd=root, capture_output=True, text=True, errors="replace", encoding="utf-8")
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_LAST_LINES:])
        raise LobenchError(f"asv publish failed:\n{said}")
    make_offline(target)


def make_offline(site: Path) -> None:
    """Copy the assets and rewrite asv's page to load them; it moves to ``APPLICATION``.

    Raises LobenchError if asv's page asks for something that is not among the assets.
    """
    shutil.copytree(ASSETS, site / "assets")
    have = {path.name for path in ASSETS.iterdir()}
    page = site / "index.html"

    def local(found: re.Match[str]) -> str:
        plain = _VERSIONED.sub("", found["url"].rpartition("/")[2])
        for name in (plain, plain.replace(".min.", ".")):
            if name in have:
                return f'{found["name"]}="assets/{name}"'
        raise LobenchError(f"asv's page loads {found['url']}, which is not in {ASSETS} (scripts/vendor-assets)")

    text = _FOREIGN.sub(local, page.read_text(encoding="utf-8"))
    back = '<li><a href="index.html">What got slower</a></li>'
    text = text.replace('<li id="nav-li-" class="active">', f'{back}<li id="nav-li-" class="active">', 1)
    page.unlink()
    (site / APPLICATION).write_text(text, encoding="utf-8")


def check_target(target: Path) -> None:
    """The folder is replaced: it must be a site, or empty, or not there. Raises LobenchError."""
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target}: is not a folder; {REMEDY}")
    if target.is_dir() and any(target.iterdir()) and not (target / "info.json").exists():
        raise LobenchError(f"{target}: holds something other than a dashboard; {REMEDY}")
