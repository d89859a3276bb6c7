"""Exact costs of a variant's kernels: instructions, cache misses and branch mispredictions, counted by callgrind.

Callgrind simulates the caches that ``CACHES`` describes, whatever this machine has, so that counts can be compared;
it models neither prefetching nor out-of-order execution nor AVX-512.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from shutil import which

from workbench.commits.counting import PROCESSOR
from workbench.profile.callgrind_file import Counts, read_counts
from workbench.profile.needs import require
from workbench.profile.runner import TARGET, Told, command_of, run, told_in
from workbench.profile.task import Task

CACHES = ("--I1=32768,8,64", "--D1=32768,8,64", "--LL=33554432,16,64")
"""Bytes, ways, bytes of a line: instructions and data of the first level, last level."""

OPTIONS = (
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
    """What the target told, and its counts. ``callgrind.out`` stays in the folder.

    Raises LobenchError where valgrind is missing or the kernels do not run in it.
    """
    require("valgrind")
    prepare(task, folder, module, PROCESSOR)
    count(task, folder, module)
    return counted_in(folder)


def count(task: Task, folder: Path, module: str = TARGET) -> None:
    """Run callgrind on what was prepared in this folder, and leave ``callgrind.out`` there."""
    # The same words every time: what a process is told lies in the memory whose layout is counted.
    replace(task, mode="count").write(folder)
    command = [*fixed_addresses(), "valgrind", *OPTIONS, "--callgrind-out-file=callgrind.out"]
    run([*command, *command_of(module)], folder, "callgrind.log", _TIMEOUT, PROCESSOR)


def counted_in(folder: Path) -> tuple[Told, Counts]:
    """What a count left in its folder."""
    told = told_in(folder)
    with (folder / "callgrind.out").open(encoding="utf-8") as lines:
        counts = read_counts(lines, lambda address: told.codes.find(address) is not None)
    return told, counts


def prepare(task: Task, folder: Path, module: str, build: Mapping[str, str]) -> None:
    """Compile a variant's kernels with line tables, outside of any profiler."""
    replace(task, mode="compile").write(folder)
    run(command_of(module), folder, "compile.log", _TIMEOUT, build)


def fixed_addresses() -> list[str]:
    """A prefix for commands whose memory must lie at the same addresses every time; empty where that is not
    allowed."""
    prefix = ["setarch", "--addr-no-randomize"]
    if which(prefix[0]) is None:
        return []
    allowed = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return prefix if allowed else []
