"""The published site: asv accepts the files, everything is local, the pages show what was recorded."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.dashboard import publishing, serving
from lobench.workbench.history.asv_files import TIME, series_name
from tests.support.miniature import Miniature
from tests.support.recorded import BROKEN, FEEDS, STEP, VARIANTS, recorded

FOREIGN = re.compile(r"""(?:src|href|url\()\s*=?\s*["']?(https?:)?//[^"' >]+\.(?:js|css|png|woff2?|ico)""")


@pytest.fixture
def site(miniature: Miniature) -> tuple[Path, list[str]]:
    order = recorded(miniature)
    done = miniature.lobench("dashboard", "-o", "site")
    assert done.returncode == 0, done.stderr
    return miniature.folder / "site", order


def test_the_site(site: tuple[Path, list[str]]) -> None:
    folder, order = site
    index = json.loads((folder / "index.json").read_text())
    assert {TIME, series_name("instructions"), series_name("locks_taken")} <= set(index["benchmarks"])
    assert index["benchmarks"][TIME]["params"] == [[repr(name) for name in VARIANTS], sorted(map(repr, FEEDS))]
    assert len(index["revision_to_hash"]) == len(order) - 1
    assert (index["project_url"], index["show_commit_url"]) == ("index.html", publishing.COMMIT)
    listed = json.loads((folder / "regressions.json").read_text())["regressions"]
    slower = [one for one in listed if one[0].startswith(TIME)]
    assert len(slower) == len(FEEDS)
    assert all("p4_hash_lookup" in one[0] for one in slower)

    for page in folder.rglob("*.html"):
        assert not FOREIGN.search(page.read_text()), page
    application = (folder / publishing.APPLICATION).read_text()
    for file in re.findall(r'(?:src|href)="(assets/[^"]+)"', application):
        assert (folder / file).is_file(), file
    assert application.count('"assets/') == 10
    assert len(list((folder / "assets" / "licences").iterdir())) == 6

    front = (folder / "index.html").read_text()
    assert front.count("<svg") == len(FEEDS) * len(VARIANTS)
    assert f"commits/{order[-1][:12]}.html" in front
    assert "<b>&amp;amp;" not in front
    assert "&lt;b&gt;" in front
    assert f"not measured: {order[BROKEN][:8]}" in front
    assert "2 to look at: p4_hash_lookup takes 5." in front
    assert f"since 4 Oct 2026 ({order[STEP][:8]}), and 1 more." in front
    # Commits are listed in order, including those that could not be measured.
    listed = re.findall(r'id="commit-([0-9a-f]{8})"', front)
    assert listed == [commit[:8] for commit in reversed(order)]
    # Without costs of lines, the changed line is shown.
    assert "variants/p4_hash_lookup.py:1" in front
    links = set(re.findall(r'(?:xlink:)?href="(commits/[^"]+)"', front))
    assert len(links) == len(order) - 1
    assert all((folder / link).is_file() for link in links)
    report = (folder / f"commits/{order[STEP][:12]}.html").read_text()
    assert "slower" in report
    assert "locks_taken 0 → 1" in report


@pytest.mark.long
def test_a_project_with_an_address_keeps_it(miniature: Miniature) -> None:
    recorded(miniature, 6)
    file = miniature.folder / "asv.conf.json"
    addresses = {"project_url": "https://example.org/", "show_commit_url": "https://example.org/commit/"}
    file.write_text(json.dumps({**json.loads(file.read_text()), **addresses}))
    assert miniature.lobench("dashboard", "-o", "site").returncode == 0
    index = json.loads((miniature.folder / "site/index.json").read_text())
    assert {name: index[name] for name in addresses} == addresses


def test_asv_itself_reads_the_files(miniature: Miniature) -> None:
    order = recorded(miniature)
    command = [sys.executable, "-m", "asv", "show", "--machine", "any", order[3]]
    (machine,) = (path.parent.name for path in miniature.folder.glob(".asv/results/*/machine.json"))
    command[5] = machine
    done = subprocess.run(command, cwd=miniature.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert TIME in done.stdout
    assert "p4_hash_lookup" in done.stdout


@pytest.mark.long
def test_the_suite_that_asv_found_stays(miniature: Miniature) -> None:
    recorded(miniature)
    file = miniature.folder / ".asv/results/benchmarks.json"
    content = json.loads(file.read_text())
    own: dict[str, Any] = {
        "name": "replay.Replay.time_replay",
        "params": [],
        "param_names": [],
        "type": "time",
        "unit": "seconds",
    }
    own |= {"code": "", "version": "1", "timeout": 60}
    file.write_text(json.dumps({"version": 2, own["name"]: own, "lobench.old_per_event": content[TIME]}))
    assert miniature.lobench("dashboard", "-o", "site").returncode == 0
    content = json.loads(file.read_text())
    assert own["name"] in content
    assert TIME in content
    assert "lobench.old_per_event" not in content


def test_a_page_that_asks_for_more_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<script src="https://example.org/new-1.2.3.min.js"></script>')
    with pytest.raises(LobenchError, match="scripts/vendor-assets"):
        publishing.make_offline(tmp_path)


def test_other_folders_are_not_replaced(miniature: Miniature) -> None:
    recorded(miniature, 6)
    kept = miniature.folder / "mine"
    kept.mkdir()
    (kept / "thesis.txt").write_text("years of work")
    done = miniature.lobench("dashboard", "-o", "mine")
    assert done.returncode == 1
    assert "holds something other" in done.stderr
    assert (kept / "thesis.txt").exists()


def test_a_branch_without_records_is_refused(miniature: Miniature) -> None:
    miniature.commit("first")
    done = miniature.lobench("dashboard")
    assert done.returncode == 2
    assert "nothing recorded for this branch" in done.stderr


def test_recorded_commits_that_are_not_here_are_said(miniature: Miniature) -> None:
    order = recorded(miniature, 8)
    miniature.git("reset", "-q", "--hard", order[5])
    done = miniature.lobench("history", "regressions", "--json")
    assert json.loads(done.stdout)["outside"] == 2
    assert "2 of 7 recorded commits are not in HEAD's history" in done.stderr
    # Like a clone of a single commit that was never recorded.
    miniature.git("checkout", "-q", "--orphan", "alone")
    miniature.commit("alone")
    done = miniature.lobench("history", "regressions")
    assert done.returncode == 2
    assert "none of the 7 recorded commits is in HEAD's history" in done.stderr
    assert "git fetch --unshallow" in done.stderr


def test_serving(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("hello")
    with serving.server(tmp_path, 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/") as answer:
                assert answer.read() == b"hello"
            with pytest.raises(UsageError, match="--port"):
                serving.server(tmp_path, server.server_port)
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.long
def test_a_site_of_asvs_own_results(miniature: Miniature) -> None:
    order = recorded(miniature, 6)
    shutil.rmtree(miniature.folder / ".asv/lobench")
    done = miniature.lobench("dashboard", "-o", "site")
    assert done.returncode == 0, done.stderr
    site = miniature.folder / "site"
    assert "What asv has measured" in (site / "index.html").read_text()
    index = json.loads((site / "index.json").read_text())
    assert TIME in index["benchmarks"]
    assert len(index["revision_to_hash"]) == len(order) - 1
    assert not (miniature.folder / ".asv/lobench").exists()
