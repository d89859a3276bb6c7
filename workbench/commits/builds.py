"""Builds under way: each a command of a user's in a process group of its own, which is ended as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import IO

from lobench.workbench.processes.child import end_with_parent


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
        """End a build and all that it has started. One that has ended is left alone: its number may be another's."""
        if process.poll() is None:
            self.late.add(self._keys[process])
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
