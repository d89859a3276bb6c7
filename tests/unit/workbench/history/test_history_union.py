"""Recorded history: a file for each commit, never changed; the records of several jobs form one history."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lobench.engine.errors import LobenchError
from lobench.workbench.history.store import History, load
from tests.support.history_jobs import FEED, commit, job, point


def test_a_saved_history_is_read(tmp_path: Path) -> None:
    made = job(tmp_path, 1, 2, 3)
    made.broken[commit(4)] = "4 (commit 4): it does not compile:\nTraceback\nTypeError: no"
    made.save()
    read = load(tmp_path / "history.json", "elsewhere")
    for name in ("machine", "points", "anchors", "feeds", "broken", "sessions"):
        assert getattr(read, name) == getattr(made, name), name
    assert list(read.points) == [commit(place) for place in (1, 2, 3)]
    assert read.why(commit(4)) == "4 (commit 4): it does not compile: TypeError: no"
    assert len(list(made.recorded.iterdir())) == 4


def test_a_file_is_never_changed(tmp_path: Path) -> None:
    job(tmp_path, 1, 2)
    before = {path.name: path.read_bytes() for path in (tmp_path / "recorded").iterdir()}
    job(tmp_path, 1, variant="p4")
    after = {path.name: path.read_bytes() for path in (tmp_path / "recorded").iterdir()}
    assert len(before) == len(after) == 2
    assert len(before.keys() & after.keys()) == 1
    assert all(after[name] == before[name] for name in before.keys() & after.keys())


def test_two_jobs_are_one_history(tmp_path: Path) -> None:
    """From one start, each with a commit of its own, a variant of its own, and one commit that both measured."""
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        job(folder, 1)
    job(folders[0], 2, 3, anchor=1, session="a", measured=200, ns=80.0)
    job(folders[1], 3, 4, anchor=1, session="b", measured=300, ns=70.0)
    job(folders[1], 3, variant="p4", anchor=3, session="b", measured=300)
    whole = tmp_path / "whole"
    (whole / "recorded").mkdir(parents=True)
    for folder in folders:
        for path in (folder / "recorded").iterdir():
            other = whole / "recorded" / path.name
            # Files with the same name have the same content: git merges them without a conflict.
            assert not other.exists() or other.read_bytes() == path.read_bytes()
            other.write_bytes(path.read_bytes())
    read = load(whole / "history.json", "here")
    assert list(read.points) == [commit(place) for place in (1, 2, 3, 4)]
    both = read.points[commit(3)]
    assert set(both["feeds"][FEED]) == {"p0", "p4"}
    # If both measured a point, the later measurement.
    assert both["feeds"][FEED]["p0"]["ns"] == 70.0
    assert both["tried"] == [f"{FEED} p0", f"{FEED} p4"]
    assert {one["name"] for one in read.sessions} == {"s", "a", "b"}
    # The next recording leaves one file for each commit.
    read.save()
    assert len(list(read.recorded.iterdir())) == 4
    assert load(whole / "history.json", "here").points == read.points


def test_records_of_other_jobs_stay(tmp_path: Path) -> None:
    history = job(tmp_path, 1)
    job(tmp_path, 2, anchor=1)
    history.points[commit(3)] = point(3, "p0")
    history.save()
    assert set(load(tmp_path / "history.json", "here").points) == {commit(place) for place in (1, 2, 3)}


def test_a_series_that_two_jobs_began_goes_on_from_the_oldest(tmp_path: Path) -> None:
    for folder, place in (("a", 5), ("b", 2)):
        job(tmp_path / folder, place)
    for path in (tmp_path / "b/recorded").iterdir():
        (tmp_path / "a/recorded" / path.name).write_bytes(path.read_bytes())
    assert load(tmp_path / "a/history.json", "here").anchors == {FEED: {"p0": commit(2)}}


def test_a_measured_commit_is_no_longer_broken(tmp_path: Path) -> None:
    failed = History(tmp_path / "history.json", "here", broken={commit(2): "no memory", commit(3): "no"})
    failed.save()
    for path in list(failed.recorded.iterdir()):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    job(tmp_path, 2)
    for path in tmp_path.glob("*-*.json"):
        path.rename(tmp_path / "recorded" / path.name)
    read = load(tmp_path / "history.json", "here")
    assert set(read.broken) == {commit(3)}
    assert set(read.points) == {commit(2)}


def test_other_records_of_a_feed_are_refused(tmp_path: Path) -> None:
    made = job(tmp_path, 1)
    made.feeds[FEED] = "b" * 32
    made.points[commit(1)]["measured"] = 400
    other = History(tmp_path / "other" / "history.json", "here", made.points, made.anchors, made.feeds)
    other.save()
    (path,) = other.recorded.iterdir()
    (tmp_path / "recorded" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(LobenchError, match="was recorded on different records of synth:liquid-future"):
        load(tmp_path / "history.json", "here")


def test_a_history_in_one_file_is_converted(tmp_path: Path) -> None:
    made = job(tmp_path / "made", 1, 2)
    names = ("machine", "points", "anchors", "feeds", "broken", "sessions")
    file = tmp_path / "history.json"
    file.write_text(json.dumps({"version": 1, **{name: getattr(made, name) for name in names}}))
    read = load(file, "here")
    assert read.points == made.points
    read.save()
    assert not file.exists()
    assert {path.name for path in read.recorded.iterdir()} == {path.name for path in made.recorded.iterdir()}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    made = job(tmp_path, 1)
    (path,) = made.recorded.iterdir()
    path.write_text("{")
    with pytest.raises(LobenchError, match=rf"{path.name}: not JSON"):
        load(tmp_path / "history.json", "here")


def test_a_machine_that_names_another_folder_is_refused(tmp_path: Path) -> None:
    """asv's files are written to a folder with the machine's name."""
    (tmp_path / "history.json").write_text(json.dumps({"version": 2, "machine": "../../elsewhere"}))
    with pytest.raises(LobenchError, match=r"history\.json: machine: must be the name of a folder, was '\.\./"):
        load(tmp_path / "history.json", "here")


def test_samples_of_one_second_have_names_of_their_own(tmp_path: Path) -> None:
    history = History(tmp_path / "history.json", "here")
    for samples in ([1], [2]):
        history.keep_samples("100-1a2b3c4d", {"samples": samples})
    assert len(list(history.folder.iterdir())) == 2


def test_ratios_of_times_become_ratios_of_speeds(tmp_path: Path) -> None:
    """Version 1 had them above 1 where a commit was slower."""
    made = job(tmp_path / "made", 1, 2)
    finding = {"feed": FEED, "variant": "p0", "ratio": {"value": 1.25, "low": 1.2, "high": 1.6}, "control": None}
    made.points[commit(2)]["against"] = {"commit": commit(1), "findings": [finding]}
    file = tmp_path / "history.json"
    file.write_text(json.dumps({"version": 1, "points": made.points}))
    for _ in range(2):
        read = load(file, "here")
        (turned,) = read.points[commit(2)]["against"]["findings"]
        assert turned["ratio"] == {"value": 0.8, "low": 0.625, "high": 1 / 1.2}
        read.save()
    assert not file.exists()
