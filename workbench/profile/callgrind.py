"""Exact costs of a variant's kernels: instructions, cache misses and branch mispredictions, counted by callgrind.

Callgrind simulates the caches that ``CACHES`` describes, whatever this machine has, so that counts are comparable; it
models neither prefetching nor out-of-order execution nor AVX-512.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from shutil import which

from lobench.workbench.commits.counting import PROCESSOR
from lobench.workbench.profile.attribution import outside
from lobench.workbench.profile.callgrind_file import Counts, read_counts
from lobench.workbench.profile.callgrind_names import put_names
from lobench.workbench.profile.needs import require_all
from lobench.workbench.profile.runner import TARGET, Told, ToolFailedError, run, target, told_in
from lobench.workbench.profile.sources import is_hidden
from lobench.workbench.profile.task import SETTLE, Task

CACHES = ("--I1=32768,8,64", "--D1=32768,8,64", "--LL=33554432,16,64")
"""Bytes, ways, bytes of a line: instructions and data of the first level, last level."""

OPTIONS = (
    # A user's valgrind settings are for other programs, and can leave nothing to count.
    "--command-line-only=yes",
    "--tool=callgrind",
    "--instr-atstart=no",
    "--collect-atstart=no",
    "--cache-sim=yes",
    "--branch-sim=yes",
    "--dump-instr=yes",
    "--compress-pos=no",
    "--compress-strings=no",
    "--smc-check=all-non-file",
    *CACHES,
)

_TIMEOUT = 900.0


def profile(task: Task, folder: Path, module: str = TARGET) -> tuple[Told, Counts]:
    """The target's report, and its counts. ``callgrind.out`` stays in the folder.

    Raises MissingToolError where valgrind or pyelftools is missing, ToolFailedError where the kernels do not run in it
    or nothing was counted.
    """
    require_all(["callgrind"])
    prepare(task, folder, module, PROCESSOR)
    count(task, folder, module)
    told, counts = counted_in(folder)
    put_names(folder / "callgrind.out", told.codes, lambda stack: outside(stack, is_hidden))
    return told, counts


def count(task: Task, folder: Path, module: str = TARGET) -> None:
    """Run callgrind on the prepared folder, and leave ``callgrind.out`` there."""
    # The same arguments every time: they lie in the memory whose layout is counted.
    replace(task, mode="count").write(folder)
    under = [*fixed_addresses(), "valgrind", *OPTIONS, "--callgrind-out-file=callgrind.out"]
    run(target(module, under=under, build=PROCESSOR), folder, "callgrind.log", _TIMEOUT, name="valgrind")


def counted_in(folder: Path) -> tuple[Told, Counts]:
    """The counts in a folder. Raises ToolFailedError if there are none."""
    told = told_in(folder)
    with (folder / "callgrind.out").open(encoding="utf-8") as lines:
        counts = read_counts(lines, lambda address: told.codes.find(address) is not None)
    if not any(int(cost[0]) for cost in counts.own.values()):
        raise ToolFailedError(f"valgrind counted no instructions of the kernels; its output is in {folder}")
    return told, counts


def calls_per_event(counts: Counts, events: int, records: int) -> dict[str, float]:
    """Calls of functions outside the counted code, by name. Callgrind counts calls from its start, including those
    while the caches are filled for the ``events`` that are counted, the last of ``records``."""
    looked = events + min(SETTLE, records - events)
    calls: Counter[str] = Counter()
    for name, number in counts.library_calls.items():
        calls[counts.names.get(name, name)] += number
    return {name: number / looked for name, number in sorted(calls.items())}


def prepare(task: Task, folder: Path, module: str, build: Mapping[str, str]) -> None:
    """Compile a variant's kernels with line tables, outside of any profiler."""
    replace(task, mode="compile").write(folder)
    run(target(module, build=build), folder, "compile.log", _TIMEOUT)


def fixed_addresses() -> list[str]:
    """A prefix for commands whose memory must lie at the same addresses every time; empty where that is not
    allowed."""
    prefix = ["setarch", "--addr-no-randomize"]
    if which(prefix[0]) is None:
        return []
    allowed = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return prefix if allowed else []
