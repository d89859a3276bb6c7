"""Tuning files: files that hold parameters, and which feed finds which."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lobench.engine.errors import UsageError
from lobench.engine.feeds import load, open_feed
from lobench.engine.kernel_builder import build
from lobench.engine.parameters import NEVER
from lobench.variants.p7_cache_layout.parameters import DEFAULTS, LEAST_GAP, NAMES, RANGES, Parameters
from lobench.workbench.tuning import files
from lobench.workbench.tuning.files import Tuning, TuningError, place_of, read
from lobench.workbench.tuning.picking import BEGINNING, NONE, beginning_of, earlier, pick
from tests.support.dbn_files import header, records, write
from tests.support.replays import PHASE

P7, P8 = PHASE[7], PHASE[8]
OTHER = Parameters(
    distance=8, least_lines=5000, fullest=48, after=36, ahead_bytes=NEVER, widest=512, per_level=4, grouped=0
)
TUNING = Tuning(
    "synth:a b", "0123456789abcdef" * 2, "f" * 16, OTHER, True, {"feed": {"books": 3}, "gain": {"value": 1.5}}
)
GOOD = (
    "format = 1\nconfirmed = true\n[feed]\nname = 'x'\ndigest = '0123456789abcdef0123456789abcdef'\n"
    "beginning = 'ffffffffffffffff'\n[parameters]\n"
)


def test_tunings_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "not" / "there" / "one.toml"
    files.write(path, TUNING)
    assert read(path) == TUNING
    assert path.read_text().startswith("# Parameters of p8_profile_guided")
    files.write(path, replace(TUNING, parameters=DEFAULTS, confirmed=False))
    assert (read(path).parameters, read(path).confirmed) == (DEFAULTS, False)
    assert [entry.name for entry in path.parent.iterdir()] == ["one.toml"]
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        files.write(tmp_path / "file" / "below", TUNING)


def test_missing_parameters_have_their_defaults(tmp_path: Path) -> None:
    path = tmp_path / "short.toml"
    path.write_text(GOOD + "distance = 32\n")
    assert read(path).parameters == replace(DEFAULTS, distance=32)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "format must be 1, was missing"),
        ("format = 2", "format must be 1, was 2"),
        ("format = true", "format must be 1, was True"),
        ("format = [", "not TOML"),
        ("format = " + "9" * 5000, "not TOML"),
        ("x = " + "[" * 30_000, "(not TOML|nested too deeply)"),
        ("\0", "not TOML"),
        ("#" * 70_000, "larger than 65,536 bytes"),
        ("format = 1\nother = 1", "'other' is not a field"),
        ("format = 1", "confirmed must be true or false, was missing"),
        ("format = 1\nconfirmed = 1", "confirmed must be true or false, was 1"),
        ("format = 1\nconfirmed = true\nfeed = 3", "feed must be a table"),
        ("format = 1\nconfirmed = true", "feed.name must be a text"),
        (GOOD.replace("'x'", "7"), "feed.name must be a text, was 7"),
        (GOOD.replace("abcdef'", "ABCDEF'"), "feed.digest must be 32 hex digits"),
        (GOOD.replace("'ffffffffffffffff'", "'../../../../x'"), "feed.beginning must be 16 hex digits"),
        ("parameters = 1\n" + GOOD.replace("[parameters]", ""), "parameters must be a table"),
        (GOOD + "distances = 16", "parameters.distances is not a parameter"),
        (GOOD + "distance = 33", "parameters.distance must be an integer from 1 to 32, was 33"),
        (GOOD + "distance = 64", "parameters.distance must be"),
        (GOOD + "distance = 0", "parameters.distance must be"),
        (GOOD + "distance = 16.0", "parameters.distance must be"),
        (GOOD + "distance = true", "parameters.distance must be"),
        (GOOD + "distance = 'x'", "parameters.distance must be"),
        (GOOD + "least_lines = 1", "parameters.least_lines must be an integer from 16"),
        (GOOD + "least_lines = 99999999999999999999", "parameters.least_lines must be"),
        (GOOD + "fullest = 64", "parameters.fullest must be"),
        (GOOD + "after = 0", "parameters.after must be"),
        (GOOD + "fullest = 30\nafter = 30", "parameters.after must be at most fullest - 4"),
        (GOOD + "ahead_bytes = -1", "parameters.ahead_bytes must be"),
        (GOOD + "widest = 32", "parameters.widest must be a power of two"),
        (GOOD + "per_level = 0", "parameters.per_level must be"),
        (GOOD + "[gain]\nvalue = nan", "gain.value must be a finite number"),
        (GOOD + "[gain]\n[gain.deep]\nvalue = inf", "gain.deep.value must be a finite number"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(TuningError, match=problem) as refusal:
        read(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert len(str(refusal.value)) < 1000
    assert refusal.value.exit_code == 3
    assert earlier(path) is None


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TuningError, match="not TOML"):
        read(tmp_path / "bytes.toml")
    os.mkfifo(tmp_path / "pipe")
    for name in ("nothing.toml", "", "pipe", "a\0b"):
        with pytest.raises(UsageError, match="--tuning takes a file"):
            read(f"{tmp_path}/{name}")
    assert earlier(tmp_path / "nothing.toml") is None


@given(st.fixed_dictionaries({name: st.integers(-2, 1 << 63) for name in NAMES}))
def test_ranges_of_parameters(values: dict[str, int]) -> None:
    good = all(
        low <= values[name] <= high and (not powers or values[name].bit_count() == 1)
        for name, (low, high, powers) in RANGES.items()
    )
    if good and values["after"] <= values["fullest"] - LEAST_GAP:
        assert Parameters.of(values).as_json() == values
    else:
        with pytest.raises(ValueError, match="|".join(NAMES)):
            Parameters.of(values)


def test_defaults_are_within_their_ranges() -> None:
    assert Parameters.of(DEFAULTS.as_json()) == Parameters.of({}) == DEFAULTS


def test_one_kernel_for_all_parameters() -> None:
    assert P8.policies == {**P7.policies, "tuning": "profiled"}
    assert build(P7) is build(P8) is build(P8.fitted(OTHER))
    assert P8.fitted(OTHER).parameters == OTHER
    assert P8.fitted(None) is P8
    assert P8.parameters == P7.parameters == DEFAULTS
    assert P7.fitted(OTHER) is P7


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of tunings."""
    folder = tmp_path / "tunings"
    monkeypatch.setenv("LOBENCH_TUNING_DIR", str(folder))
    return folder


