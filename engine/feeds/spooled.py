"""Sources that can be read only once, or not in place: copied first to an unnamed file, which disappears with the
process.

Feeds are mapped, sought in, read more than once, and by other processes too. The copy is reached by the descriptor of
the process that made it.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from lobench.engine.errors import UsageError
from lobench.engine.feeds.problems import UnreadableError

STANDARD_INPUT = "-"
_PIECE = 1 << 20
_copies: dict[str, Any] = {}
_locks: dict[str, threading.Lock] = {}
"""One for each source, which two threads may want at once."""


def is_remote(spec: str) -> bool:
    """Whether a spec is for ``fsspec`` to open."""
    return "://" in spec


def spooled(spec: str) -> str:
    """The path of a copy of standard input, or of a source that ``fsspec`` opens; made once in a process. Raises
    FeedError, and UsageError if the source cannot be read here."""
    with _locks.setdefault(spec, threading.Lock()):
        if spec not in _copies:
            with _opened(spec) as source:
                _copies[spec] = _copy(spec, source)
        return f"/proc/{os.getpid()}/fd/{_copies[spec].fileno()}"


def forget(spec: str) -> None:
    """Let go of the copy of a source, if there is one."""
    if spec in _copies:
        _copies.pop(spec).close()


@contextmanager
def _opened(spec: str) -> Iterator[BinaryIO]:
    if spec == STANDARD_INPUT:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("- is standard input, but nothing is piped into it")
        yield sys.stdin.buffer
        return
    try:
        import fsspec

        source = fsspec.open(spec, "rb").open()
    except ImportError as error:
        install = f"{sys.executable} -m pip install 'lobench[remote]'"
        raise UsageError(f"{spec}: cannot be read: {_one_line(error)}; install what is missing: {install}") from None
    except FileNotFoundError:
        raise UnreadableError(spec, "no such file") from None
    except Exception as error:  # each file system has its own errors
        raise UnreadableError(spec, f"cannot be read: {_one_line(error)}") from error
    with source:
        yield source


def _copy(spec: str, source: BinaryIO) -> Any:
    copy = tempfile.TemporaryFile(prefix="lobench-")  # noqa: SIM115, closed when the process ends
    try:
        while piece := _read(spec, source):
            copy.write(piece)
        copy.flush()
    except OSError as error:
        copy.close()
        reason = f"no room to copy it to {tempfile.gettempdir()}: {error.strerror or error}"
        raise UnreadableError(spec, reason) from error
    except BaseException:
        copy.close()
        raise
    return copy


def _read(spec: str, source: BinaryIO) -> bytes:
    try:
        return source.read(_PIECE)
    except Exception as error:  # each file system has its own errors
        raise UnreadableError(spec, f"cannot be read: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if text.isprintable() else repr(text)
