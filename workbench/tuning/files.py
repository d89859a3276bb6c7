"""Tuning files: TOML with the parameters that were fitted to a feed.

A file may come from anywhere: reading one gives parameters that an engine can run with, or an error that names the file
and the field.
"""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import tomlkit

from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.feeds.kinds import holds_records
from lobench.engine.parameters import LayoutParameters
from lobench.workbench.atomic_write import write_whole
from lobench.workbench.tuning.fitted import defaults

FORMAT: Final = 1
LARGEST: Final = 65_536
"""Bytes of a file at most: there are two thousand."""

_TABLES: Final = ("feed", "parameters", "gain", "made")
_FIELDS: Final = ("format", "confirmed", *_TABLES)
_KEYS: Final = {"digest": 32, "beginning": 16}
"""Hex digits of the digests that identify a feed."""

_HEAD: Final = """\
Parameters of p8_profile_guided for one feed: they change how fast a replay is, never what it computes.
Found again by the feed's digest, or named with --tuning FILE. docs/tuning.md"""


class TuningError(LobenchError):
    """A tuning file is invalid; the message names the file and the field."""

    exit_code = 3

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem} (docs/tuning.md; `lobench tune FEED` writes a new one)")


@dataclass(frozen=True)
class Tuning:
    """The content of a file. ``digest``: of all records that the parameters were fitted to; ``beginning``: of the first
    of them.

    ``confirmed``: tested on the other half of the feed. ``facts``: tables beside the parameters, for people.
    """

    feed: str
    digest: str
    beginning: str
    parameters: LayoutParameters
    confirmed: bool
    facts: Mapping[str, Any]


def folder() -> Path | None:
    """Where tuning files are kept: ``$LOBENCH_TUNING_DIR``, else in the user's data. None for a user without a home."""
    chosen = os.environ.get("LOBENCH_TUNING_DIR")
    if chosen:
        return Path(chosen)
    data = Path(os.environ.get("XDG_DATA_HOME") or Path(os.path.expanduser("~"), ".local", "share"))
    # A relative path (a "~" without a home) would be a different place in each working folder.
    return data / "lobench" / "tuned" if data.is_absolute() else None


def place_of(digest: str, beginning: str) -> Path:
    """The file of a feed's tuning in ``folder``; both keys are in its name, so that no other has to be opened.

    Raises UsageError where there is no folder.
    """
    where = folder()
    if where is None:
        raise UsageError("no home folder to keep a tuning in; -o names a file, LOBENCH_TUNING_DIR a folder")
    return where / f"{beginning}-{digest}.toml"


def read(path: str | Path) -> Tuning:
    """The tuning in a file. Raises UsageError for one that cannot be opened, TuningError for anything else in it."""
    place = Path(path)
    return _checked(place, _parsed(place, _content(place)))


def check_place(path: Path) -> None:
    """Raise UsageError where no tuning can be written, before minutes are spent on one."""
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if holds_records(path):
        raise UsageError(f"{path}: is market data, which is never replaced; -o names another file")
    if path.is_dir() or not above.is_dir() or not os.access(above, os.W_OK):
        raise UsageError(f"{path}: no tuning can be written there; -o names another file")


def write(path: str | Path, tuning: Tuning) -> None:
    """Write a tuning, all of it or nothing. Raises UsageError where that cannot be."""
    place = Path(path)
    document = tomlkit.document()
    for line in _HEAD.splitlines():
        document.add(tomlkit.comment(line))
    document["format"] = FORMAT
    document["confirmed"] = tuning.confirmed
    document["feed"] = {
        "name": tuning.feed,
        "digest": tuning.digest,
        "beginning": tuning.beginning,
        **tuning.facts.get("feed", {}),
    }
    document["parameters"] = tuning.parameters.as_json()
    for name in ("gain", "made"):
        if name in tuning.facts:
            document[name] = dict(tuning.facts[name])
    write_whole(place, tomlkit.dumps(document), "-o names another file", folders=True)


def _content(place: Path) -> bytes:
    try:
        if place.exists() and not place.is_file():
            raise UsageError(f"{place}: is not a file; --tuning takes a file written by `lobench tune`")
        with place.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{place}: {problem}; --tuning takes a file written by `lobench tune`") from error
    if len(content) > LARGEST:
        raise TuningError(place, f"is larger than {LARGEST:,} bytes, no tuning file")
    return content


def _parsed(place: Path, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except RecursionError as error:
        raise TuningError(place, "is nested too deeply for a tuning file") from error
    except ValueError as error:  # not TOML, not UTF-8, a number of thousands of digits
        raise TuningError(place, f"not TOML: {error}") from error


def _checked(place: Path, document: dict[str, Any]) -> Tuning:
    version = document.get("format")
    if type(version) is not int or version != FORMAT:
        raise TuningError(place, f"format must be {FORMAT}, was {_quoted(version)}")
    for name in document:
        if name not in _FIELDS:
            raise TuningError(place, f"{_quoted(name)} is not a field; choose from {', '.join(_FIELDS)}")
    if type(document.get("confirmed")) is not bool:
        raise TuningError(place, f"confirmed must be true or false, was {_quoted(document.get('confirmed'))}")
    for name in _TABLES:
        if not isinstance(document.get(name, {}), dict):
            raise TuningError(place, f"{name} must be a table")
    feed = document.get("feed", {})
    if not isinstance(feed.get("name"), str):
        raise TuningError(place, f"feed.name must be a text, was {_quoted(feed.get('name'))}")
    for name, digits in _KEYS.items():
        if not isinstance(feed.get(name), str) or not re.fullmatch(rf"[0-9a-f]{{{digits}}}", feed[name]):
            raise TuningError(place, f"feed.{name} must be {digits} hex digits, was {_quoted(feed.get(name))}")
    try:
        parameters = defaults().of(document.get("parameters", {}))
    except ValueError as error:
        raise TuningError(place, f"parameters.{error}") from error
    facts: dict[str, Any] = {name: document[name] for name in ("gain", "made") if name in document}
    facts["feed"] = {name: value for name, value in feed.items() if name not in ("name", *_KEYS)}
    _check_numbers(place, facts, "")
    return Tuning(feed["name"], feed["digest"], feed["beginning"], parameters, document["confirmed"], facts)


def _check_numbers(place: Path, value: Any, path: str) -> None:
    if isinstance(value, dict):
        for name, entry in value.items():
            _check_numbers(place, entry, f"{path}.{name}" if path else name)
    elif isinstance(value, float) and not math.isfinite(value):
        raise TuningError(place, f"{path[:80]} must be a finite number")


def _quoted(value: Any) -> str:
    text = "missing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
