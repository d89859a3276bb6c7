"""Profiles of an engine that is a shared library, by its own debug information: counts by callgrind, samples by perf.

Its functions are identified by their place in the file, which is the same in every process; perf unwinds whole stacks
and so knows the callers. The library's own code counts, with its calls elsewhere.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lobench.workbench.profile import callgrind, sampled
from lobench.workbench.profile.attribution import LIBRARY, Spent, callers_in, spend
from lobench.workbench.profile.callgrind_file import Counts, read_counts
from lobench.workbench.profile.codemap import CodeMap, Frame, Stack
from lobench.workbench.profile.needs import require_all
from lobench.workbench.profile.runner import ToolFailedError, running
from lobench.workbench.profile.seen import Facts, Seen
from lobench.workbench.profile.sources import Sources
from lobench.workbench.profile.task import LONGEST, Task
from lobench.workbench.profile.telling import Done, Ready

if TYPE_CHECKING:
    from lobench.workbench.profile.library_code import LibraryCode

TARGET = "lobench.workbench.profile.library_target"

STACK_BYTES = 4096
"""Of the stack that perf keeps for each sample: compilers make larger frames than kernels have."""

_EVEX = re.compile(r"unhandled instruction bytes: 0x62 ")
"""valgrind's message for an instruction of AVX-512: this byte begins each."""
_UNHANDLED = re.compile(r"unhandled instruction bytes: ((?:0x[0-9A-Fa-f]+ ?)+)")

Chain = tuple[tuple[int, ...], str | None]
"""Addresses of the library in a stack, outermost first, and the function of elsewhere that the last has called."""


def _code(library: str) -> LibraryCode:
    # Only reading debug information needs pyelftools.
    from lobench.workbench.profile.library_code import LibraryCode

    return LibraryCode(library)


def counted(task: Task, folder: Path) -> Seen:
    """Instructions, misses and mispredictions by callgrind. ``callgrind.out`` stays in the folder.

    Raises UsageError for a library without a line table, MissingToolError, and ToolFailedError where it does not run
    under valgrind or nothing was counted.
    """
    require_all(["callgrind"])
    assert task.library is not None
    # Fail before any work is done.
    _code(task.library).close()
    callgrind.prepare(task, folder, TARGET, {})
    try:
        callgrind.count(task, folder, TARGET)
    except ToolFailedError as error:
        raise _explained(error, folder / "callgrind.log") from error
    return counted_in(task, folder)


def counted_in(task: Task, folder: Path) -> Seen:
    """The counts in a folder. Raises ToolFailedError if there are none."""
    assert task.library is not None
    with (folder / "callgrind.out").open(encoding="utf-8") as lines:
        counts = read_counts(lines, lambda address: True, task.library)
    if not any(int(cost[0]) for cost in counts.own.values()):
        raise ToolFailedError(f"valgrind counted no instructions of the library; its output is in {folder}")
    with _code(task.library) as code:
        codes = code.map(_addresses(counts))
    events, told = Done.read(folder).records, Ready.read(folder)
    facts = Facts(caches=callgrind.CACHES, library_calls=callgrind.calls_per_event(counts, events, told.records))
    spent = spend(codes, counts, callers_in(codes, counts))
    return Seen(spent, events, told.feed, Sources(code.files, {}), facts)


def perf(task: Task, folder: Path, seconds: float) -> Seen:
    """Time by perf, in nanoseconds. ``perf.data`` and ``perf.script`` stay in the folder. Raises as ``counted``, and
    MissingRightError."""
    require_all(["perf"])
    assert task.library is not None
    with _code(task.library) as code:
        callgrind.prepare(task, folder, TARGET, {})
        with running(replace(task, mode="plain", seconds=LONGEST), folder, TARGET) as pid:
            script, notes = sampled.record(pid, folder, seconds, STACK_BYTES)
        with script.open(encoding="utf-8") as lines:
            chains, samples = _chains(sampled.perf_samples(lines, task.library), code)
        codes = code.map({address for addresses, _ in chains for address in addresses})
    seen = sum(chains.values())
    if not seen:
        raise ToolFailedError(f"perf hit the library in none of {samples} samples; a longer --seconds may help")
    done = Done.read(folder)
    each = done.cpu_seconds * 1e9 / samples
    spent: dict[Stack, float] = defaultdict(float)
    for chain, number in chains.items():
        spent[_stack(codes, chain)] += number * each
    facts = Facts(samples=samples, kernel_samples=seen, **notes)
    found = [Spent(stack, np.array([value])) for stack, value in spent.items()]
    return Seen(found, done.records, Ready.read(folder).feed, Sources(code.files, {}), facts)


def _addresses(counts: Counts) -> set[int]:
    called = {address for address, _ in counts.called}
    return set(counts.own) | called | {address for pair in counts.calls for address in pair}


def _chains(samples: Iterable[sampled.Sample], code: LibraryCode) -> tuple[dict[Chain, int], int]:
    """Samples that found the library at work, by their stacks; and how many there were in all."""
    found: dict[Chain, int] = defaultdict(int)
    total = 0
    for sample in samples:
        total += 1
        own = [place for place, (at, _) in enumerate(sample) if at]
        if own:
            called = sampled.function_of(sample[own[0] - 1][1]) if own[0] else None
            found[tuple(code.address(sample[place][0]) for place in reversed(own)), called] += 1
    return found, total


def _stack(codes: CodeMap, chain: Chain) -> Stack:
    addresses, called = chain
    frames: list[Frame] = []
    for address in addresses:
        piece = codes.find(address)
        assert piece is not None
        frames += piece.stack
    return (*frames, *([Frame(called, LIBRARY, 0)] if called else []))


def _explained(error: ToolFailedError, log: Path) -> ToolFailedError:
    """Why a library did not run under valgrind, where that is known."""
    said = log.read_text(encoding="utf-8", errors="replace")
    remedy = (
        "build it for x86-64-v3 as well and profile that (C and C++: -march=x86-64-v3; Rust: -C "
        "target-cpu=x86-64-v3). perf can profile it as it is"
    )
    if _EVEX.search(said):
        return ToolFailedError(f"the library holds AVX-512 instructions, which valgrind does not know: {remedy}")
    if unknown := _UNHANDLED.search(said):
        return ToolFailedError(f"valgrind does not know an instruction of the library ({unknown[1].strip()}): {remedy}")
    return error
