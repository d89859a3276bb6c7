"""The C++ engines of examples/engines: the script that builds them, and that they compute what the oracle does."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

import lobench.variants  # registers the features and strategies
from lobench.engine.feeds import open_feed
from lobench.engine.foreign.engine import load
from lobench.engine.foreign.replay import ForeignReplay
from lobench.engine.oracle import Oracle
from lobench.engine.records import ASK, BID
from tests.cli.command import environment

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "examples" / "engines" / "build"
ENGINES = ("cpp_textbook", "cpp_limit")
DATA = os.environ.get("LOBENCH_REAL_DATA")
REAL = "glbx_es/orderbooks_mbo_2024-05-08T00-00-00_2024-05-08T00-00-02.dbn.zst"
FEEDS = ("synth:every-rule,n=12000", "synth:equity-universe,n=12000,anomalies=0.05", REAL)

pytestmark = [
    pytest.mark.normal,
    pytest.mark.xdist_group("examples_cpp"),
    pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++"),
]


def build(folder: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BUILD, folder], env=environment(**changes), capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("engines")
    # Rust's engines are built where they are tested.
    done = build(folder, RUSTC="no-such-rustc")
    assert not [line for line in done.stderr.splitlines() if "needs no-such-rustc" not in line]
    return folder


def test_what_is_built_is_not_built_again(libraries: Path) -> None:
    built = {path: path.stat().st_mtime_ns for path in libraries.glob("cpp_*.so")}
    assert {path.stem for path in built} == set(ENGINES)
    done = build(libraries, RUSTC="no-such-rustc")
    assert done.stdout == ""
    assert {path: path.stat().st_mtime_ns for path in built} == built


def test_a_missing_compiler_is_named(tmp_path: Path) -> None:
    done = build(tmp_path, CXX="no-such-compiler", RUSTC="no-such-rustc")
    assert done.returncode == 1
    assert "build: cpp_limit.so needs no-such-compiler, which is not here; on Debian: apt install g++" in done.stderr
    assert not list(tmp_path.glob("*.so"))


@cache
def computed(feed: str, evaluate: str) -> Oracle:
    """What the oracle computes of a feed."""
    oracle = Oracle(evaluate, keep_rows=True)
    for chunk in open_feed([feed]):
        oracle.apply(chunk.array())
    return oracle


@pytest.mark.parametrize("evaluate", ["last", "every"])
@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("name", ENGINES)
def test_all_is_equal_to_the_last_bit(name: str, feed: str, evaluate: str, libraries: Path) -> None:
    if feed == REAL:
        if not DATA:
            pytest.skip("LOBENCH_REAL_DATA does not name the folder of real data")
        feed = str(Path(DATA) / REAL)
    oracle = computed(feed, evaluate)
    expected = oracle.finish()
    newest = {(instrument, publisher): row for _, instrument, publisher, row in oracle.rows}
    engine = load(str(libraries / f"{name}.so"))
    with ForeignReplay(engine, evaluate=evaluate) as replay:
        for chunk in open_feed([feed]):
            replay.apply(chunk)
        result = replay.finish()
        assert (result.trace, result.events, result.evaluations) == (
            expected.trace,
            expected.events,
            expected.evaluations,
        )
        assert result.anomalies == expected.anomalies
        books = {(book.instrument_id, book.publisher_id): book for book in replay.books()}
        assert set(books) == {(end.instrument_id, end.publisher_id) for end in expected.books}
        for end in expected.books:
            key = end.instrument_id, end.publisher_id
            resting = oracle.book(*key)
            assert resting is not None
            for side, code in (("B", BID), ("A", ASK)):
                levels = [(one.price, one.size, one.count, list(one.orders)) for one in books[key].levels(side)]
                assert levels == resting.levels(code)
            assert books[key].accounts() == end.strategies
            assert repr(replay.newest(*key)) == repr(newest.get(key, (float("nan"),) * 24)).replace("-nan", "nan")


@pytest.mark.parametrize("name", ENGINES)
def test_until_book_traces_the_same_quotes(name: str, libraries: Path) -> None:
    traces = []
    for engine in ("cpp_textbook", name):
        with ForeignReplay(load(str(libraries / f"{engine}.so")), until="book") as replay:
            for chunk in open_feed([FEEDS[0]]):
                replay.apply(chunk)
            traces.append(replay.finish().trace)
    assert traces[0] == traces[1] != 0
