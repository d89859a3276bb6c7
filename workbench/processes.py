"""Several processes at a time, as many as there are processors; all end with their user."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterable
from typing import IO, TypeVar

Job = TypeVar("Job")


def side_by_side(
    jobs: Iterable[Job],
    start: Callable[[Job, IO[str]], subprocess.Popen[str]],
    seconds: float = math.inf,
) -> Generator[tuple[Job, int, str], None, None]:
    """Yield each job with its process's exit code and what it said, in the order in which they end.

    ``start`` starts a job's process; what it says goes to the file. Jobs are asked for only when there is room.
    ``seconds``: how long one may take; then it is killed.
    """
    waiting = iter(jobs)
    running: dict[subprocess.Popen[str], tuple[Job, IO[str], float]] = {}
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
                heard: IO[str] = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
                running[start(job, heard)] = (job, heard, time.monotonic())
            time.sleep(0.02)
            for process, (_, _, began) in running.items():
                if time.monotonic() - began > seconds:
                    process.kill()
            for process in [process for process in running if process.poll() is not None]:
                job, heard, _ = running.pop(process)
                with heard:
                    heard.seek(0)
                    said = heard.read()
                yield job, process.returncode, said
    finally:
        for process, (_, heard, _) in running.items():
            process.kill()
            process.wait()
            heard.close()


def ended_with(code: int) -> str:
    """What a process's exit code says: ``was ended by SIGSEGV (Segmentation fault)``."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name} ({signal.strsignal(-code)})"
    except ValueError:
        return f"was ended by signal {-code}"
