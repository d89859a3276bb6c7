"""Sampling a program's lines with perf: one run at full speed, compiled for this processor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from lobench.workbench.lines.model import Facts
from lobench.workbench.lines.program import Program
from lobench.workbench.lines.reading import as_it_ended, left_in
from lobench.workbench.lines.running import Look, Output, command, run
from lobench.workbench.profile.attribution import spend
from lobench.workbench.profile.runner import ToolFailedError
from lobench.workbench.profile.sampled import (
    CLOCK,
    COLUMNS,
    FREQUENCY,
    RECORD,
    count,
    perf_samples,
    quietly,
    refused,
    script_of,
)

_HEAD = re.compile(r"\S.*\s(\d+)/\d+\s+(?:\[\d+\]\s+)?(\d+\.\d+):\s")
"""The first line of a sample: process and thread, seconds of the monotonic clock."""


def sample(program: Program, folder: Path, output: Output) -> Look:
    """Run a program under perf in the current folder; ``folder`` gets its files, including ``perf.data``.

    Raises MissingRightError where the system does not let this user look, ToolFailedError where
    nothing was seen.
    """
    data = folder / "perf.data"
    record = ["perf", "record", *RECORD, "-k", "CLOCK_MONOTONIC", "-o", str(data)]
    # Tell a failure of perf itself from one of the program.
    tried = quietly([*record, "--", "true"])
    if tried.returncode:
        raise refused("perf", tried.stderr)
    words, variables = command(program, folder, tool="perf")
    code = run([*record, "--", *words], variables, output)
    left = left_in(folder, program, "perf", code)
    with script_of(data).open(encoding="utf-8") as lines:
        counts, samples = count(perf_samples(within(lines, left.told.pid, left.told.spans or None)), left.codes)
    spent = spend(left.codes, counts, {})
    if not spent:
        raise ToolFailedError(
            f"perf hit no compiled function of the program in {samples} samples: it runs too short for {FREQUENCY} a "
            f"second{as_it_ended(code)}"
        )
    kernel = sum(int(entry.values[0]) for entry in spent)
    for entry in spent:
        entry.values[:] = entry.values * 1e9 / FREQUENCY
    return Look("perf", COLUMNS, spent, left, Facts(event=CLOCK, samples=samples, kernel_samples=kernel), code)


def within(lines: Iterable[str], pid: int, spans: Sequence[tuple[float, float]] | None) -> Iterator[str]:
    """The lines of perf's script output that are of this process, and of these spans of time; None for all."""
    wanted = False
    for line in lines:
        head = _HEAD.match(line)
        if head:
            moment = float(head[2])
            wanted = int(head[1]) == pid and (spans is None or any(begin <= moment <= end for begin, end in spans))
        if wanted:
            yield line
