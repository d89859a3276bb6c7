"""Errors that a user can do something about, and the exit code that each carries.

::

    LobenchError            1
    ├── UsageError          2   the command's words, a name that does not exist
    ├── UnjudgedError       4   no answer: the question could not be judged
    ├── OutputError         4   no answer: the system refuses to write the output
    ├── FeedError           3   the data: unreadable, truncated, of another kind
    ├── StrictError         3   --strict met an anomaly
    └── StaleError          1   a replay, or a book of it, used after its time
"""

from __future__ import annotations

from collections.abc import Iterable


class LobenchError(Exception):
    """Base of all errors whose message is meant for the user, without a traceback."""

    exit_code = 1


class UsageError(LobenchError):
    """A request that cannot be fulfilled as stated."""

    exit_code = 2


class UnjudgedError(LobenchError):
    """No verdict: the request could not be measured here, or there is nothing to compare with."""

    exit_code = 4


class OutputError(LobenchError):
    """The system refuses to write the output: no mismatch, and nothing was asked for that cannot be done."""

    exit_code = UnjudgedError.exit_code


class FeedError(LobenchError):
    """Invalid data in a feed; the message names the file and the byte."""

    exit_code = 3

    def __init__(self, source: str, byte: int, problem: str) -> None:
        super().__init__(f"{source}: byte {byte}: {problem}")
        self.source = source
        self.byte = byte


class StrictError(LobenchError):
    """A strict replay met its first anomaly."""

    exit_code = 3


class StaleError(LobenchError, RuntimeError):
    """A replay was used after it was closed, or a book after its replay went on: the memory may be another's."""


def meant(word: str, known: Iterable[str]) -> str:
    """``; did you mean X?`` where a word that there is not is nearly one of those that there are, else nothing."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), 1, 0.7)
    return f"; did you mean {close[0]}?" if close else ""
