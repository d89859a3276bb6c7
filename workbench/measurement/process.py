"""Starts measuring processes and receives their messages."""

from __future__ import annotations

import json
import mmap
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

from lobench.engine.closing import Closing
from lobench.workbench.measurement.clocks import usable_cpus
from lobench.workbench.measurement.protocol import Ready, Turn
from lobench.workbench.measurement.shared_feed import SharedFeed, nameless_file
from lobench.workbench.measurement.task import Task
from lobench.workbench.processes.last_words import LastWords
from lobench.workbench.processes.starting import WorkerError, ending, helper
from lobench.workbench.processes.stopwatch import Stopwatch
from lobench.workbench.results.conversion import as_json, from_json

Message = TypeVar("Message")

SILENT_SECONDS = 600.0
"""How long a process may say nothing before its first word: it may have to compile."""
WORKING_SECONDS = 120.0
"""And afterwards: it tells of itself several times a second, unless a slice or a question takes long. A task whose
calls may take longer says so (``Task.patience``)."""
_LOOK = 0.5
"""Seconds between checks whether a process has ended while another one still holds its pipe open."""
_READY = json.dumps(as_json(Ready())).encode()
"""What a process says that waits for its turn."""


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
    ahead: Started | None = None,
) -> Generator[Message]:
    """Run ``task`` in a fresh process, or in one that was started ``ahead``, and yield its messages, dataclasses of
    ``kind``; leaving early ends it. ``advance`` receives the seconds between messages, the first from now. Raises
    WorkerError with its last words if it fails."""
    told = time.monotonic()
    with ahead or Started(task, feed) as started:
        started.begin(task)
        for line in started.said(advance, told):
            yield from_json(kind, json.loads(line))


class Started(Closing):
    """A measuring process. It prepares, and waits for ``begin``, which may change the seconds and settings of its task.
    Leaving it as a context ends it."""

    def __init__(self, task: Task, feed: SharedFeed | None = None) -> None:
        if feed is not None:
            workload = replace(task.workload, orders=feed.orders, instruments=feed.instruments)
            task = replace(task, descriptor=feed.descriptor, feed=feed.name, count=feed.count, workload=workload)
        with ExitStack() as stack:
            hand = nameless_file()
            stack.callback(os.close, hand)
            os.ftruncate(hand, mmap.PAGESIZE)
            self.task = replace(task, hand=hand)
            self._process = stack.enter_context(
                subprocess.Popen(
                    **helper("lobench.workbench.measurement.worker"),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    process_group=0,
                    pass_fds=[given for given in (self.task.descriptor, hand) if given is not None],
                )
            )
            stack.callback(_kill, self._process)
            self._complaints = stack.enter_context(closing(LastWords(self._process.stderr)))
            assert self._process.stdout is not None
            first, later = max(SILENT_SECONDS, task.patience), max(WORKING_SECONDS, task.patience)
            ended = partial(_has_ended, self._process)
            self._lines = lines(self._process.stdout.fileno(), first, later, ended)
            self._tell(self.task.as_json())
            self._open = stack.pop_all()

    def close(self) -> None:
        """End the process, if it has not ended. Safe to call twice."""
        # Of what it was told, something may be unread.
        with suppress(BrokenPipeError):
            self._open.close()

    def begin(self, task: Task) -> None:
        """Have the process do its job for the seconds of ``task``, with its settings."""
        self._tell(json.dumps(as_json(Turn(seconds=task.seconds, settings=task.settings))))
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def is_ready(self) -> bool:
        """Wait until it has prepared; False if it ended before that, or was silent for too long."""
        try:
            return any(line == _READY for line in self._lines)
        except TimeoutError:
            return False

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        # A process that has ended already reports its reason itself.
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()

    def said(self, advance: Callable[[float], None], told: float) -> Generator[bytes]:
        """Its messages to the end, each a line. ``told``: since when seconds are to be reported."""
        process, task = self._process, self.task
        try:
            for line in self._lines:
                now = time.monotonic()
                advance(now - told)
                told = now
                if line != _READY:
                    yield line
        except TimeoutError as silence:
            _kill(process)
            who = in_hand(task)
            how = f"made no progress for {silence}"
            raise WorkerError(f"a measuring process {how}{_named(who)}", who, how) from None
        # A variant that ends the process is known by being in hand, whatever the exit code.
        code, who = _ended(process), in_hand(task)
        if code != 0 or who is not None:
            said = self._complaints.text().strip()[-2000:]
            how = ending(code, said)
            message = f"a measuring process {how}{_named(who)}: {said}".rstrip(": ")
            raise WorkerError(message, who, said if code == 1 and said else how)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process, and all processes that it started, unless it has ended."""
    if process.returncode is not None:
        return
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
