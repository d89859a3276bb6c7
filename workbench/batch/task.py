"""A task: one feed, or a share of its instruments, to files of a dataset; and its outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lobench.workbench.batch.feeds import BatchFeed
from lobench.workbench.batch.request import BatchRequest

PLANNED: Final = "planned"
DONE: Final = "done"
FAILED: Final = "failed"


@dataclass(frozen=True)
class DatasetFile:
    """A file of a dataset: its place and its content. ``symbols``: ids of instruments without a name."""

    path: str
    rows: int
    bytes: int
    symbols: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Task:
    """Part ``part`` of ``parts`` of a feed. ``version``: of the lobench that planned it, ``command``: recorded in files
    as their origin; ``run``: the batch that must be current when files get their names, None for any."""

    feed: BatchFeed
    request: BatchRequest
    dataset: str
    version: str
    command: str
    part: int = 0
    parts: int = 1
    run: str = ""

    @property
    def key(self) -> str:
        """16 hex digits: the same for the same rows, wherever the dataset lies and whichever version writes them."""
        what = [self.feed.words, self.feed.size, self.feed.stamp, self.request.as_json(), self.part, self.parts]
        return hashlib.blake2b(json.dumps(what).encode(), digest_size=8).hexdigest()

    @property
    def name(self) -> str:
        return self.feed.name + (f" (part {self.part + 1} of {self.parts})" if self.parts > 1 else "")

    @property
    def size(self) -> int:
        """Its share of the feed's bytes."""
        return self.feed.size // self.parts


@dataclass(frozen=True, kw_only=True)
class TaskOutcome:
    """The outcome of a task. ``feed_digest``: of the replayed records. ``seconds`` that it took, ``memory``: the most
    bytes that its worker held until then. ``found``: everything was there, from an earlier run."""

    state: str
    error: str | None = None
    date: str | None = None
    files: tuple[DatasetFile, ...] = ()
    events: int = 0
    evaluations: int = 0
    anomalies: Mapping[str, int] = field(default_factory=dict)
    feed_digest: str | None = None
    source_digest: str | None = None
    version: str | None = None
    seconds: float = 0.0
    memory: int = 0
    worker: str = ""
    found: bool = False

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)
