"""The asv suite: its parameters are the project's, its pins the pinned ones, and asv accepts it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import common, decode, exact, first_call, output, replay, stages, verification
from lobench.engine.counters import COUNTERS
from lobench.variants import discover
from lobench.workbench.history.asv_files import configuration
from tests.support.paths import ROOT

pytestmark = [pytest.mark.normal, pytest.mark.xdist_group("benchmarks")]

IMPORTED = {"zstandard": "zstandard", "databento_dbn": "databento-dbn", "llvmlite": "numba"}
"""Packages by the name of their module, where it is another or they come with another."""


def test_parameters_are_the_projects_variants_and_counters() -> None:
    assert [name for name, variant in discover().items() if variant.phase is not None] == common.VARIANTS
    assert tuple(COUNTERS) == common.COUNTERS
    assert {f"track_{kind}" for kind in (*COUNTERS, "instructions")} <= set(dir(exact.Exact))


def test_pins_are_those_of_the_constraints() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    wanted = configuration(ROOT)["matrix"]["req"]
    versions = {name: versions for name, versions in wanted.items() if name not in ("setuptools", "wheel")}
    assert versions == {name: [pinned[name]] for name in versions}


FEEDS = ROOT / "engine/feeds"
OTHER_FEEDS = [FEEDS / "tables", FEEDS / "lobster", FEEDS / "spooled.py", FEEDS / "gzipped.py"]
"""Loaded only for feeds of other kinds than the suite's (``tests/unit/test_laziness.py``)."""


