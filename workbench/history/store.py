"""What the history knows, in one file: the point of every commit, variant and feed, anchors, broken commits.

asv's files are written from it. It is replaced whole after each session, so an interrupted backfill keeps what it had.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import LobenchError

VERSION = 1


@dataclass
class History:
    """All that was recorded on one machine.

    ``points``: commit to {"time", "subject", "source", "session", "feeds": {feed: {variant: point}}, "against":
    {"commit", "findings"} or None}. A point is {"ns", "low", "high", "exact"}: ns of CPU time per event with its
    interval against the anchor, and exact counts per event. ``anchors``: feed to variant to the commit that all points
    of that series are measured against. ``feeds``: feed to the digest of its records. ``broken``: commit to reason.
    """

    file: Path
    machine: str
    points: dict[str, Any] = field(default_factory=dict)
    anchors: dict[str, dict[str, str]] = field(default_factory=dict)
    feeds: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    sessions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Where raw samples of the sessions lie."""
        return self.file.parent / "sessions"

    def save(self) -> None:
        """Replace the file."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        kept = ("machine", "points", "anchors", "feeds", "broken", "sessions")
        text = json.dumps({"version": VERSION, **{name: getattr(self, name) for name in kept}})
        scratch = self.file.with_suffix(".new")
        scratch.write_text(text)
        os.replace(scratch, self.file)

    def keep_samples(self, name: str, content: dict[str, Any]) -> None:
        """Raw samples of a session, in a file of their own."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{name}.json").write_text(json.dumps(content, separators=(",", ":")))


def load(file: Path, machine: str) -> History:
    """The history in ``file``, an empty one if there is none. Raises LobenchError for a file of another kind."""
    try:
        content = json.loads(file.read_text())
    except FileNotFoundError:
        return History(file, machine)
    except ValueError as error:
        raise LobenchError(f"{file}: not JSON ({error}); restore it, or move it away to begin a new history") from error
    if not isinstance(content, dict) or content.pop("version", None) != VERSION:
        raise LobenchError(f"{file}: not a history of version {VERSION}; move it away to begin a new one")
    return History(file, **content)
