"""Full-speed profiles of a variant's kernels: perf and py-spy sample a process that replays.

Neither knows a kernel's lines: addresses come from the tool, lines from the target's code map. The kernels are those
that are timed, for this processor, AVX-512 included.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lobench.engine.errors import LobenchError
from lobench.workbench.processes.starting import tool_environment
from lobench.workbench.profile.callgrind_file import JIT, Cost, Counts, unnamed
from lobench.workbench.profile.codemap import CodeMap
from lobench.workbench.profile.needs import MissingRightError, perf_event_paranoid, ptrace_scope, require, require_all
from lobench.workbench.profile.runner import TARGET, Told, ToolFailedError, codes_in, running, told_in
from lobench.workbench.profile.seen import Facts
from lobench.workbench.profile.task import LONGEST, Task

CLOCK = "cpu-clock:u"
"""perf's sampling event: time, which every machine has."""
HARDWARE = ("instructions:u", "cycles:u", "cache-misses:u", "branch-misses:u")
"""Counters of the processor that perf is asked for; virtual machines often have none."""
FREQUENCY = 997
"""Samples a second that perf takes; a prime, so that nothing periodic is met always or never."""
SPY_FREQUENCY = 200
STACK_BYTES = 512
"""Of the stack that perf keeps for each sample: enough to come from libc back to the kernel that called it."""
RECORD = ("-N", "-q", "-e", CLOCK, "-F", str(FREQUENCY), "--call-graph", f"dwarf,{STACK_BYTES}")
"""How perf is asked to record. Without -N, copies of every library that it met stay in ~/.debug for ever."""

COLUMNS = ("nanoseconds",)

Sample = tuple[tuple[int, str], ...]
"""(address, symbol) from the innermost frame outwards; address 0 if the tool gives only a name."""


@dataclass(frozen=True)
class Sampled:
    """The findings of a sampling profiler: counts in samples, and the total number of samples."""

    told: Told
    counts: Counts
    samples: int
    notes: Facts

    @property
    def kernel_samples(self) -> int:
        """Samples that found the process in a kernel, or in a callee of one."""
        return int(
            sum(int(n[0]) for n in self.counts.own.values()) + sum(int(n[0]) for n in self.counts.called.values())
        )


def perf(task: Task, folder: Path, seconds: float, module: str = TARGET) -> Sampled:
    """Sample with perf for so long. Leaves ``perf.data``, ``perf.script`` and the perf map in the folder.

    Raises MissingToolError, MissingRightError where the kernel does not let this user look, ToolFailedError where it
    saw nothing.
    """
    require_all(["perf"])
    with running(replace(task, seconds=LONGEST), folder, module) as pid:
        map_file = Path(f"/tmp/perf-{pid}.map")
        try:
            codes = codes_in(folder)
            map_file.write_text(codes.perf_map(), encoding="utf-8")
            script, notes = record(pid, folder, seconds, STACK_BYTES)
            shutil.copy(map_file, folder / map_file.name)
        finally:
            map_file.unlink(missing_ok=True)
    told = told_in(folder, codes)
    with script.open(encoding="utf-8") as lines:
        counts, samples = count(perf_samples(lines), told.codes)
    return _seen("perf", Sampled(told, counts, samples, notes))


def record(pid: int, folder: Path, seconds: float, stack_bytes: int) -> tuple[Path, Facts]:
    """Sample a process with perf for so long; returns perf's script output, and facts for a document."""
    data = folder / "perf.data"
    looking = ["-o", str(data), "-p", str(pid), "--", "sleep", f"{seconds:.2f}"]
    done = quietly(["perf", "record", *RECORD[:-1], f"dwarf,{stack_bytes}", *looking])
    if done.returncode:
        raise refused("perf", done.stderr)
    notes = Facts(event=CLOCK, hardware_counters=_stat(pid))
    return script_of(data), notes


def script_of(data: Path) -> Path:
    """perf's script output for its recording, beside it."""
    script = data.with_name("perf.script")
    fields = "comm,pid,tid,time,period,event,ip,sym,dso,symoff"
    # Inlined frames come from the code map; perf would start another program for each address, which takes minutes.
    told = quietly(["perf", "script", "--no-inline", "-i", str(data), "-F", fields])
    script.write_text(told.stdout, encoding="utf-8")
    return script


def py_spy(task: Task, folder: Path, seconds: float, module: str = TARGET) -> Sampled:
    """Sample with py-spy for so long, native frames included. Leaves ``py-spy.speedscope.json`` in the folder.

    Raises MissingToolError, MissingRightError where the system does not let this user attach to a process,
    ToolFailedError where it saw nothing.
    """
    profile, told = spy(task, folder, seconds, module, "--native")
    counts, samples = count(_spy_samples(profile), told.codes)
    (folder / "py-spy.named.speedscope.json").write_text(json.dumps(_with_lines(profile, told.codes)), encoding="utf-8")
    return _seen("py-spy", Sampled(told, counts, samples, {}))


def spy(task: Task, folder: Path, seconds: float, module: str, option: str) -> tuple[dict[str, Any], Told]:
    """py-spy's profile with an option, and the target's report. Raises as ``py_spy``."""
    require_all(["py-spy"])
    program = require("py-spy")
    out = folder / "py-spy.speedscope.json"
    options = [
        option,
        "--format",
        "speedscope",
        "--rate",
        str(SPY_FREQUENCY),
        "--duration",
        str(max(1, round(seconds))),
    ]
    with running(replace(task, seconds=LONGEST), folder, module) as pid:
        done = quietly([program, "record", *options, "--output", str(out), "--pid", str(pid)])
        if done.returncode or not out.exists():
            raise refused("py-spy", done.stderr)
    return json.loads(out.read_text(encoding="utf-8")), told_in(folder)


