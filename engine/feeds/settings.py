"""Reading options of feeds, as words beside their names: ``--mapping=FILE``, ``--symbols=ES*`` and so on.

So a list of words identifies a feed completely, on the command line, in results, and between processes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

from lobench.engine.errors import UsageError
from lobench.engine.feeds.dates import parse_date
from lobench.engine.feeds.selection import Selection
from lobench.engine.feeds.spooled import STANDARD_INPUT, is_remote, spooled

FILES: Final = ("mapping", "symbol-file")
NAMES: Final = (*FILES, "date", "symbols", "instruments", "from", "to")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True)
class Settings:
    """``mapping``: how tables are read. ``day``: that of times which count from midnight. ``names``: the file that
    names instruments. ``selection``: which records."""

    mapping: str | None = None
    day: date | None = None
    names: str | None = None
    selection: Selection = field(default_factory=Selection)


def is_setting(word: str) -> bool:
    """Whether a word says how feeds are read, rather than naming one."""
    return word.startswith("--") and "=" in word


def split(words: Sequence[str]) -> tuple[list[str], Settings]:
    """The words that name feeds, and the settings in the others. Raises UsageError."""
    given: dict[str, str] = {}
    for word in filter(is_setting, words):
        name, _, value = word.removeprefix("--").partition("=")
        if name not in NAMES:
            valid = ", ".join(f"--{each}" for each in NAMES)
            raise UsageError(f"{word}: unknown feed setting; valid: {valid}")
        if not value:
            raise UsageError(f"--{name} needs a value")
        given[name] = value
    selection = Selection(
        tuple(_parts("symbols", given["symbols"])) if "symbols" in given else None,
        frozenset(map(_instrument, _parts("instruments", given["instruments"]))) if "instruments" in given else None,
        time_of("from", given["from"]) if "from" in given else None,
        time_of("to", given["to"]) if "to" in given else None,
    )
    if selection.start is not None and selection.stop is not None and selection.start >= selection.stop:
        raise UsageError(f"--from {given['from']} is not before --to {given['to']}")
    feeds = [word for word in words if not is_setting(word)]
    day = parse_date(given["date"]) if "date" in given else None
    return feeds, Settings(given.get("mapping"), day, given.get("symbol-file"), selection)


def absolute(word: str, folder: str = "") -> str:
    """A word as a process understands it that runs in another folder; its file is relative to ``folder``, without one
    to that of this process."""
    if is_setting(word):
        name, _, value = word.removeprefix("--").partition("=")
        # The name of a shipped mapping, unless there is a file of that name.
        place = os.path.join(folder, value)
        return f"--{name}={os.path.abspath(place)}" if name in FILES and os.path.exists(place) else word
    if word == STANDARD_INPUT or is_remote(word):
        return spooled(word)
    return word if word.startswith("synth:") else os.path.abspath(os.path.join(folder, word))


def _parts(name: str, text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",")]
    if "" in parts:
        raise UsageError(f"--{name} takes a comma-separated list, was '{text}'")
    return parts


def _instrument(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise UsageError(f"--instruments takes instrument ids, was '{text}'")
    return int(text)


def time_of(name: str, text: str) -> int:
    """Nanoseconds since 1970 of a date, a date and time (UTC unless it says otherwise), or themselves."""
    if text.isdecimal() and int(text) < 2**64:
        return int(text)
    found = _DATE.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        zone = (found[4] or "Z").replace("Z", "+00:00")
        moment = datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00'}{zone}").astimezone(UTC)
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
        whole = (since.days * 86_400 + since.seconds) * 10**9 + int((found[3] or "0").ljust(9, "0"))
    except (ValueError, OverflowError):
        whole = -1
    if whole < 0:
        raise UsageError(
            f"--{name} takes a time like 2024-05-08, 2024-05-08T13:30:00.5 (UTC) or nanoseconds, was '{text}'"
        )
    return whole
