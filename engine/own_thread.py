"""Tells lobench's own threads from an engine's, and finds threads and processes that an engine leaves behind."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from threading import Thread, enumerate
from typing import Self


class OwnThread(Thread):
    """A thread that reads ahead, writes rows or shows progress, beside the threads of an engine from outside."""


def other_threads() -> int:
    """Threads of this process but lobench's own; 0 where the system does not tell."""
    try:
        tasks = len(os.listdir("/proc/self/task"))
    except OSError:
        return 0
    return tasks - sum(isinstance(thread, OwnThread) for thread in enumerate())


def other_processes() -> int:
    """Processes that this one started and that still exist; 0 where the system does not tell."""
    found = 0
    for children in Path("/proc/self/task").glob("*/children"):
        try:
            found += len(children.read_bytes().split())
        except OSError:
            # The thread has ended in the meantime.
            continue
    return found


@dataclass(frozen=True)
class Company:
    """The threads of this process that are not lobench's own, and the processes that it started."""

    threads: int
    processes: int

    @classmethod
    def now(cls) -> Self:
        return cls(other_threads(), other_processes())

    def left(self, resting: int = 0) -> str | None:
        """What was left behind since ``now``, as words that follow the culprit's name; None if nothing but at most
        ``resting`` threads."""
        threads = other_threads() - self.threads
        if threads > resting:
            return f"leaves threads running ({threads}; allowed: {resting}): their work cannot be timed"
        processes = other_processes() - self.processes
        if processes > 0:
            return f"leaves processes running ({processes}): their work cannot be timed"
        return None
