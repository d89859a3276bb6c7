"""The regular file behind a feed: opened for each iteration, and refused if it has changed."""

from __future__ import annotations

import os
import stat
from io import FileIO
from typing import NoReturn

from lobench.engine.feeds.problems import UnreadableError


class SourceFile:
    """A path, and the identity of the file that was found there first.

    No descriptor stays open between iterations, so a replay may be of any number of files.
    Raises ``UnreadableError`` when there is no such regular file.
    """

    def __init__(self, path: str, name: str | None = None) -> None:
        self.path = path
        name = path if name is None else name
        # Error messages are one line, even if the file's name is not.
        self.name = name if name.isprintable() else repr(name)
        try:
            status = os.stat(path)
        except (OSError, ValueError) as error:
            self._refuse(error)
        if stat.S_ISDIR(status.st_mode):
            raise UnreadableError(self.name, "is a directory; name the files in it")
        if not stat.S_ISREG(status.st_mode):
            # Opening a pipe could block forever, and a replay must be repeatable.
            raise UnreadableError(
                self.name, "is not a regular file; a feed must be readable more than once (- copies standard input)"
            )
        self.size = status.st_size
        self._identity = _identity(status)

    def open(self) -> FileIO:
        """The file, unbuffered. Raises ``UnreadableError``, also when it changed since the feed was opened."""
        try:
            file = FileIO(self.path)
        except (OSError, ValueError) as error:
            self._refuse(error)
        if _identity(os.fstat(file.fileno())) != self._identity:
            file.close()
            raise UnreadableError(self.name, "changed since the feed was opened")
        return file

    def check(self, file: FileIO) -> None:
        """Raise ``UnreadableError`` if an open file has changed since the feed was opened."""
        now = os.fstat(file.fileno())
        if now.st_size < self.size:
            raise UnreadableError(
                self.name, f"was cut short while it was read, from {self.size} to {now.st_size} bytes"
            )
        if _identity(now) != self._identity:
            raise UnreadableError(self.name, "changed while it was read")

    def _refuse(self, error: OSError | ValueError) -> NoReturn:
        # ValueError: a null byte in the path.
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            raise UnreadableError(self.name, "no such file") from error
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise UnreadableError(self.name, f"cannot be read: {reason}") from error


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
