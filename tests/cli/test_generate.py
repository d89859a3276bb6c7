"""`lobench generate`: the file holds the feed that its name, n, seed and rate describe."""

from __future__ import annotations

from pathlib import Path

import pytest

from lobench.engine.feeds import load, open_feed
from lobench.engine.synthetic import names
from tests.support.command import answer, lobench, refused
from tests.support.dbn_files import header, zstd

NAME = "liquid-future"


def digest(spec: object) -> str:
    return load(open_feed([str(spec)])).digest


def test_the_file_holds_the_feed(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.dbn", tmp_path / "a.dbn.zst"
    outcome = answer("generate", NAME, "-n", "20k", "--seed", 5, "--anomalies", 0.05, "-o", plain)
    answer("generate", f"synth:{NAME},n=20000,seed=5,anomalies=0.05", "-o", packed)
    assert outcome["feed"] == f"synth:{NAME},n=20k,seed=5,anomalies=0.05"
    assert (outcome["file"], outcome["records"]) == (str(plain), 20_000)
    assert outcome["bytes"] == plain.stat().st_size > 20_000 * 56
    assert packed.stat().st_size < plain.stat().st_size
    assert digest(plain) == digest(packed) == digest(outcome["feed"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.dbn", "a.dbn.zst"]


def test_another_seed_is_another_feed(tmp_path: Path) -> None:
    for seed in (1, 2):
        done = lobench("generate", NAME, "-n", 1000, "--seed", seed, "-o", f"{seed}.dbn", folder=tmp_path)
        assert done.returncode == 0
        assert done.stdout.startswith(f"{seed}.dbn: 1,000 records of synth:{NAME},n=1000,seed={seed}, ")
    assert digest(tmp_path / "1.dbn") != digest(tmp_path / "2.dbn")


def test_recorded_market_data_is_never_replaced(tmp_path: Path) -> None:
    asked = ("generate", NAME, "-n", 100, "-o")
    for name in ("a.dbn", "a.dbn.zst"):
        for _ in range(2):
            assert lobench(*asked, tmp_path / name).returncode == 0, "what was generated is replaced"
        recorded = tmp_path / f"recorded-{name}"
        recorded.write_bytes(header() if name == "a.dbn" else zstd(header()))
        before = recorded.read_bytes()
        for force in ([], ["--force"]):
            assert "is market data that was not generated" in refused(2, *asked, recorded, *force)
        assert recorded.read_bytes() == before
    notes = tmp_path / "notes.dbn"
    notes.write_text("somebody's")
    assert refused(2, *asked, notes).endswith("--force replaces it")
    assert notes.read_text() == "somebody's"
    assert lobench(*asked, notes, "--force").returncode == 0
    assert digest(notes) == digest(tmp_path / "a.dbn")


@pytest.mark.parametrize("name", ["n" * 244 + ".dbn", "n" * 240 + ".dbn.zst"])
def test_long_names(tmp_path: Path, name: str) -> None:
    assert lobench("generate", NAME, "-n", 100, "-o", name, folder=tmp_path).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert "File name too long" in refused(4, "generate", NAME, "-n", 100, "-o", "n" * 8 + name, folder=tmp_path)


@pytest.mark.fast
def test_list() -> None:
    listed = lobench("generate", "--list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [name for name, _ in names()]
    feeds = answer("generate", "--list")["feeds"]
    assert [(feed["name"], feed["about"]) for feed in feeds] == names()


@pytest.mark.fast
@pytest.mark.parametrize(
    ("code", "arguments", "said"),
    [
        (2, [], "--list shows the names"),
        (2, [NAME], "-o FILE"),
        (2, ["liquid-futur", "-o", "x.dbn"], "did you mean liquid-future?"),
        (2, [NAME, "-n", "0", "-o", "x.dbn"], "n=0"),
        (2, [NAME, "-n", "ten", "-o", "x.dbn"], "n=ten"),
        (2, [NAME, "--seed", "-1", "-o", "x.dbn"], "seed=-1"),
        (2, [NAME, "--anomalies", "2", "-o", "x.dbn"], "anomalies=2"),
        (2, [NAME + ",n=5", "-n", "6", "-o", "x.dbn"], "n must be given once"),
        (2, [NAME, "-o", "x.csv"], "must end in .dbn or .dbn.zst"),
        (4, [NAME, "-o", "none/x.dbn"], "No such file or directory"),
    ],
)
def test_refuses(tmp_path: Path, code: int, arguments: list[str], said: str) -> None:
    assert said in refused(code, "generate", *arguments, folder=tmp_path)
    assert not list(tmp_path.iterdir())