def test_the_folder_of_tunings(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.folder() == kept
    monkeypatch.setenv("LOBENCH_TUNING_DIR", "")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert files.folder() == Path("/data/lobench/tuned")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/me")
    assert files.folder() == Path("/me/.local/share/lobench/tuned")


@pytest.mark.normal
@pytest.mark.parametrize("home", ["~", "here"])
def test_without_a_home_nothing_is_kept_in_the_working_folder(
    kept: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    for name in ("LOBENCH_TUNING_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", home)
    assert files.folder() is None
    with pytest.raises(UsageError, match=r"no home folder .*; -o names a file, LOBENCH_TUNING_DIR a folder"):
        place_of("0" * 32, "0" * 16)
    assert pick(open_feed(["synth:liquid-future,n=10"]), None, [P8]) is None


def test_market_data_is_no_place_for_a_tuning(tmp_path: Path) -> None:
    feed = Path(write(tmp_path / "day.dbn", header()))
    with pytest.raises(UsageError, match="is market data"):
        files.check_place(feed)


@pytest.mark.normal
def test_a_feed_finds_its_tuning(tmp_path: Path, kept: Path) -> None:
    path, ends_differently = tmp_path / "one.dbn", tmp_path / "two.dbn"
    rows = records(BEGINNING + 100, 1)
    write(path, header(), rows.tobytes())
    rows["size"][-1] += 1
    write(ends_differently, header(), rows.tobytes())
    stream = open_feed([str(path)])
    whole = load(stream)
    assert pick(whole, None, [P8]) is None
    keys = (whole.digest, beginning_of(stream))
    assert keys[1] == beginning_of(whole)
    files.write(place_of(*keys), replace(TUNING, digest=keys[0], beginning=keys[1]))
    for feed in (whole, stream):
        picked = pick(feed, None, [P7, P8])
        assert picked is not None
        assert picked.parameters == OTHER
        assert picked.as_json()["parameters"] == OTHER.as_json()
        assert "/" not in picked.as_json()["profile"]
        assert pick(feed, None, [P7]) is None
        assert pick(feed, NONE, [P8]) is None
    # Another feed with the same beginning: its digest distinguishes it, but only if the whole feed is loaded.
    assert pick(load(open_feed([str(ends_differently)])), None, [P8]) is None
    assert pick(open_feed([str(ends_differently)]), None, [P8]) is not None
    files.write(place_of("0" * 32, keys[1]), TUNING)
    assert pick(stream, None, [P8]) is None
    assert pick(whole, None, [P8]) is not None


@pytest.mark.normal
def test_tunings_of_other_feeds_are_not_opened(kept: Path) -> None:
    feed = open_feed(["synth:liquid-future,n=5000"])
    kept.mkdir()
    (kept / f"{'0' * 16}-{'0' * 32}.toml").write_text("broken")
    assert pick(feed, None, [P8]) is None
    loaded = load(feed)
    place_of(loaded.digest, beginning_of(loaded)).write_text("broken")
    for one in (feed, loaded):
        with pytest.raises(TuningError, match="not TOML"):
            pick(one, None, [P8])


@pytest.mark.normal
def test_unconfirmed_tunings_are_used_only_by_name(tmp_path: Path, kept: Path) -> None:
    feed = load(open_feed(["synth:liquid-future,n=5000"]))
    path = place_of(feed.digest, beginning_of(feed))
    files.write(path, replace(TUNING, confirmed=False))
    assert pick(feed, None, [P8]) is None
    picked = pick(feed, str(path), [P8])
    assert picked is not None
    assert picked.parameters == OTHER
    with pytest.raises(UsageError, match="no variant here takes a tuning"):
        pick(feed, str(path), [P7])
