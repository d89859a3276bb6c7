"""Starting worker processes one after the other and hearing what they say."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from workbench.measurement.clocks import usable_cpus
from workbench.measurement.handover import SharedFeed
from workbench.measurement.task import Task
from workbench.processes import WorkerError, ending, helper

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
    between messages, the first from now. Raises WorkerError with its last words when it fails."""
    told = time.monotonic()
    if feed is not None:
        task = replace(task, descriptor=feed.descriptor, feed=feed.name, count=feed.count)
        if feed.parameters is not None and not task.parameters:
            task = replace(task, parameters=[feed.parameters.as_json()] * len(task.variants))
    # A file, not a pipe: nobody reads it while the process runs.
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints,
        subprocess.Popen(
            **helper("workbench.measurement.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            pass_fds=[] if feed is None else [feed.descriptor],
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            # One that has ended by now will have said why.
            with suppress(BrokenPipeError):
                process.stdin.write(task.as_json())
                process.stdin.flush()
            with suppress(BrokenPipeError):
                process.stdin.close()
            for line in process.stdout:
                if not line.endswith("\n"):  # it ended in the middle
                    break
                now = time.monotonic()
                advance(now - told)
                told = now
                yield json.loads(line)
        except BaseException:
            process.kill()
            raise
        if process.wait() != 0:
            complaints.seek(0)
            said = complaints.read().strip()
            raise WorkerError(f"a measuring process {ending(process.returncode, said)}: {said[-2000:]}".rstrip(": "))


def answer(task: Task, feed: SharedFeed | None = None) -> Message:
    """The one message of a task that has a single answer."""
    (only,) = messages(task, feed)
    return only
