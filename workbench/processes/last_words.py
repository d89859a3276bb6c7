"""The last words of a process: everything that it writes is read, and only the end is kept.

A pipe that nobody reads stops its writer, and a file may fill the disk: an engine may write without end.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from threading import Thread
from typing import IO, Any

MOST = 1 << 20
"""Bytes that are kept."""

_AT_ONCE = 1 << 16
_PATIENCE = 1.0
"""Seconds to wait for the end of the output of a process that has ended: a process that it left behind may keep the
pipe open."""


class LastWords:
    """The end of what is written to a pipe. It takes the reading end, ``stream``."""

    def __init__(self, stream: IO[Any] | None) -> None:
        assert stream is not None, "started with a pipe"
        # The thread owns the descriptor: nobody can close it, and have its number reused, while the thread reads.
        self._descriptor = os.dup(stream.fileno())
        stream.close()
        self._kept = bytearray()
        self._closed = False
        self._thread = Thread(target=self._listen, daemon=True)
        self._thread.start()

    def text(self) -> str:
        """The last words of a process that has ended; the first of them may be cut off."""
        self._thread.join(_PATIENCE)
        return bytes(self._kept).decode(errors="replace")

    def close(self) -> None:
        """Stop listening: whoever still writes gets an error."""
        self._closed = True

    def _listen(self) -> None:
        try:
            while not self._closed and (part := os.read(self._descriptor, _AT_ONCE)):
                self._kept += part
                del self._kept[:-MOST]
        finally:
            os.close(self._descriptor)


def talking(*, args: Sequence[str], env: Mapping[str, str]) -> tuple[subprocess.Popen[str], LastWords]:
    """A process that is asked and answers in lines of text, and its last words on standard error. The arguments are
    those of ``starting.Started``."""
    process = subprocess.Popen(
        args,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    return process, LastWords(process.stderr)


def run(command: Sequence[str], variables: Mapping[str, str]) -> tuple[int, str]:
    """Run a command with this environment to its end; returns its exit code and its last words on standard error."""
    with subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        said = LastWords(process.stderr)
        try:
            return process.wait(), said.text()
        finally:
            process.kill()
            said.close()
