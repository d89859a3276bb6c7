"""Commands side by side: each run as a separate process, its exit code and output compared, its time taken.

Standard output goes to a file in memory, which is compared after every run; standard input is empty. A ``check``
command decides instead: it runs after the other one, gets its output as standard input, and accepts it with exit code
0. CPU time is that of the process and of all children that it waited for.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import signal
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from lobench.engine.errors import UsageError
from lobench.workbench.contest.asked import Asked
from lobench.workbench.contest.bench import Outcome
from lobench.workbench.measurement.clocks import Clocks
from lobench.workbench.measurement.contamination import Reading
from lobench.workbench.processes.starting import ending

SHELL = "/bin/sh"

_RESTORED = (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ)
"""Signals that a worker ignores, and a command need not."""
_NOT_RUN = (126, 127)
"""Exit codes of a shell that could not run its command."""


@dataclass(frozen=True)
class Run:
    """The end of a command, the digest of its output, and its cost."""

    code: int
    output: str
    reading: Reading


class Commands:
    """A ``Bench``."""

    def __init__(self, asked: Asked, chosen: Sequence[int], variables: Mapping[str, str]) -> None:
        self._words = [words_of(asked.subjects[place], shell=asked.shell) for place in chosen]
        self._shell = asked.shell
        self._check = words_of(asked.check, shell=asked.shell) if asked.check else None
        self._variables = variables
        self._clocks = Clocks(None)
        self._output, self._errors, self._verdict = (_nameless() for _ in range(3))
        self._nothing = os.open(os.devnull, os.O_RDONLY)
        self._expected: Run | None = None
        self._found: dict[int, str] = {}

    def agree(self, at: Callable[[int], None]) -> list[Outcome]:
        at(0)
        first = self._run(0)
        output = self._read(self._output)
        outcome = self._first(first, at)
        if outcome.reason:
            return [outcome]
        self._expected = first
        found = [outcome]
        for place in range(1, len(self._words)):
            at(place)
            found.append(self._outcome(place, output, at))
        return found

    def settle(self, cpu: int | None) -> None:
        """Commands run where the system has room."""

    def sample(self, place: int, seed: int, lead_in: int, calls: int) -> Reading:
        runs = [self._run(place) for _ in range(calls)]
        for run in runs:
            said = self._unlike(run)
            if said:
                self._found.setdefault(place, said)
        return Reading(*(sum(values) for values in zip(*(run.reading for run in runs), strict=True)))

    def found(self) -> dict[int, str]:
        return self._found

    def _first(self, run: Run, at: Callable[[int], None]) -> Outcome:
        """Whether the first command is one that others can be compared with."""
        note = self._ending(run.code) if run.code else None
        if self._not_run(run):
            return Outcome(note)
        at(0)
        if self._check:
            return Outcome(self._checked(), note)
        if self._run(0).output != run.output:
            return Outcome("its output differs from run to run; --check CMD can judge it")
        return Outcome(note=note)

    def _outcome(self, place: int, expected: bytes, at: Callable[[int], None]) -> Outcome:
        assert self._expected is not None
        run = self._run(place)
        note = self._ending(run.code) if run.code else None
        if self._not_run(run):
            return Outcome(note)
        if self._check:
            at(place)
            return Outcome(self._checked(), note)
        if run.code != self._expected.code:
            return Outcome(f"{self._ending(run.code)}, where the first ended with code {self._expected.code}")
        if run.output != self._expected.output:
            return Outcome(_first_difference(expected, self._read(self._output)))
        return Outcome(note=note)

    def _not_run(self, run: Run) -> bool:
        """Whether a signal ended it, or the shell could not run it; no check can accept that."""
        return run.code < 0 or (self._shell and run.code in _NOT_RUN)

    def _unlike(self, run: Run) -> str | None:
        """That a run ended otherwise than the first one did; of a ``check`` only that it did not run to its end."""
        assert self._expected is not None
        if self._not_run(run) or (not self._check and run.code != self._expected.code):
            return self._ending(run.code)
        if not self._check and run.output != self._expected.output:
            return "its output differs from the first one's, or from one run to another"
        return None

    def _ending(self, code: int) -> str:
        """How the newest process ended, and the last line of its errors."""
        last = self._read(self._errors).decode(errors="replace").strip().rpartition("\n")[2]
        return f"{ending(code)}{f': {last[:200]}' if last else ''}"

    def _checked(self) -> str | None:
        """The check's objection to the previous run."""
        assert self._check is not None
        os.lseek(self._output, 0, os.SEEK_SET)
        status, _ = self._spawned(self._check, self._output, self._verdict)
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            return None
        return f"--check rejects it: {self._ending(code)}"

    def _run(self, place: int) -> Run:
        words = self._words[place]
        steal = self._clocks.steal_ticks()
        began = time.perf_counter_ns()
        status, used = self._spawned(words, self._nothing, self._output)
        wall = time.perf_counter_ns() - began
        reading = Reading(
            wall_ns=wall,
            cpu_ns=round((used.ru_utime + used.ru_stime) * 1e9),
            involuntary_switches=used.ru_nivcsw,
            minor_faults=used.ru_minflt,
            major_faults=used.ru_majflt,
            steal_ticks=self._clocks.steal_ticks() - steal,
        )
        output = "" if self._check else hashlib.blake2b(self._read(self._output), digest_size=16).hexdigest()
        return Run(os.waitstatus_to_exitcode(status), output, reading)

    def _spawned(self, words: list[str], given: int, output: int) -> tuple[int, Any]:
        """Run words to their end; returns status and resources. Raises UsageError if there is no such program."""
        for descriptor in (output, self._errors):
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
        actions = [(os.POSIX_SPAWN_DUP2, one, number) for number, one in enumerate((given, output, self._errors))]
        try:
            child = os.posix_spawnp(words[0], words, self._variables, file_actions=actions, setsigdef=_RESTORED)
        except OSError as error:
            raise UsageError(f"'{words[0]}' cannot be run: {error.strerror}") from error
        _, status, used = os.wait4(child, 0)
        return status, used

    @staticmethod
    def _read(descriptor: int) -> bytes:
        """All of a file, wherever one writes to it."""
        parts, place = [], 0
        while part := os.pread(descriptor, 1 << 20, place):
            parts.append(part)
            place += len(part)
        return b"".join(parts)


def words_of(text: str, *, shell: bool) -> list[str]:
    """The words to run for a typed command. Raises UsageError for unclosed quotes, and for no words."""
    if shell:
        return [SHELL, "-c", text]
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"'{text}' cannot be split into words: {error}") from error
    if not words:
        raise UsageError(f"'{text}' is not a command")
    return words


def _first_difference(expected: bytes, found: bytes) -> str:
    """Where one output differs from another, in a line."""
    lines = [text.decode(errors="replace").splitlines() for text in (expected, found)]
    for number, (one, other) in enumerate(zip_longest(*lines), start=1):
        if one != other:
            told = ["no such line" if line is None else repr(line[:80]) for line in (other, one)]
            return f"line {number} of its output is {told[0]}, not {told[1]}"
    return "its output differs in line endings or in bytes that are not text"


def _nameless() -> int:
    """Descriptor of a new file, in memory where that can be."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("lobench-output")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
