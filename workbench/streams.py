"""The command's standard streams: any text prints in any locale, and write errors are reported in a line.

A stream that was closed when the command began is opened here, because the next file would get its number. Standard
output is then one that cannot be written to.

Texts go from Python's text layer straight to the file: an interrupt may be raised between the system's write and its
return, and a buffer that missed the write would write everything again.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

from lobench.engine.errors import LobenchError, OutputError

_CLOSED = {0: os.O_RDONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}
"""The mode in which `/dev/null` replaces each stream."""


NOT_HERE = OutputError.exit_code
"""Exit code if this machine prevents an answer: output cannot be written, or memory or a disk has run out."""


def _write_all(write: Callable[[memoryview], int | None], data: Any) -> int:
    """Write all of it, in as many pieces as the system takes; returns its length."""
    left = whole = memoryview(data).cast("B")
    while left:
        count = write(left)
        if count is None:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        left = left[count:]
    return whole.nbytes


class _Output(io.FileIO):
    """Standard output; its errors are errors for the user, except for a reader that has gone."""

    def write(self, data: Any) -> int:
        try:
            return _write_all(super().write, data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"standard output cannot be written: {error.strerror}") from error


class _Error(io.FileIO):
    """Standard error; failed writes are dropped: a closed terminal must not end work that is to be kept."""

    def write(self, data: Any) -> int:
        with suppress(OSError):
            return _write_all(super().write, data)
        return memoryview(data).nbytes


def prepare() -> None:
    """Set up the process's streams as above. Only for the command: importers keep their own."""
    for number, mode in _CLOSED.items():
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest free number: this one
    sys.stdout = _opened(1, sys.stdout, _Output(1, "w", closefd=False))
    sys.stderr = _opened(2, sys.stderr, _Error(2, "w", closefd=False))
    # lobench's own processes talk UTF-8 to each other, whatever the locale.
    os.environ["PYTHONIOENCODING"] = "utf-8:backslashreplace"


def finish(code: int) -> int:
    """Write the rest of standard output; returns ``code``, or another if that fails."""
    try:
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        code = 128 + signal.SIGPIPE
    except LobenchError as error:
        if code == 0:
            complain(str(error))
        code = code or error.exit_code
    # Otherwise the interpreter would try again at exit and print its own message.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return code


def complain(text: str) -> None:
    """One line on standard error, for a person."""
    print(f"lobench: {text}", file=sys.stderr, flush=True)


def _opened(number: int, before: TextIO | None, raw: io.FileIO) -> TextIO:
    """A text stream that writes to ``raw``, in the encoding that ``before`` has."""
    # None: the stream was closed.
    encoding = before.encoding if before else None
    lines = number == 2 or os.isatty(number)
    return io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace", line_buffering=lines)