def _seen(tool: str, found: Sampled) -> Sampled:
    """The samples. Raises ToolFailedError if none hit a kernel."""
    if not found.kernel_samples:
        raise ToolFailedError(f"{tool} hit no kernel in {found.samples} samples; a longer --seconds may help")
    return found


def nanoseconds(sampled: Sampled) -> Counts:
    """The counts of samples as time: all samples together took the CPU time of the target's events."""
    cpu = sampled.told.done.cpu_seconds * 1e9 / max(sampled.samples, 1)
    own: dict[int, Cost] = {address: count * cpu for address, count in sampled.counts.own.items()}
    return Counts(own, {place: count * cpu for place, count in sampled.counts.called.items()})


def count(samples: Iterable[Sample], codes: CodeMap) -> tuple[Counts, int]:
    """Samples by the innermost kernel address in each; those without any are counted, nothing more."""
    counts, total = Counts(), 0
    one = np.ones(1, np.int64)
    for sample in samples:
        total += 1
        for depth, (address, _) in enumerate(sample):
            if address and codes.find(address) is not None:
                if depth == 0:
                    counts.own[address] = counts.own.get(address, 0) + one
                else:
                    place = (address, function_of(sample[depth - 1][1]))
                    counts.called[place] = counts.called.get(place, 0) + one
                break
    return counts, total


def function_of(symbol: str) -> str:
    """The name that callgrind and perf would agree on for a function of libc."""
    name = symbol.partition("@")[0].removeprefix("__GI_")
    return "(unnamed)" if name.startswith(("0x", "[")) or not name else name


def perf_samples(lines: Iterable[str], library: str | None = None) -> Iterator[Sample]:
    """Samples of perf's script output: a head line, frames from the innermost outwards, an empty line. Addresses are
    those of the process, of code in a file those of the file; of a ``library``, if that is asked for, and of it
    alone."""
    frames: list[tuple[int, str]] = []
    for line in lines:
        found = re.match(r"\s+([0-9a-f]+) (.*)", line)
        if found:
            known = library is None or found[2].endswith(f" ({library})")
            symbol = found[2].partition("+0x")[0].partition(" (")[0]
            frames.append((int(found[1], 16) if known else 0, symbol))
        elif not line.strip() and frames:
            yield tuple(frames)
            frames = []
    if frames:
        yield tuple(frames)


def _spy_samples(profile: dict[str, Any]) -> Iterator[Sample]:
    """Samples of a speedscope file of py-spy: JIT code is named by its address there."""
    frames = profile["shared"]["frames"]
    for thread in profile["profiles"]:
        for stack in thread["samples"]:
            names = [frames[index]["name"] for index in reversed(stack)]
            # All addresses but the innermost are return addresses, one instruction after the call.
            yield tuple((_address(name) - (depth > 0), name) for depth, name in enumerate(names))


def _address(name: str) -> int:
    return int(name, 16) if re.fullmatch("0x[0-9a-f]+", name) else 0


def _with_lines(profile: dict[str, Any], codes: CodeMap) -> dict[str, Any]:
    """The same file with kernel addresses named by source lines, and no other by its number."""
    for frame in profile["shared"]["frames"]:
        address = _address(frame["name"])
        piece = codes.find(address - 1) if address else None
        if piece is None:
            frame["name"] = unnamed(JIT) if address else frame["name"]
        else:
            inner = piece.stack[-1]
            frame["name"] = f"{inner.function.rpartition('.')[2]} ({os.path.basename(inner.file)}:{inner.line})"
            frame["file"], frame["line"] = os.path.basename(inner.file), inner.line
    return profile


def _stat(pid: int) -> dict[str, int | None]:
    """Half a second of the processor's own counters; None for each that this machine does not have."""
    done = quietly(["perf", "stat", "-x", ",", "-e", ",".join(HARDWARE), "-p", str(pid), "--", "sleep", "0.5"])
    values: dict[str, int | None] = dict.fromkeys(HARDWARE)
    for line in done.stderr.splitlines():
        count, *rest = line.split(",")
        name = next((field for field in rest if field in values), None)
        if name and count.isdigit():
            values[name] = int(count)
    return values


def quietly(command: list[str]) -> subprocess.CompletedProcess[str]:
    # Messages and numbers in the expected form, whatever the user's language.
    variables = {**tool_environment(), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=variables,
        check=False,
        encoding="utf-8",
        errors="replace",
    )


def refused(tool: str, said: str) -> LobenchError:
    """The obstacle to a tool, in words that give the remedy."""
    paranoid, scope = perf_event_paranoid(), ptrace_scope()
    if tool == "perf" and os.geteuid() and paranoid is not None and paranoid > 2:
        return MissingRightError(
            f"perf is not allowed to profile processes: kernel.perf_event_paranoid is {paranoid}. "
            "As root: sysctl kernel.perf_event_paranoid=2"
        )
    denied = "ermission" in said or "not permitted" in said
    if tool == "py-spy" and denied:
        rule = "" if scope is None else f" (kernel.yama.ptrace_scope is {scope})"
        return MissingRightError(
            f"py-spy may not attach to a process of this user{rule}. Run as root, or give the container the "
            "SYS_PTRACE capability; with Yama, as root: sysctl kernel.yama.ptrace_scope=1"
        )
    return ToolFailedError(f"{tool} failed: {said.strip()[-500:] or 'no output'}")
