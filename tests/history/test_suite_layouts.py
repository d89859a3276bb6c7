"""asv's suite on two commits of this repository, the last one before lobench had one import name and the newest: all
variants of the ladder take part in both.

Each commit lies in an environment of its own that holds no other lobench, as asv makes them.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from benchmarks import common
from tests.support.environments import git, new_environment
from tests.support.paths import ROOT
from tests.support.replays import LADDER

pytestmark = [pytest.mark.long, pytest.mark.timeout(7200)]
pytest.importorskip("asv")

NAMES = [
    *(f"exact.Exact.track_{name}" for name in ("instructions", "locks_taken", "lookups")),
    "replay.Replay.time_replay",
]
BENCHMARKS = "|".join(NAMES)


def before_the_move() -> str:
    """The commit before the one that added ``lobench/__init__.py``; skips where this clone has none."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    added = git(ROOT, "log", "--format=%H", "--diff-filter=A", "--", "lobench/__init__.py").split()
    if not added:
        pytest.skip("this clone does not reach back to the commit that added lobench/__init__.py")
    parents = git(ROOT, "log", "-1", "--format=%P", added[-1]).split()
    if not parents:
        pytest.skip("this clone begins with the commit that added lobench/__init__.py")
    return parents[0]


def laid_out(folder: Path, commit: str) -> Path:
    """The commit's packages, as a wheel would leave them."""
    held = git(ROOT, "ls-tree", "--name-only", commit).split()
    archived = subprocess.run(
        ["git", "-C", str(ROOT), "archive", commit, "--", "engine", "variants"], check=True, capture_output=True
    ).stdout
    target = folder / "lobench" if "lobench" in held else folder
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(archived)) as tar:
        tar.extractall(target)
    if target != folder:
        (target / "__init__.py").touch()
    return folder


def suite(folder: Path, commit: str) -> dict[str, dict[tuple[str, str], float | None]]:
    """Benchmark to variant and feed to asv's value for a commit: None if it failed, NaN if it was skipped."""
    python = new_environment(folder / "env")
    # asv 0.6.6 takes the folders of ASV_PYTHONPATH from the benchmarks' path again.
    (site,) = (folder / "env").glob("lib/python*/site-packages")
    (site / "tree.pth").write_text(f"{laid_out(folder / 'tree', commit)}\n")
    configuration = json.loads(_without_comments((ROOT / "asv.conf.json").read_text()))
    # asv does not support a work tree whose repository is elsewhere.
    git(ROOT, "clone", "-q", "--no-checkout", str(ROOT), str(folder / "repository"))
    places = {
        "repo": str(folder / "repository"),
        "benchmark_dir": str(ROOT / "benchmarks"),
        "results_dir": str(folder / "results"),
    }
    (folder / "asv.conf.json").write_text(json.dumps({**configuration, **places}))
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LOBENCH_TREE"))},
        **{"HOME": str(folder), "LOBENCH_CACHE_DIR": str(folder / "cache"), "OPENBLAS_NUM_THREADS": "1"},
    }
    asv = [str(python), "-m", "asv", "--config", str(folder / "asv.conf.json")]
    for words in (
        ["machine", "--yes"],
        ["run", "--quick", "-e", "-E", f"existing:{python}", "--set-commit-hash", commit, "--bench", BENCHMARKS],
    ):
        done = subprocess.run([*asv, *words], cwd=folder, env=variables, capture_output=True, text=True, timeout=7000)
        assert done.returncode == 0, done.stdout + done.stderr
    (result,) = (path for path in (folder / "results").glob("*/*.json") if path.name.startswith(commit[:8]))
    content = json.loads(result.read_text())
    columns = content["result_columns"]
    # Rows omit missing values at their ends.
    return {name: _values(dict(zip(columns, row, strict=False))) for name, row in content["results"].items()}


def _values(row: dict[str, Any]) -> dict[tuple[str, str], float | None]:
    variants, feeds = ([word.strip("'") for word in words] for words in row["params"])
    pairs = [(variant, feed) for variant in variants for feed in feeds]
    return dict(zip(pairs, row["result"], strict=True))


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))


@pytest.mark.parametrize("layout", ["at the top", "one import name"])
def test_the_suite_finds_all_variants_in_both_layouts(layout: str, tmp_path: Path) -> None:
    old = before_the_move()
    commit = old if layout == "at the top" else git(ROOT, "rev-parse", "HEAD").strip()
    assert ("lobench" in git(ROOT, "ls-tree", "--name-only", commit).split()) == (commit != old)
    found = suite(tmp_path, commit)
    assert len(common.VARIANTS) == len(LADDER)
    assert sorted(found) == NAMES
    for name, values in found.items():
        measured = {pair[0] for pair, value in values.items() if value is None or value > 0}
        # Later variants take no locks, so there is nothing to measure.
        assert measured == set(common.VARIANTS[:2] if name.endswith("locks_taken") else common.VARIANTS), name
        assert None not in values.values(), name
