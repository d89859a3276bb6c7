"""Compiling in several processes, each of which takes one kernel after another, so that parts loaded or compiled for
one kernel are reused for the next.

``compiled`` takes jobs from both ends of a list: neighbours have most in common, and two processes that begin with
neighbours would compile the same parts at the same time. ``workbench.compiling`` runs in the processes.
"""

from __future__ import annotations

import json
import os
import selectors
import textwrap
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import NamedTuple

from lobench.workbench.processes.last_words import talking
from lobench.workbench.processes.resource_limits import memory_is_limited, out_of_memory, tells_of_memory
from lobench.workbench.processes.starting import ending, helper

SECONDS = 1200.0
"""Time limit of one kernel: a hundred times its usual time here."""

_LOOK = 0.5

_LONGEST_REASON = 2000
"""Characters of a compiler's message."""


class Job(NamedTuple):
    """A kernel to compile: of which variant, in which build, up to which stage."""

    variant: str
    build: str
    until: str


def problem(job: Job, said: str) -> str:
    """Why a kernel does not compile, as text: the core of Numba's message, without the surrounding callers and argument
    types."""
    _, _, inner = said.rpartition("raised a specific error:")
    reason = inner.partition("During: Pass")[0]
    innermost = textwrap.dedent(reason.strip("\n")).strip()[-_LONGEST_REASON:]
    return f"the {job.build} kernel does not compile:\n{innermost}"


class _Compiler:
    """One process, and the job that it has in hand."""

    def __init__(self, files: Sequence[str]) -> None:
        self._process, self._said = talking(**helper("lobench.workbench.compiling", *files))
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asked, self.answers = self._process.stdin, self._process.stdout
        self.job: Job | None = None
        self._began = 0.0
        self._fresh = True  # whether the current job is its first
        self._late = False

    def take(self, job: Job) -> None:
        self._fresh = self.job is None
        self.job, self._began = job, time.monotonic()
        # The end of a compiler is noticed as its answer.
        with suppress(BrokenPipeError):
            print(json.dumps(job), file=self._asked, flush=True)

    def problem(self, answer: str) -> str | None:
        """Why the job's kernel does not compile: the process's answer, or how it ended without one."""
        if answer:
            why: str | None = json.loads(answer)
            return why
        code = self._process.wait()
        assert self.job is not None
        if self._late:
            return problem(self.job, f"the compiler took longer than {SECONDS / 60:.0f} minutes")
        said = self._said.text().strip()
        if memory_is_limited() and (code < 0 or tells_of_memory(said)):
            return f"{out_of_memory('the compiler')}; raise the limit"
        return problem(self.job, said or f"the compiler {ending(code)}")

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def spent(self) -> bool:
        """Whether its end was due to earlier work, as far as known: another process may compile the job."""
        return not self._fresh and not self._late

    def kill_if_late(self) -> None:
        if time.monotonic() - self._began > SECONDS:
            self._late = True
            self._process.kill()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for file in (self._asked, self.answers, self._said):
            # It need not have read everything.
            with suppress(BrokenPipeError):
                file.close()


def compiled(
    jobs: Sequence[Job],
    files: Sequence[str],
    *,
    alone: Callable[[Job], bool] = lambda job: False,
) -> Generator[tuple[Job, str | None], None, None]:
    """Compile ``jobs``, with the user's ``files``, in as many processes as there are processors; yields each finished
    job, with the reason if its kernel does not compile. ``alone``: jobs after which the process ends, because they
    leave it in an unknown state. If a process that has compiled other jobs ends during a job, perhaps because it has
    grown too large, the job gets a second try in a new process."""
    waiting = deque(jobs)
    running: dict[int, _Compiler] = {}
    with selectors.DefaultSelector() as ready:

        def begin(lane: int, job: Job) -> None:
            if lane not in running:
                running[lane] = _Compiler(files)
                ready.register(running[lane].answers, selectors.EVENT_READ, lane)
            running[lane].take(job)

        def go_on(lane: int) -> None:
            if waiting:
                begin(lane, waiting.pop() if lane % 2 else waiting.popleft())
            elif lane in running:
                end(lane)

        def end(lane: int) -> None:
            ready.unregister(running[lane].answers)
            running[lane].close()
            del running[lane]

        try:
            for lane in range(min(len(os.sched_getaffinity(0)), len(jobs))):
                go_on(lane)
            while running:
                # Do not rely on the pipe's end: a process that a user's file forked may hold it open.
                gone = {lane for lane, compiler in running.items() if compiler.ended}
                heard = {found.data for found, _ in ready.select(0 if gone else _LOOK)}
                for lane in heard | gone:
                    compiler = running[lane]
                    job = compiler.job
                    assert job is not None
                    answer = compiler.answers.readline() if lane in heard else ""
                    if not answer and compiler.spent:
                        end(lane)
                        begin(lane, job)
                        continue
                    problem = compiler.problem(answer)
                    if compiler.ended or alone(job):
                        end(lane)
                    go_on(lane)
                    yield job, problem
                for compiler in running.values():
                    compiler.kill_if_late()
        finally:
            for compiler in running.values():
                compiler.close()
