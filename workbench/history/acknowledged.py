"""Regressions that have been reviewed and accepted, from a file in the repository.

::

    [[acknowledged]]
    commit = "1a2b3c4d"            # the beginning of its hash is enough
    variant = "p4_hash_lookup"     # left out: all variants
    feed = "synth:liquid-future"   # left out: all feeds
    reason = "the rule for crossed books costs two instructions"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from lobench.engine.errors import UsageError

FILE = "benchmarks/acknowledged.toml"

_KEYS = {"commit", "variant", "feed", "reason"}


@dataclass(frozen=True)
class Acknowledgement:
    """One entry of the file; None means all."""

    commit: str
    reason: str
    variant: str | None = None
    feed: str | None = None

    def covers(self, commit: str, variant: str, feed: str) -> bool:
        """Whether a regression is meant."""
        return commit.startswith(self.commit) and self.variant in (None, variant) and self.feed in (None, feed)


def read(path: Path) -> list[Acknowledgement]:
    """The file's entries, none if there is no file. Raises UsageError for an invalid file."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not TOML: {error}") from error
    entries = content.get("acknowledged", [])
    for number, entry in enumerate(entries, start=1):
        if (
            not isinstance(entry, dict)
            or not set(entry) <= _KEYS
            or not all(isinstance(v, str) for v in entry.values())
        ):
            raise UsageError(f"{path}: entry {number}: takes the texts commit, variant, feed, reason")
        if len(entry.get("commit", "")) < 7 or not entry.get("reason"):
            raise UsageError(f"{path}: entry {number}: needs a reason, and a commit of at least 7 characters")
    return [Acknowledgement(**entry) for entry in entries]
