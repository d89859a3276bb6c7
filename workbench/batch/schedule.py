"""The tasks of a batch, and an estimate of their cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lobench.workbench.batch.feeds import BatchFeed
from lobench.workbench.batch.manifest import Manifest
from lobench.workbench.batch.request import MOST_FILES, BatchRequest
from lobench.workbench.batch.task import DONE, Task
from lobench.workbench.version import version

_BYTES: Final = {".dbn": 56.0, ".zst": 14.0, ".gz": 16.0, ".parquet": 20.0, ".csv": 90.0}
_OTHERS: Final = 36.0
"""Bytes of a record in files of a kind, roughly: messages of ITCH have as many as the last."""
_SECONDS: Final = {True: 0.8e-6, False: 0.15e-6}
"""Of one core, for a record whose rows are all written, and one of a sample; roughly, on a machine of today."""


@dataclass(frozen=True)
class Schedule:
    """Pending ``tasks``, the largest first, and how many of the ``feeds``' are finished. ``seconds``: of one core, an
    estimate; ``measured``: it comes from finished tasks of this dataset."""

    tasks: tuple[Task, ...]
    feeds: int
    done: int
    seconds: float
    measured: bool

    @property
    def bytes(self) -> int:
        return sum(task.size for task in self.tasks)

    def as_json(self) -> dict[str, Any]:
        tasks = [{"feed": task.name, "bytes": task.size, "key": task.key} for task in self.tasks]
        told = {"feeds": self.feeds, "done": self.done, "bytes": self.bytes}
        return {**told, "core_seconds": self.seconds, "measured": self.measured, "tasks": tasks}


def tasks_of(feeds: Iterable[BatchFeed], request: BatchRequest, dataset: str, command: str) -> list[Task]:
    """One for each feed, or several for the instruments of a large one; the largest first."""
    tasks = []
    for feed in feeds:
        parts = min(max(1, -(-feed.size // request.split)), MOST_FILES) if request.divisible else 1
        for part in range(parts):
            tasks.append(
                Task(
                    feed=feed,
                    request=request,
                    dataset=dataset,
                    version=version(),
                    command=command,
                    part=part,
                    parts=parts,
                )
            )
    return sorted(tasks, key=lambda task: -task.size)


def schedule_of(tasks: Sequence[Task], feeds: int, manifest: Manifest) -> Schedule:
    """The remaining tasks."""
    left = tuple(task for task in tasks if not manifest.is_done(task))
    known = [
        (one.size / one.parts, one.outcome.seconds)
        for one in manifest.entries.values()
        if one.outcome.state == DONE and one.size and not one.outcome.found
    ]
    if known:
        rate = sum(seconds for _, seconds in known) / sum(size for size, _ in known)
        seconds = sum(task.size for task in left) * rate
    else:
        seconds = sum(_guessed(task) for task in left)
    return Schedule(left, feeds, len(tasks) - len(left), seconds, bool(known))


def _guessed(task: Task) -> float:
    """Seconds of one core."""
    path = task.feed.paths[0]
    ending = "." + path.rpartition(".")[2]
    each = _BYTES[".dbn"] if path.startswith("synth:") else _BYTES.get(ending, _OTHERS)
    return task.size / each * _SECONDS[task.request.sample is None]
