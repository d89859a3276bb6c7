"""Starts worker processes one after the other and receives their messages."""

from __future__ import annotations

import json
import mmap
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from typing import TypeVar

from lobench.workbench.measurement.clocks import usable_cpus
from lobench.workbench.measurement.shared_feed import SharedFeed, nameless_file
from lobench.workbench.measurement.task import Task
from lobench.workbench.processes.last_words import LastWords
from lobench.workbench.processes.starting import WorkerError, ending, helper
from lobench.workbench.processes.stopwatch import Stopwatch
from lobench.workbench.results.conversion import from_json

Message = TypeVar("Message")

SILENT_SECONDS = 600.0
"""How long a process may say nothing before its first word: it may have to compile."""
WORKING_SECONDS = 120.0
"""And afterwards: it tells of itself several times a second, unless a slice or a question takes long. A task whose
calls may take longer says so (``Task.patience``)."""
_LOOK = 0.5
"""Seconds between checks whether a process has ended while another one still holds its pipe open."""


def cpu_for(number: int) -> int | None:
    """The CPU of a session's process ``number``: processes take the usable ones in turn. None if they cannot be
    distinguished."""
    usable = usable_cpus()
    return usable[number % len(usable)] if usable else None


def messages(
    task: Task,
    kind: type[Message],
    feed: SharedFeed | None = None,
    advance: Callable[[float], None] = lambda seconds: None,
) -> Generator[Message]:
    """Run ``task`` in a fresh process and yield its messages, dataclasses of ``kind``; leaving early ends it.
    ``advance`` receives the seconds between messages, the first from now. Raises WorkerError with its last words if it
    fails."""
    told = time.monotonic()
    if feed is not None:
        workload = replace(task.workload, orders=feed.orders, instruments=feed.instruments)
        task = replace(task, descriptor=feed.descriptor, feed=feed.name, count=feed.count, workload=workload)
    hand = nameless_file()
    try:
        os.ftruncate(hand, mmap.PAGESIZE)
        for line in _said(replace(task, hand=hand), advance, told):
            yield from_json(kind, json.loads(line))
    finally:
        os.close(hand)


def _said(task: Task, advance: Callable[[float], None], told: float) -> Generator[bytes]:
    assert task.hand is not None
    with (
        subprocess.Popen(
            **helper("lobench.workbench.measurement.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
            pass_fds=[given for given in (task.descriptor, task.hand) if given is not None],
        ) as process,
        closing(LastWords(process.stderr)) as complaints,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            # A process that has ended already reports its reason itself.
            with suppress(BrokenPipeError):
                process.stdin.write(task.as_json().encode())
                process.stdin.flush()
            with suppress(BrokenPipeError):
                process.stdin.close()
            first, later = max(SILENT_SECONDS, task.patience), max(WORKING_SECONDS, task.patience)
            for line in lines(process.stdout.fileno(), first, later, ended=lambda: _has_ended(process)):
                now = time.monotonic()
                advance(now - told)
                told = now
                yield line
        except TimeoutError as silence:
            _kill(process)
            who = in_hand(task)
            how = f"made no progress for {silence}"
            raise WorkerError(f"a measuring process {how}{_named(who)}", who, how) from None
        except BaseException:
            _kill(process)
            raise
        # A variant that ends the process is known by being in hand, whatever the exit code.
        who = in_hand(task)
        if _ended(process) != 0 or who is not None:
            said = complaints.text().strip()[-2000:]
            how = ending(process.returncode, said)
            message = f"a measuring process {how}{_named(who)}: {said}".rstrip(": ")
            raise WorkerError(message, who, said if process.returncode == 1 and said else how)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process, and all processes that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _ended(process: subprocess.Popen[bytes]) -> int:
    """The exit code of a process that sent its last message. Processes that it left in its group are ended now, while
    the group's number cannot be reused: the leader's exit code has not been collected yet."""
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process has ended, without collecting its exit code (``_ended`` does that)."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def lines(
    descriptor: int, seconds: float, later: float | None = None, ended: Callable[[], bool] = lambda: False
) -> Iterator[bytes]:
    """The complete lines from a pipe, until it is closed or ``ended``: a process that was left behind may keep the pipe
    open. Raises TimeoutError with the limit if nothing comes for ``seconds``, or for ``later`` after the first read."""
    rest = b""
    while True:
        if not _heard(descriptor, seconds, ended):
            raise TimeoutError(f"{seconds:g} s")
        if not select.select([descriptor], [], [], 0)[0]:
            return
        seconds = seconds if later is None else later
        read = os.read(descriptor, 1 << 20)
        if not read:
            return
        *whole, rest = (rest + read).split(b"\n")
        yield from whole


def _heard(descriptor: int, seconds: float, ended: Callable[[], bool]) -> bool:
    """Wait until the pipe has data or its writer has ended. False if neither happens in time."""
    watch = Stopwatch()
    while (left := seconds - watch.seconds()) > 0:
        if select.select([descriptor], [], [], min(left, _LOOK))[0] or ended():
            return True
    return False


def in_hand(task: Task) -> str | None:
    """The variant that a process died with, if it was at one."""
    assert task.hand is not None
    place = os.pread(task.hand, 1, 0)[0] - 1
    return task.variants[place] if 0 <= place < len(task.variants) else None


def _named(who: str | None) -> str:
    return "" if who is None else f" with {who} in hand"


def answer(task: Task, kind: type[Message], feed: SharedFeed | None = None) -> Message:
    """The one message of a task that has a single answer."""
    (only,) = messages(task, kind, feed)
    return only


def last_answer(task: Task, kind: type[Message], feed: SharedFeed | None = None) -> Message:
    """The last message of a task; those before it only show that its process is alive."""
    *_, last = messages(task, kind, feed)
    return last
