"""Several processes at a time, as many as there are processors; all end with their user."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterable
from typing import IO, TypeVar

Job = TypeVar("Job")

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """End this process as soon as its parent, process ``parent``, does, whatever it is at: it may be within a compiler
    that hears nothing for half a minute. Only Linux can; elsewhere nothing happens."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            # It ended before we asked.
            os.kill(os.getpid(), signal.SIGKILL)


def side_by_side(
    jobs: Iterable[Job], start: Callable[[Job, IO[str]], subprocess.Popen[str]]
) -> Generator[tuple[Job, int, str], None, None]:
    """Yield each job with its process's exit code and what it said, in the order in which they end.

    ``start`` starts a job's process; what it says goes to the file. Jobs are asked for only when there is room.
    """
    waiting = iter(jobs)
    running: dict[subprocess.Popen[str], tuple[Job, IO[str]]] = {}
    lanes = len(os.sched_getaffinity(0))
    more = True
    try:
        while more or running:
            while more and len(running) < lanes:
                try:
                    job = next(waiting)
                except StopIteration:
                    more = False
                    break
                # A compiler can say more than a pipe holds.
                heard: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
                running[start(job, heard)] = (job, heard)
            time.sleep(0.02)
            for process in [process for process in running if process.poll() is not None]:
                job, heard = running.pop(process)
                with heard:
                    heard.seek(0)
                    said = heard.read()
                yield job, process.returncode, said
    finally:
        for process, (_, heard) in running.items():
            process.kill()
            process.wait()
            heard.close()
