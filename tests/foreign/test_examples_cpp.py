"""The C++ engines of examples/engines: the build script, and agreement with the oracle."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from lobench.engine.feeds import open_feed
from lobench.engine.foreign.abi import Options
from lobench.engine.foreign.engine import load
from lobench.engine.foreign.face import Face
from lobench.engine.oracle import Oracle
from lobench.engine.records import ASK, BID
from tests.foreign.built import built
from tests.support.command import environment
from tests.support.paths import ROOT

BUILD = ROOT / "examples" / "engines" / "build"
ENGINES = ("cpp_textbook", "cpp_limit")
DATA = os.environ.get("LOBENCH_REAL_DATA")
REAL = "glbx_es/orderbooks_mbo_2024-05-08T00-00-00_2024-05-08T00-00-02.dbn.zst"
WITHOUT_RUST = {} if shutil.which("rustc") else {"RUSTC": "no-such-rustc"}
RULES, MARKET = "synth:every-rule,n=6000", "synth:equity-universe,n=8000,anomalies=0.05"

pytestmark = [
    pytest.mark.normal,
    pytest.mark.xdist_group("examples"),
    pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++"),
]


def build(folder: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BUILD, folder], env=environment(**changes), capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those that all tests share; where there is no compiler of Rust, C++'s alone."""
    if not WITHOUT_RUST:
        return built()
    folder = tmp_path_factory.mktemp("engines")
    done = build(folder, **WITHOUT_RUST)
    assert not [line for line in done.stderr.splitlines() if "needs no-such-rustc" not in line]
    return folder


def test_a_second_build_builds_nothing(libraries: Path) -> None:
    times = {path: path.stat().st_mtime_ns for path in libraries.glob("cpp_*.so")}
    assert {path.stem for path in times} == set(ENGINES)
    done = build(libraries, **WITHOUT_RUST)
    assert done.stdout == ""
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_a_missing_compiler_is_named(tmp_path: Path) -> None:
    done = build(tmp_path, CXX="no-such-compiler", RUSTC="no-such-rustc")
    assert done.returncode == 1
    assert (
        "build: cpp_limit.so needs no-such-compiler, which is not installed; on Debian: apt install g++" in done.stderr
    )
    assert not list(tmp_path.glob("*.so"))


@cache
def computed(feed: str, evaluate: str) -> Oracle:
    """The oracle's results on a feed."""
    oracle = Oracle(evaluate, keep_rows=True)
    for chunk in open_feed([feed]):
        oracle.apply(chunk.array())
    return oracle


@pytest.mark.parametrize(
    ("feed", "evaluate"), [(RULES, "last"), (RULES, "every"), (MARKET, "last"), (REAL, "last")], ids=str
)
@pytest.mark.parametrize("name", ENGINES)
def test_engines_equal_the_oracle_bit_for_bit(name: str, feed: str, evaluate: str, libraries: Path) -> None:
    if feed == REAL:
        if not DATA:
            pytest.skip("LOBENCH_REAL_DATA does not name the folder of real data")
        feed = str(Path(DATA) / REAL)
    oracle = computed(feed, evaluate)
    expected = oracle.finish()
    newest = {(instrument, publisher): row for _, instrument, publisher, row in oracle.rows}
    face = replayed(libraries / f"{name}.so", feed, stage=3, every=evaluate == "every")
    counts = face.counts()
    assert (counts.events, counts.evaluations) == (expected.events, expected.evaluations)
    assert counts.anomalies == tuple(expected.anomalies.values())
    assert face.trace() == expected.trace
    for end in expected.books:
        key = end.instrument_id, end.publisher_id
        book = oracle.book(*key)
        assert book is not None
        for side, code in (("B", BID), ("A", ASK)):
            levels = [
                (*level, face.orders(*key, side, level[0]).tolist()) for level in face.levels(*key, side, 4096).tolist()
            ]
            assert levels == book.levels(code)
        row, accounts = face.features(*key), face.accounts(*key)
        assert row is not None
        assert accounts is not None
        assert repr(row.tolist()) == repr(list(newest.get(key, [float("nan")] * len(row))))
        ends = [(one.position, one.cash, one.equity, one.trades) for one in end.strategies]
        assert repr(accounts.tolist()) == repr(ends)
    face.close()


def test_until_book_the_same_quotes_are_traced(libraries: Path) -> None:
    faces = [replayed(libraries / f"{name}.so", RULES, stage=1, every=False) for name in ENGINES]
    first, second = (face.trace() for face in faces)
    assert first == second != 0
    for face in faces:
        assert face.counts().evaluations == computed(RULES, "last").finish().evaluations
        face.close()


def replayed(library: Path, feed: str, *, stage: int, every: bool) -> Face:
    """An engine that has had all records of the feed."""
    face = load(str(library)).start(Options(stage=stage, evaluate_every=every, workers=1))
    for chunk in open_feed([feed]):
        records = chunk.array().copy()  # aligned
        face.apply(records.ctypes.data, records.itemsize, len(records))
    return face
