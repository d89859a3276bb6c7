"""Starting worker processes one after the other and hearing what they say."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

from engine.errors import LobenchError
from workbench.measurement.clocks import usable_cpus
from workbench.measurement.handover import SharedFeed
from workbench.measurement.task import Task

Message = dict[str, Any]


def cpu_for(number: int) -> int | None:
    """The CPU of a session's process ``number``: they take the usable ones in turn. None where they cannot be told
    apart."""
    usable = usable_cpus()
    return usable[number % len(usable)] if usable else None


def messages(
    task: Task, feed: SharedFeed | None = None, advance: Callable[[float], None] = lambda seconds: None
) -> Generator[Message]:
    """Run ``task`` in a fresh process and yield what it says; leaving early ends it. ``advance`` is told of the seconds
    between messages, the first from now. Raises LobenchError with its last words when it fails."""
    told = time.monotonic()
    if feed is not None:
        task = replace(task, descriptor=feed.descriptor, feed=feed.name, count=feed.count)
        if feed.parameters is not None and not task.parameters:
            task = replace(task, parameters=[feed.parameters.as_json()] * len(task.variants))
    command = [sys.executable, "-m", "workbench.measurement.worker"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=[] if feed is None else [feed.descriptor],
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            process.stdin.write(task.as_json())
            process.stdin.close()
            for line in process.stdout:
                now = time.monotonic()
                advance(now - told)
                told = now
                yield json.loads(line)
        except BaseException:
            process.kill()
            raise
        problem = process.stderr.read().strip()
        if process.wait() != 0:
            raise LobenchError(f"a measuring process ended with code {process.returncode}: {problem[-2000:]}")


def answer(task: Task, feed: SharedFeed | None = None) -> Message:
    """The one message of a task that has a single answer."""
    (only,) = messages(task, feed)
    return only
