"""Builds under way: each is a user's command in its own process group, ended as a whole; and who is at fault if one
fails."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import suppress
from typing import IO, Final

from lobench.workbench.processes.child import end_with_parent

_NOT_STARTED: Final = (126, 127)
"""Exit codes of a shell that could not start a program."""
_OF_THE_MACHINE: Final = re.compile(
    # A missing tool, as make and shells report it.
    r"\bError 12[67]\b|sh: (line )?(\d+: )?.*: (command )?not found$"
    # No space, no memory.
    r"|No space left on device|Disk quota exceeded|Killed signal terminated program|Cannot allocate memory"
    r"|virtual memory exhausted"
    # No network, as curl, cargo, git, pip and go report it.
    r"|(Could not|Couldn't) resolve host|Temporary failure in name resolution|Network is unreachable"
    r"|Failed to (connect to|establish a new connection)|Connection (refused|timed out)|Operation timed out"
    r"|--offline was specified|dial tcp",
    re.MULTILINE,
)


_ESCAPE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(said: str) -> str:
    """A build's output without colours and other terminal control; a line that was overwritten becomes several."""
    return _CONTROL.sub("", _ESCAPE.sub("", said.replace("\r\n", "\n").replace("\r", "\n")))


def own_fault(code: int, last_words: str) -> bool:
    """Whether a build that failed would fail anywhere, as far as its exit code and last words tell: no commit is to
    blame for a tool that is not installed, a full disk, or a package that cannot be fetched."""
    return code > 0 and code not in _NOT_STARTED and _OF_THE_MACHINE.search(last_words) is None


class Builds:
    """Starts and ends them; ``late``: the keys of those that were ended before their time."""

    def __init__(self) -> None:
        self._keys: dict[subprocess.Popen[str], str] = {}
        self.late: set[str] = set()

    def start(self, key: str, command: dict[str, object], said: IO[str]) -> subprocess.Popen[str]:
        """Start a build; ``command`` as ``subprocess`` takes it."""
        parent = os.getpid()
        process: subprocess.Popen[str] = subprocess.Popen(
            **command,  # type: ignore[call-overload]
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            process_group=0,
            preexec_fn=lambda: end_with_parent(parent),
        )
        self._keys[process] = key
        return process

    def stop(self, process: subprocess.Popen[str]) -> None:
        """End a build and all its processes. One that has ended is left alone: its number may have been reused."""
        if process.poll() is None:
            self.late.add(self._keys[process])
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
