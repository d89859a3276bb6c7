"""The content of the history: the point of every commit, variant and feed, anchors, broken commits.

Each commit has a file of its own in ``recorded/``, named by the commit and the file's content. A file is never changed:
later findings about its commit go to another file, which replaces it. So jobs that record at the same time add files of
different names, and git merges their branches without a conflict; readers take all files together (``union``). asv's
files are written from it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.atomic_write import write_whole
from lobench.workbench.history.points import Recorded, SessionFacts
from lobench.workbench.history.told import essence
from lobench.workbench.history.union import Part, union
from lobench.workbench.plain_names import is_plain_name

VERSION = 2
"""In version 1 ratios were those of times: above 1 was slower."""
_TRIES = 5
REMEDY = "--results names another folder"
"""Of a history that cannot be written."""

_KEPT = {"machine": str, "points": dict, "anchors": dict, "feeds": dict, "broken": dict, "sessions": list}
"""The entries of a file beside its version, and their types."""


@dataclass
class History:
    """All records of one machine, as JSON. Readers use ``at`` and ``session``.

    ``points``: commit to {"time", "subject", "source", "session", "feeds": {feed: {variant: point}}, "against":
    {"commit", "findings", "files"} or None, "how": {"feeds": {feed: file}, "evaluate", "ladder"}}. A point is {"ns",
    "low", "high", "exact", "measured_as"}: ns of CPU time per event with its interval against the anchor, exact counts
    per event, and the first commit with the same code, which is the one that was measured. Optional entries are
    "made_with", digests of the counting code and of an engine's recipe and tools, and "spreads", the smallest and
    largest value of each exact count that differs between replays. ``anchors``: feed to variant to the commit that all
    points of that series are measured against. ``feeds``: feed to the digest of its records. ``broken``: commit to
    reason. ``file``: the single file of earlier versions; all other files are beside it.
    """

    file: Path
    machine: str
    points: dict[str, Any] = field(default_factory=dict)
    anchors: dict[str, dict[str, str]] = field(default_factory=dict)
    feeds: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    sessions: list[dict[str, Any]] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    """Names of the files that it was read from, or written to."""

    @property
    def lock(self) -> Path:
        """The lock that a process holds from reading the history to its last change."""
        return self.file.with_name("lock")

    @property
    def folder(self) -> Path:
        """Where raw samples of the sessions lie."""
        return self.file.parent / "sessions"

    @property
    def recorded(self) -> Path:
        """Where the files of the commits lie."""
        return self.file.parent / "recorded"

    def at(self, commit: str) -> Recorded | None:
        """The record of a commit; None if there is none."""
        kept = self.points.get(commit)
        return None if kept is None else Recorded.of(kept)

    def session(self, name: str | None) -> SessionFacts | None:
        """The session with this name; None if there is none."""
        return next((SessionFacts(**one) for one in self.sessions if one["name"] == name), None)

    def why(self, commit: str) -> str:
        """Why a commit could not be measured, in a line."""
        return essence(self.broken[commit])

    def save(self) -> None:
        """Write new entries; then remove the ones they replace, but nothing that others have added meanwhile.
        Raises UsageError, as ``keep_samples`` does, where that cannot be."""
        texts = {name: text for commit in (*self.points, *self.broken) for name, text in [self._text(commit)]}
        for name, text in texts.items():
            if not (self.recorded / name).exists():
                write_whole(self.recorded / name, text, REMEDY, folders=True)
        try:
            for path in (*(self.recorded / name for name in self.files - texts.keys()), self.file):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(f"{self.file.parent}: cannot be written: {error.strerror}; {REMEDY}") from error
        self.files = set(texts)

    def keep_samples(self, name: str, content: dict[str, Any]) -> None:
        """Raw samples of a session, in a file of their own."""
        text = json.dumps(content, separators=(",", ":"))
        # Two jobs may begin with the same commit in the same second.
        write_whole(self.folder / f"{name}-{_digest(text)}.json", text, REMEDY, folders=True)

    def _text(self, commit: str) -> tuple[str, str]:
        """Name and text of a commit's file."""
        content: dict[str, Any] = {"version": VERSION, "machine": self.machine}
        if commit in self.broken:
            content["broken"] = {commit: self.broken[commit]}
        point = self.points.get(commit)
        if point is not None:
            pairs = {feed: list(variants) for feed, variants in point["feeds"].items()}
            content["points"] = {commit: point}
            content["anchors"] = {
                feed: {name: self.anchors[feed][name] for name in names if name in self.anchors.get(feed, {})}
                for feed, names in pairs.items()
            }
            content["feeds"] = {feed: self.feeds[feed] for feed in pairs if feed in self.feeds}
            content["sessions"] = [one for one in self.sessions if one["name"] == point.get("session")]
        text = json.dumps(content, sort_keys=True)
        return f"{commit[:12]}-{_digest(text)}.json", text


def load(file: Path, machine: str) -> History:
    """The history around ``file``, an empty one if there is none. Raises LobenchError for files of another kind, and
    for some that do not belong together."""
    history = History(file, machine)
    for left in range(_TRIES, 0, -1):
        files = [*([file] if file.exists() else []), *sorted(history.recorded.glob("*.json"))]
        try:
            parts = [(path.name, _read(path, machine)) for path in files]
            break
        except FileNotFoundError:
            # A recording process replaced them in the meantime.
            if left == 1:
                raise
    if parts:
        whole = union(parts, str(file.parent))
        history.files = {path.name for path in files if path != file}
        history.machine = parts[0][1]["machine"]
        history.points, history.anchors, history.feeds = whole.points, whole.anchors, whole.feeds
        history.broken, history.sessions = whole.broken, whole.sessions
    return history


def _read(path: Path, machine: str) -> Part:
    remedy = "restore it, or move it away"
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise LobenchError(f"{path}: not JSON ({error}); {remedy}") from error
    version = content.pop("version", None) if isinstance(content, dict) else None
    if version not in (1, VERSION):
        raise LobenchError(f"{path}: not a history of version {VERSION}; {remedy}")
    content = {"machine": machine, **{name: kind() for name, kind in _KEPT.items() if name != "machine"}, **content}
    if not content.keys() <= _KEPT.keys() or not all(isinstance(content[name], _KEPT[name]) for name in content):
        raise LobenchError(f"{path}: not a history; {remedy}")
    if not is_plain_name(content["machine"]):
        # asv's files are written to a folder of this name.
        raise LobenchError(f"{path}: machine: must be the name of a folder, was {content['machine']!r}; {remedy}")
    if version == 1:
        _turn(content)
    return content


def _turn(content: Part) -> None:
    """Make the ratios of version 1 ratios of speeds."""
    for point in content["points"].values():
        for finding in (point["against"] or {}).get("findings", []):
            for name in ("ratio", "control"):
                if finding[name]:
                    value, low, high = (1 / finding[name][end] for end in ("value", "high", "low"))
                    finding[name] = {"value": value, "low": low, "high": high}


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
