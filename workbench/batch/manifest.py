"""The manifest of a dataset: what was asked for, and what became of each task. `_lobench/manifest.json`.

Only the command that holds the dataset's lock writes it, whole, after each task.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lobench.engine.errors import UsageError
from lobench.workbench.atomic_write import write_whole
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
    """One task: of which feed, ``runs`` that had it done so far, and what came out last."""

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
        if not self.path.exists():
            return
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            asked = kept["request"]
            self.entries = {one["key"]: from_json(Entry, one) for one in kept["tasks"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{self.path}: is no manifest of a dataset: {error}; {_REMEDY}") from error
        wanted = json.loads(json.dumps(request.as_json()))
        other = [name for name in wanted if asked.get(name) != wanted[name]]
        if other and self.entries:
            was = ", ".join(f"{name} {asked.get(name)}" for name in other)
            raise UsageError(f"{dataset}: was begun with {was}; a dataset has one kind of rows: {_REMEDY}")

    def is_done(self, task: Task) -> bool:
        """Whether all files of a task are there."""
        entry = self.entries.get(task.key)
        return entry is not None and entry.outcome.state == DONE and self._stands(entry.outcome)

    def _stands(self, outcome: TaskOutcome) -> bool:
        places = [(Path(self.dataset, file.path), file.bytes) for file in outcome.files]
        return all(place.is_file() and place.stat().st_size == size for place, size in places)

    def plan(self, tasks: Iterable[Task]) -> None:
        """Enter tasks that are still to be done. Files of a feed that is another by now are removed."""
        given = list(tasks)
        current = {task.key for task in given}
        for task in given:
            old = [key for key, one in self.entries.items() if one.words == task.feed.words and key not in current]
            for key in old:
                del self.entries[key]
            if old:
                for path in files_of(self.dataset, task.feed):
                    path.unlink()
        for task in given:
            if not self.is_done(task):
                self._enter(task, TaskOutcome(state=PLANNED), 0)
        self.save()

    def note(self, task: Task, outcome: TaskOutcome) -> None:
        """What became of a task."""
        self._enter(task, outcome, 1)
        self.save()

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
