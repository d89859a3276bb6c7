"""What the history knows, in one file: the point of every commit, variant and feed, anchors, broken commits.

asv's files are written from it. It is replaced whole after each session, so an interrupted backfill keeps what it had.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lobench.engine.errors import LobenchError
from lobench.workbench.atomic_write import write_whole

VERSION = 2
"""In version 1 ratios were those of times: above 1 was slower."""
REMEDY = "--results names another folder"
"""Of a history that cannot be written."""

_KEPT = {"machine": str, "points": dict, "anchors": dict, "feeds": dict, "broken": dict, "sessions": list}
"""What the file holds beside its version, and of which kind each is."""


@dataclass
class History:
    """All that was recorded on one machine.

    ``points``: commit to {"time", "subject", "source", "session", "feeds": {feed: {variant: point}}, "against":
    {"commit", "findings", "files"} or None}. A point is {"ns", "low", "high", "exact", "measured_as"}: ns of CPU time
    per event with its interval against the anchor, exact counts per event, and the commit with whose code it was
    measured, the first that had it. ``anchors``: feed to variant to the commit that all points of that series are
    measured against. ``feeds``: feed to the digest of its records. ``broken``: commit to reason.
    """

    file: Path
    machine: str
    points: dict[str, Any] = field(default_factory=dict)
    anchors: dict[str, dict[str, str]] = field(default_factory=dict)
    feeds: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    sessions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def lock(self) -> Path:
        """What a process holds from reading the history to its last change of it."""
        return self.file.with_name("lock")

    @property
    def folder(self) -> Path:
        """Where raw samples of the sessions lie."""
        return self.file.parent / "sessions"

    def save(self) -> None:
        """Replace the file. Raises UsageError, as ``keep_samples`` does, where it cannot be written."""
        text = json.dumps({"version": VERSION, **{name: getattr(self, name) for name in _KEPT}})
        write_whole(self.file, text, REMEDY, folders=True)

    def keep_samples(self, name: str, content: dict[str, Any]) -> None:
        """Raw samples of a session, in a file of their own."""
        text = json.dumps(content, separators=(",", ":"))
        write_whole(self.folder / f"{name}.json", text, REMEDY, folders=True)


def load(file: Path, machine: str) -> History:
    """The history in ``file``, an empty one if there is none. Raises LobenchError for a file of another kind."""
    try:
        content = json.loads(file.read_bytes())
    except FileNotFoundError:
        return History(file, machine)
    except ValueError as error:
        raise LobenchError(f"{file}: not JSON ({error}); restore it, or move it away to begin a new history") from error
    version = content.pop("version", None) if isinstance(content, dict) else None
    if version not in (1, VERSION):
        raise LobenchError(f"{file}: not a history of version {VERSION}; move it away to begin a new one")
    content = {"machine": machine, **content}
    if not content.keys() <= _KEPT.keys() or not all(isinstance(content[name], _KEPT[name]) for name in content):
        raise LobenchError(f"{file}: not a history; restore it, or move it away to begin a new one")
    history = History(file, **content)
    if version == 1:
        _turn(history)
    return history


def _turn(history: History) -> None:
    """Make the ratios of version 1 ratios of speeds."""
    for point in history.points.values():
        for finding in (point["against"] or {}).get("findings", []):
            for name in ("ratio", "control"):
                if finding[name]:
                    value, low, high = (1 / finding[name][end] for end in ("value", "high", "low"))
                    finding[name] = {"value": value, "low": low, "high": high}
