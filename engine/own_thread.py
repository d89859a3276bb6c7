"""Threads of lobench itself, which are no engine's."""

from __future__ import annotations

import os
from threading import Thread, enumerate


class OwnThread(Thread):
    """A thread that reads ahead, writes rows or shows progress, beside the threads of an engine from outside."""


def other_threads() -> int:
    """Threads of this process but lobench's own; 0 where the system does not tell."""
    try:
        tasks = len(os.listdir("/proc/self/task"))
    except OSError:
        return 0
    return tasks - sum(isinstance(thread, OwnThread) for thread in enumerate())
