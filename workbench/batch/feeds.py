"""The feeds of a batch: by name, by glob or from a list, on this machine or on any file system of fsspec."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from lobench.engine.errors import UsageError
from lobench.engine.feeds.opening import SYNTHETIC
from lobench.engine.feeds.settings import FILES, absolute, is_setting
from lobench.engine.feeds.spooled import STANDARD_INPUT, is_remote
from lobench.engine.records import MBO
from lobench.workbench.optional_dependencies import required

_MAGIC = re.compile(r"[*?[]")
_MAGIC_OF_WEB = re.compile(r"[*[]")
"""There ``?`` begins a query, such as a signature."""


@dataclass(frozen=True)
class BatchFeed:
    """``words``: its name and reading options, for a process in any folder. ``size`` in bytes, 0 if unknown; ``stamp``:
    a text that changes with its content."""

    words: tuple[str, ...]
    size: int = 0
    stamp: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(word for word in self.words if not is_setting(word))

    @property
    def name(self) -> str:
        """No other feed of a batch has it."""
        return " ".join(self.words)

    @property
    def stem(self) -> str:
        """The unique prefix of its files' names."""
        said = re.sub(r"[^\w-]+", "_", PurePath(self.paths[0]).name.partition(".")[0])[:80]
        return f"{said}-{hashlib.blake2b(repr(self.words).encode(), digest_size=4).hexdigest()}"


def find_feeds(names: Sequence[str], lists: Sequence[str], settings: Sequence[str]) -> list[BatchFeed]:
    """Each named feed, and those of lists, with ``settings`` for reading all; each once, in order.

    A list has one feed a line: its files, and settings of its own (``day.csv --mapping=bitstamp``); relative names are
    relative to its folder. Raises UsageError for a name without a feed. A feed that cannot be read is reported by its
    task.
    """
    rows = [([name], "") for name in names]
    for path in lists:
        rows += [(words, os.path.dirname(path)) for words in _listed(path)]
    found: dict[tuple[str, ...], BatchFeed] = {}
    for words, folder in rows:
        for paths in _expanded([word for word in words if not is_setting(word)], folder):
            own = [absolute(word, folder) for word in words if is_setting(word)]
            feed = _found([*paths, *map(absolute, settings), *own])
            found[feed.words] = feed
    if not found:
        raise UsageError("no feed given: name files, globs, or a list with --feeds-from")
    return list(found.values())


def _listed(path: str) -> list[list[str]]:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        words = [shlex.split(line, comments=True) for line in lines]
    except (OSError, ValueError) as error:
        raise UsageError(f"--feeds-from {path}: {getattr(error, 'strerror', None) or error}") from error
    return [line for line in words if line]


def _expanded(paths: list[str], folder: str) -> list[list[str]]:
    """The feeds named by the paths of one line: a lone glob names many."""
    if not paths:
        raise UsageError("a line of --feeds-from names no file")
    places = [path if _elsewhere(path) else os.path.abspath(os.path.join(folder, path)) for path in paths]
    (first, *more) = places
    magic = _MAGIC_OF_WEB if first.startswith(("http://", "https://")) else _MAGIC
    if more or not magic.search(first) or first.startswith(SYNTHETIC) or os.path.exists(first):
        return [places]
    matches = _remote_matches(first) if is_remote(first) else sorted(glob.glob(first, recursive=True))
    if not matches:
        raise UsageError(f"{paths[0]}: no file matches")
    return [[match] for match in matches]


def _elsewhere(path: str) -> bool:
    if path == STANDARD_INPUT:
        raise UsageError("- is standard input, which no other process can read; name files")
    return is_remote(path) or path.startswith(SYNTHETIC)


def _found(words: list[str]) -> BatchFeed:
    size, stamps = 0, []
    for path in words:
        if is_setting(path):
            stamps += _digested(path)
        else:
            bytes_, stamp = _looked_up(path)
            size += bytes_
            stamps.append(stamp)
    return BatchFeed(tuple(words), size, ",".join(stamps))


def _looked_up(path: str) -> tuple[int, str]:
    """Size and stamp of the file or object that a word names."""
    if path.startswith(SYNTHETIC):
        from lobench.engine.synthetic import open_synthetic

        return (open_synthetic(path).expected or 0) * MBO.itemsize, ""
    if is_remote(path):
        return _remote(path)
    try:
        found = os.stat(path)
    except OSError:
        return 0, ""
    return found.st_size, f"{found.st_size}-{found.st_mtime_ns}"


def _digested(setting: str) -> list[str]:
    """The content of the file that a setting names, if any: a few lines that define the meaning of all records."""
    name, _, path = setting.removeprefix("--").partition("=")
    if name not in FILES or not os.path.isfile(path):
        return []
    try:
        return [hashlib.blake2b(Path(path).read_bytes(), digest_size=8).hexdigest()]
    except OSError:  # reported by its task
        return []


def _system(path: str) -> tuple[Any, str]:
    fsspec = required("fsspec", "remote")
    try:
        system, place = fsspec.url_to_fs(path)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    return system, place


def _remote_matches(path: str) -> list[str]:
    system, place = _system(path)
    try:
        return [str(system.unstrip_protocol(match)) for match in sorted(system.glob(place))]
    except Exception as error:  # each file system has its own errors
        raise UsageError(f"{path}: cannot be listed: {error}") from error


def _remote(path: str) -> tuple[int, str]:
    system, place = _system(path)
    try:
        told = system.info(place)
    except Exception:  # reported by its task
        return 0, ""
    size = int(told.get("size") or 0)
    changed = next((told[name] for name in ("ETag", "etag", "mtime", "LastModified", "created") if name in told), "")
    return size, f"{size}-{changed}"