def test_an_environment_has_all_that_a_replay_imports() -> None:
    imported = set()
    files = [*(ROOT / "engine").rglob("*.py"), *(ROOT / "variants").rglob("*.py")]
    for path in [file for file in files if not any(folder in (file, *file.parents) for folder in OTHER_FEEDS)]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add(str(node.module).partition(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - {"lobench"}
    assert {IMPORTED.get(name, name) for name in foreign} <= set(configuration(ROOT)["matrix"]["req"])


def test_asv_accepts_the_suite(tmp_path: Path) -> None:
    variables = {**os.environ, "HOME": str(tmp_path), "ASV_PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "asv", "check", "-E", f"existing:{sys.executable}"]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No problems found" in done.stdout


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The preparation for a commit, on short feeds."""
    with pytest.MonkeyPatch.context() as patch:
        for kind in ("FEEDS", "TIMED"):
            patch.setattr(common, kind, [feed.replace("100000", "5000") for feed in getattr(common, kind)])
        patch.chdir(tmp_path_factory.mktemp("asv"))
        prepared = common.Prepared().setup_cache()
    prepared["feeds"] = {name.replace("n=5000", "n=100000"): file for name, file in prepared["feeds"].items()}
    return prepared


def test_installed_sources_are_dated_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("engine", "variants"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(f"name = {package!r}\n")

    def find(name: str) -> object:
        return SimpleNamespace(origin=str(tmp_path / name.rpartition(".")[2] / "__init__.py"))

    monkeypatch.setattr("importlib.util.find_spec", find)

    def date() -> float:
        common.settle()
        return (tmp_path / "engine/__init__.py").stat().st_mtime

    first = date()
    (tmp_path / "engine/__init__.py").write_text("name = 'engine'\n")
    assert date() == first
    (tmp_path / "engine/__init__.py").write_text("name = 'engina'\n")
    assert date() != first


@pytest.mark.long
def test_exact_counts(cache: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    feed = common.FEEDS[0]
    suite: Any = exact.Exact()
    with pytest.raises(NotImplementedError):
        suite.track_locks_taken(cache, "p4_hash_lookup", feed)
    assert suite.track_lookups(cache, "p4_hash_lookup", feed) > 0
    if common.task("counting").missing() is None:
        assert suite.track_instructions(cache, "p4_hash_lookup", feed) > 100
    with pytest.raises(NotImplementedError):
        suite.track_locks_taken(cache, "p99_none", feed)
    assert suite.track_locks_taken.__func__.unit == "per event"


def test_a_replay_is_timed_and_missing_variants_are_skipped(cache: dict[str, object]) -> None:
    suite = replay.Replay()
    suite.setup(cache, "p4_hash_lookup", common.TIMED[1])
    try:
        assert suite.track_events_per_second(cache, "p4_hash_lookup", common.TIMED[1]) > 0
    finally:
        suite.teardown(cache, "p4_hash_lookup", common.TIMED[1])
    with pytest.raises(NotImplementedError):
        suite.setup(cache, "p99_none", common.TIMED[0])
    assert suite.timer() > 0
    assert first_call.FirstCall().timer() >= 0
    with pytest.raises(NotImplementedError):
        first_call.FirstCall().setup(cache, "p99_none", "warm")


@pytest.mark.long
def test_a_replay_that_ends_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "FEEDS", [])
    monkeypatch.setattr(common, "TIMED", [common.TIMED[0].replace("100000", "5000")])
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    suite = stages.Stages()
    cache = suite.setup_cache()
    (feed,) = common.TIMED
    for stage in stages.STAGES:
        suite.setup(cache, "p4_hash_lookup", feed, stage)
        suite.time_replay_until(cache, "p4_hash_lookup", feed, stage)
        assert suite.replay.end_state() == suite.replay.end_state(stage) != 0
        suite.teardown(cache, "p4_hash_lookup", feed, stage)
        suite.setup(cache, "p4_hash_lookup", feed, stage)
        assert suite.track_events_per_second_until(cache, "p4_hash_lookup", feed, stage) > 0
        suite.teardown(cache, "p4_hash_lookup", feed, stage)
        with pytest.raises(NotImplementedError):
            suite.setup(cache, "p99_none", feed, stage)


def test_a_commit_whose_engine_does_not_end_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package, text in {
        "lobench": "",
        "lobench/engine": "",
        "lobench/engine/errors": "class UsageError(Exception):\n    pass\n",
        "lobench/engine/session": "class Replay:\n    def __init__(self, variant, *, evaluate, observe): ...\n",
        "lobench/variants": "def discover():\n    return {}\n\n\ndef resolve(name, known):\n    return name\n",
    }.items():
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert not common.compile_one(("timed", "p4_hash_lookup", {}), "book")


def test_every_form_of_a_feed_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feeds = [common.TIMED[0].replace("100000", "5000")]
    monkeypatch.setattr(common, "FEEDS", [])
    monkeypatch.setattr(common, "TIMED", feeds)
    monkeypatch.setattr(decode, "TIMED", feeds)
    monkeypatch.chdir(tmp_path)
    sums = []
    for form in decode.Decode.params[0]:
        suite = decode.Decode()
        suite.setup(suite.setup_cache(), form)
        sums.append(suite.read())
    assert len(set(sums)) == 1
    assert sums[0] > 0


@pytest.mark.long
def test_rows_out_are_compared_in_turns() -> None:
    suite = output.Output()
    suite.session = output.Session("synth:liquid-future,n=3000")
    for kind in output.KINDS:
        figures = output.measured(suite.session, kind, 1)
        assert len(figures) == 4
        assert min(figures) > 0


def test_verification_is_timed_on_variants_that_agree(
    cache: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "VARIANTS", ["p4_hash_lookup"])
    suite = verification.Verify()
    suite.setup(cache, "p4_hash_lookup", common.FEEDS[0])
    suite.time_verify(cache, "p4_hash_lookup", common.FEEDS[0])
    suite.expected = None
    with pytest.raises(AssertionError, match="computes something else"):
        suite.time_verify(cache, "p4_hash_lookup", common.FEEDS[0])


def test_every_benchmark_has_a_version_of_its_own() -> None:
    """Without one asv takes the digest of its text: the series would end with the next edit."""
    classes = [
        value
        for module in (decode, exact, first_call, output, replay, stages, verification)
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__ and value is not output.Session
    ]
    assert len(classes) == 7
    assert all("version" in vars(one) for one in classes)
