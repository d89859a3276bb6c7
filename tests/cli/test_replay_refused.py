"""`lobench replay` refuses impossible requests in one line, and leaves files untouched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.command import busy, calm, lobench, refused
from tests.support.dbn_files import header, write, zstd


@pytest.fixture
def feed(tmp_path: Path) -> str:
    return write(tmp_path / "feed.dbn", header(), busy(2_000).tobytes())


def test_strict_stops_at_the_first_anomaly(tmp_path: Path) -> None:
    records = calm(500)
    assert lobench("replay", write(tmp_path / "calm.dbn", header(), records.tobytes()), "--strict").returncode == 0
    records["size"][321] = 9
    feed = write(tmp_path / "feed.dbn", header(), records.tobytes())
    before = sorted(tmp_path.iterdir())
    line = refused(3, "replay", feed, "--strict", "--features", tmp_path / "f.parquet")
    assert line.startswith("lobench: event 321: cancel_oversize: ")
    assert sorted(tmp_path.iterdir()) == before


def test_bad_data_leaves_the_old_file(tmp_path: Path) -> None:
    feed = write(tmp_path / "cut.dbn", header(), busy(2_000).tobytes()[:-1])
    target = tmp_path / "f.parquet"
    target.write_text("old")
    line = refused(3, "replay", feed, "--features", target, "--force")
    assert f"{feed}: byte " in line
    assert target.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.fast
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--depth", "3"], "belong together"),
        (["--book", "b.parquet"], "belong together"),
        (["--book", "b.parquet", "--depth", "0"], "depth must be 1 to 100, was 0"),
        (["--book", "b.parquet", "--depth", "101"], "depth must be 1 to 100, was 101"),
        (["--workers", "1,2"], "--workers takes one number here, was 1,2"),
        (["--until", "1%"], "--until takes a stage (decode, book, features, strategies), was '1%'"),
        (["--workers", "0"], "--workers takes positive numbers"),
        (["--variant", "p9_nothing"], "no variant named 'p9_nothing'"),
        (["--variants-from", "none.py"], "none.py: No such file or directory"),
        (["--features", "none/f.parquet"], "none/f.parquet: cannot be written: No such file or directory"),
        (["--features", "."], ".: cannot be written: is not a regular file"),
        (["--features", "/dev/null"], "/dev/null: cannot be written: is not a regular file"),
        (["--features", "x", "--book", "./x", "--depth", "1"], "would replace another file of this command"),
        (["--features", "feed.dbn"], "would replace another file of this command"),
        (["--features", "f.txt"], "--features f.txt: the name must end in .parquet, .arrow or .csv"),
        (["--features", "f"], "--features f: the name must end in .parquet, .arrow or .csv"),
        (["--book", "b.db", "--depth", "1"], "--book b.db: the name must end in .parquet, .arrow or .csv"),
        (["--features", "-", "--json"], "--json and rows cannot both go to standard output"),
        (["--features", "-", "--book", "-", "--depth", "1"], "would replace another file of this command"),
        (["--features", "f.csv", "--compression", "zstd"], "--compression of f.csv is one of none, was 'zstd'"),
        (["--sample", "1s"], "--sample applies to rows: name a file for them"),
        (["--features", "f.csv", "--sample", "1x"], "--sample takes a time (1s, 100ms)"),
        (["--features", "f.csv", "--columns", "mid_prize"], "no feature 'mid_prize'; did you mean mid_price"),
        (["--book", "b.csv", "--depth", "1", "--columns", "mid_price"], "--columns chooses features"),
    ],
)
def test_refuses_before_any_work(feed: str, tmp_path: Path, arguments: list[Any], said: str) -> None:
    assert said in refused(2, "replay", "feed.dbn", *arguments, folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["feed.dbn"]


@pytest.mark.fast
@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("name", ["other.dbn.zst", "other.parquet", "link.parquet", "hard.parquet"])
def test_market_data_is_never_replaced(feed: str, tmp_path: Path, name: str, force: list[str]) -> None:
    """Neither the replayed feed nor another one is overwritten, under any name."""
    content = zstd(header(), busy(10).tobytes())
    (tmp_path / "other.dbn.zst").write_bytes(content)
    (tmp_path / "other.parquet").write_bytes(header())
    (tmp_path / "link.parquet").symlink_to(tmp_path / "other.dbn.zst")
    (tmp_path / "hard.parquet").hardlink_to(feed)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    line = refused(2, "replay", feed, "--features", name, *force, folder=tmp_path)
    assert f"--features {name}: " in line
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_foreign_files_are_replaced_only_with_force(feed: str, tmp_path: Path) -> None:
    target = tmp_path / "f.parquet"
    target.write_text("somebody's")
    asked = ("replay", feed, "--until", "features", "--features", target)
    assert refused(2, *asked).endswith("--force replaces it")
    assert target.read_text() == "somebody's"
    for more in (["--force"], []):
        assert lobench(*asked, *more).returncode == 0
        assert target.read_bytes()[:4] == b"PAR1"


@pytest.mark.fast
@pytest.mark.parametrize("arguments", [[], ["x.dbn", "--evaluate", "never"]])
def test_usage(arguments: list[str]) -> None:
    done = lobench("replay", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: lobench replay")


@pytest.mark.fast
def test_no_such_feed(tmp_path: Path) -> None:
    assert refused(3, "replay", tmp_path / "none.dbn").endswith("none.dbn: no such file")
