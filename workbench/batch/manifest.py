"""The manifest of a dataset: the request, and the outcome of each task. `_lobench/manifest.json`.

Only the command that holds the dataset's lock writes it, whole, after each task.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from lobench.engine.errors import UsageError
from lobench.workbench.atomic_write import write_whole
from lobench.workbench.batch.feeds import BatchFeed
from lobench.workbench.batch.layout import files_of
from lobench.workbench.batch.request import BatchRequest
from lobench.workbench.batch.task import DONE, PLANNED, Task, TaskOutcome
from lobench.workbench.results.conversion import as_json, from_json

FOLDER: Final = "_lobench"
"""Readers of datasets pass over names that begin with an underscore."""
_FORMAT: Final = 1
_REMEDY: Final = "choose another place with -o"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One task: its feed, the ``runs`` that did it so far, and the last outcome."""

    key: str
    feed: str
    words: tuple[str, ...]
    size: int
    part: int
    parts: int
    runs: int
    outcome: TaskOutcome


class Manifest:
    """Opens the manifest of a dataset, or begins one. Raises UsageError where that was begun with other rows in mind,
    or where the file is no manifest."""

    def __init__(self, dataset: str, request: BatchRequest) -> None:
        self.dataset = dataset
        self.path = Path(dataset, FOLDER, "manifest.json")
        self._request = request
        self.entries: dict[str, Entry] = {}
        self._tasks: dict[tuple[str, ...], list[Task]] = {}
        if not self.path.exists():
            return
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            asked = kept["request"]
            self.entries = {one["key"]: from_json(Entry, one) for one in kept["tasks"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{self.path}: is not a dataset's manifest: {error}; {_REMEDY}") from error
        wanted = json.loads(json.dumps(request.as_json()))
        other = [name for name in wanted if asked.get(name) != wanted[name]]
        if other and any(one.outcome.state == DONE for one in self.entries.values()):
            was = ", ".join(f"{name} {asked.get(name)}" for name in other)
            raise UsageError(f"{dataset}: was begun with {was}; a dataset holds one kind of rows: {_REMEDY}")

    def check(self, feeds: Iterable[BatchFeed]) -> None:
        """Raise UsageError for a feed that is in the dataset already, read in another way: its rows would be there
        twice."""
        for entry, feed in self._otherwise(feeds):
            before = BatchFeed(entry.words)
            if entry.outcome.state == DONE or files_of(self.dataset, before):
                raise UsageError(
                    f"{feed.name}: is in {self.dataset} as {before.name}, and its rows would be duplicated: "
                    f"{_REMEDY}, or list both with --feeds-from"
                )

    def _otherwise(self, feeds: Iterable[BatchFeed]) -> list[tuple[Entry, BatchFeed]]:
        """Entries of the same files read in a way that is not asked for now."""
        given = {feed.words: feed for feed in feeds}
        paths = {feed.paths: feed for feed in given.values()}
        others = [(one, BatchFeed(one.words).paths) for one in self.entries.values() if one.words not in given]
        return [(one, paths[named]) for one, named in others if named in paths]

    def is_done(self, task: Task) -> bool:
        """Whether all files of a task are there, or all of its feed's that another number of tasks has written."""
        return bool(self._done(task))

    def _done(self, task: Task) -> list[str]:
        """Keys of the entries that say so."""
        if self._whole(task.key):
            return [task.key]
        for parts in {one.parts for one in self.entries.values() if one.words == task.feed.words} - {task.parts}:
            keys = [replace(task, part=part, parts=parts).key for part in range(parts)]
            if all(map(self._whole, keys)):
                return keys
        return []

    def _whole(self, key: str) -> bool:
        entry = self.entries.get(key)
        return entry is not None and entry.outcome.state == DONE and self._stands(entry.outcome)

    def _stands(self, outcome: TaskOutcome) -> bool:
        places = [(Path(self.dataset, file.path), file.bytes) for file in outcome.files]
        return all(place.is_file() and place.stat().st_size == size for place, size in places)

    def of_other_sources(self, digest: str) -> int:
        """How many tasks were done by sources of another digest."""
        done = [one.outcome for one in self.entries.values() if one.outcome.state == DONE]
        return sum(one.source_digest not in (None, digest) for one in done)

    def plan(self, tasks: Iterable[Task]) -> None:
        """Enter pending tasks. Files of a changed feed's earlier state stay until the new ones are complete: the feed
        may only be out of reach for now. Raises UsageError as ``check`` does."""
        given = list(tasks)
        feeds = [task.feed for task in given]
        self.check(feeds)
        for entry, _ in self._otherwise(feeds):
            del self.entries[entry.key]
        self._tasks = {}
        for task in given:
            self._tasks.setdefault(task.feed.words, []).append(task)
        for task in given:
            if not self.is_done(task):
                self._enter(task, TaskOutcome(state=PLANNED), 0)
        for words in self._tasks:
            self._replace(words)
        self.save()

    def note(self, task: Task, outcome: TaskOutcome) -> None:
        """The outcome of a task."""
        self._enter(task, outcome, 1)
        self._replace(task.feed.words)
        self.save()

    def _replace(self, words: tuple[str, ...]) -> None:
        """When all of a changed feed is done, forget and remove its earlier files."""
        old = {key for key, one in self.entries.items() if one.words == words}
        tasks = self._tasks.get(words, [])
        if len(old) <= 1 or not all(map(self.is_done, tasks)):
            return
        current = {key for task in tasks for key in self._done(task)}
        kept = {Path(self.dataset, file.path) for key in current for file in self.entries[key].outcome.files}
        if old > current:
            for path in files_of(self.dataset, BatchFeed(words)):
                if path not in kept:
                    path.unlink(missing_ok=True)
        for key in old - current:
            del self.entries[key]

    def _enter(self, task: Task, outcome: TaskOutcome, more: int) -> None:
        before = self.entries.get(task.key)
        self.entries[task.key] = Entry(
            key=task.key,
            feed=task.feed.name,
            words=task.feed.words,
            size=task.feed.size,
            part=task.part,
            parts=task.parts,
            runs=(before.runs if before else 0) + more,
            outcome=outcome,
        )

    def save(self) -> None:
        content: dict[str, Any] = {
            "lobench": "batch",
            "format": _FORMAT,
            "request": self._request.as_json(),
            "tasks": [as_json(entry) for entry in self.entries.values()],
        }
        write_whole(self.path, json.dumps(content, indent=1), _REMEDY, folders=True)
