"""The manifest of a batch's dataset: finished tasks, their feeds and their rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lobench.engine.errors import UsageError
from lobench.workbench.batch.feeds import BatchFeed
from lobench.workbench.batch.manifest import Manifest
from lobench.workbench.batch.request import BatchRequest
from lobench.workbench.batch.schedule import schedule_of, tasks_of
from lobench.workbench.batch.task import DONE, FAILED, DatasetFile, TaskOutcome

pytestmark = pytest.mark.normal

REQUEST = BatchRequest(features=("mid_price",))


def test_the_manifest_lists_finished_tasks(tmp_path: Path) -> None:
    dataset = str(tmp_path)
    feeds = [BatchFeed((name,), 100, "1") for name in ("a", "b", "c")]
    tasks = tasks_of(feeds, REQUEST, dataset, "c")
    manifest = Manifest(dataset, REQUEST)
    manifest.plan(tasks)
    (tmp_path / "date=2024-05-06").mkdir()
    place = tmp_path / f"date=2024-05-06/{feeds[0].stem}-000.parquet"
    place.write_bytes(b"12345")
    file = DatasetFile(str(place.relative_to(tmp_path)), 2, 5, ("X",))
    manifest.note(tasks[0], TaskOutcome(state=DONE, files=(file,), anomalies={"zero_size": 1}, seconds=2.0))
    manifest.note(tasks[1], TaskOutcome(state=FAILED, error="bad"))

    again = Manifest(dataset, REQUEST)
    assert again.entries == manifest.entries
    again.plan(tasks)
    assert [again.is_done(task) for task in tasks] == [True, False, False]
    schedule = schedule_of(tasks, 3, again)
    assert (schedule.tasks, schedule.done, schedule.seconds, schedule.measured) == (tuple(tasks[1:]), 1, 4.0, True)
    kept = json.loads((tmp_path / "_lobench/manifest.json").read_text())
    assert [one["outcome"]["state"] for one in kept["tasks"]] == ["done", "planned", "planned"]
    assert kept["tasks"][0]["outcome"]["files"][0]["symbols"] == ["X"]

    place.write_bytes(b"123")
    assert not again.is_done(tasks[0]), "it is not the file that was written"
    changed = tasks_of([BatchFeed(("a",), 100, "2")], REQUEST, dataset, "c")
    again.plan(changed)
    assert place.exists(), "until there is what replaces it"
    new = place.with_name(f"{feeds[0].stem}-001.parquet")
    new.write_bytes(b"1234")
    again.note(
        changed[0], TaskOutcome(state=DONE, files=(replace(file, path=str(new.relative_to(tmp_path)), bytes=4),))
    )
    assert (place.exists(), new.exists()) == (False, True), "the feed is another by now"
    assert [entry.feed for entry in again.entries.values()] == ["b", "c", "a"]
    again.plan(tasks_of([BatchFeed(("a",))], REQUEST, dataset, "c"))
    again.note(tasks_of([BatchFeed(("a",))], REQUEST, dataset, "c")[0], TaskOutcome(state=FAILED, error="no such file"))
    assert new.exists(), "it is only out of reach"
    again.plan(changed)
    assert (again.is_done(changed[0]), new.exists()) == (True, True)
    assert [entry.feed for entry in again.entries.values()] == ["b", "c", "a"]

    smaller = BatchRequest(features=("mid_price",), split=50)
    split = tasks_of([BatchFeed(("a",), 100, "2")], smaller, dataset, "c")
    assert [Manifest(dataset, smaller).is_done(task) for task in split] == [True, True], "as one task, before"

    with pytest.raises(UsageError, match="was begun with sample None; a dataset holds one kind of rows"):
        Manifest(dataset, BatchRequest(features=("mid_price",), sample="1s"))
    (tmp_path / "_lobench/manifest.json").write_text("{}")
    with pytest.raises(UsageError, match="is not a dataset's manifest"):
        Manifest(dataset, REQUEST)


def test_a_feed_is_in_a_dataset_once(tmp_path: Path) -> None:
    dataset = str(tmp_path)

    def planned(*words: tuple[str, ...]) -> Manifest:
        manifest = Manifest(dataset, REQUEST)
        manifest.plan(tasks_of([BatchFeed(each, 100, "1") for each in words], REQUEST, dataset, "c"))
        return manifest

    whole, some, more = ("a",), ("a", "--symbols=X"), ("a", "--symbols=Y")
    assert [one.words for one in planned(some).entries.values()] == [some]
    manifest = planned(whole)
    assert [one.words for one in manifest.entries.values()] == [whole], "nothing had come of the other"
    manifest.note(tasks_of([BatchFeed(whole, 100, "1")], REQUEST, dataset, "c")[0], TaskOutcome(state=DONE))
    with pytest.raises(UsageError, match=r"a --symbols=X: is in .* as a, and its rows would be duplicated"):
        planned(some)
    assert [one.words for one in planned(whole, some, more).entries.values()] == [whole, some, more]
    place = tmp_path / f"date=2024-05-06/{BatchFeed(more).stem}-000.parquet"
    place.parent.mkdir()
    place.touch()
    with pytest.raises(UsageError, match="as a --symbols=Y"):
        planned(whole, some)


def test_a_dataset_keeps_its_kind_of_rows(tmp_path: Path) -> None:
    tasks = tasks_of([BatchFeed(("a",), 100, "1")], REQUEST, str(tmp_path), "c")
    Manifest(str(tmp_path), REQUEST).plan(tasks)
    other = BatchRequest(features=("mid_price",), sample="1s")
    manifest = Manifest(str(tmp_path), other)
    manifest.note(tasks[0], TaskOutcome(state=DONE))
    with pytest.raises(UsageError, match="was begun with sample 1s"):
        Manifest(str(tmp_path), REQUEST)
