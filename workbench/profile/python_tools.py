"""Profilers of Python code, unchanged: scalene for time, memray for allocations.

Scalene sees a kernel as the line that calls it, memray so at best. They show the other side: how much of a replay's
time and memory is spent outside kernels.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lobench.workbench.profile.model.variant import Allocator, HeapProfile, PythonLine, PythonProfile
from lobench.workbench.profile.needs import require
from lobench.workbench.profile.runner import TARGET, ToolFailedError, run, target, told_in
from lobench.workbench.profile.sources import OWN, Sources, shown
from lobench.workbench.profile.task import Task

SCALENE = "scalene.json"
_TIMEOUT = 600.0


def scalene(task: Task, folder: Path, seconds: float) -> PythonProfile:
    """Run scalene, processor time only. Leaves ``scalene.json`` and ``scalene.html`` in the folder; returns its lines
    with shares of time in Python, in native code and in the system. Raises MissingToolError."""
    require("scalene")
    run_scalene(replace(task, mode="scalene", seconds=seconds), folder, TARGET)
    told = told_in(folder)
    return PythonProfile(
        tool="scalene",
        variant=task.variant,
        feed=told.feed,
        events=told.done.records,
        lines=scalene_lines(json.loads((folder / SCALENE).read_text(encoding="utf-8")), told.sources),
    )


def run_scalene(task: Task, folder: Path, module: str) -> None:
    """Run scalene on a target; its profile and page stay in the folder. Raises ToolFailedError where it saw nothing."""
    task.write(folder)
    for name in (SCALENE, "scalene.html"):
        (folder / name).unlink(missing_ok=True)
    # All files with these folders in their name: by default scalene leaves out libraries, and an installed copy is one.
    # default.
    seen = [*(str(folder) + os.sep for folder in OWN), *task.workload.files]
    options = ["--cpu-only", "--off", "--profile-all", "--profile-only", ",".join(seen), "-o", SCALENE]
    spec = find_spec(module)
    assert spec is not None
    run(target("scalene", "run", *options, str(spec.origin)), folder, "scalene.log", _TIMEOUT, name="scalene")
    path = folder / SCALENE
    if not path.exists() or not json.loads(path.read_text(encoding="utf-8")).get("files"):
        raise ToolFailedError(f"scalene saw nothing of the replay; its output is in {folder / 'scalene.log'}")
    # The viewer writes a file of fixed name to its working folder.
    view = target("scalene", "view", "--standalone", SCALENE)
    run(view, folder, "scalene.log", _TIMEOUT, name="scalene", more=True)
    (folder / "scalene-profile.html").replace(folder / "scalene.html")


def scalene_lines(profile: dict[str, Any], sources: Sources) -> tuple[PythonLine, ...]:
    """Lines of scalene's profile with a share of the time, largest first."""
    rows = []
    for file, entry in profile["files"].items():
        known = Sources.of([file, *sources.files.values()], sources.generated)
        for line in entry["lines"]:
            parts = [line[f"n_{part}"] / 100 for part in ("cpu_percent_python", "cpu_percent_c", "sys_percent")]
            share = sum(parts)
            if share > 0:
                text = known.text(shown(file), line["lineno"])
                rows.append(PythonLine(shown(file), line["lineno"], text, share, *parts))
    return tuple(sorted(rows, key=lambda row: -row.share))


def memray(task: Task, folder: Path) -> HeapProfile:
    """Run memray over one pass. Leaves ``memray.bin`` and ``memray.json`` in the folder; returns allocations and
    bytes of the pass, and who asked for them.

    What kernels allocate is among them with some builds of Python only: memray watches calls through the tables that
    programs and shared libraries are linked by, and JIT code gets malloc's address from the program's table where that
    has one, else from libc. Callgrind counts those calls (``library_calls`` of its document). Raises MissingToolError.
    """
    require("memray")
    replace(task, mode="memray").write(folder)
    (folder / "memray.bin").unlink(missing_ok=True)
    run(target(TARGET), folder, "memray.log", _TIMEOUT, name="memray")
    stats = target("memray", "stats", "--json", "-n", "20", "-f", "-o", "memray.json", "memray.bin")
    run(stats, folder, "memray.log", _TIMEOUT, name="memray", more=True)
    told = told_in(folder)
    found = json.loads((folder / "memray.json").read_text(encoding="utf-8"))
    return HeapProfile(
        tool="memray",
        variant=task.variant,
        feed=told.feed,
        events=told.done.records,
        allocations=found["total_num_allocations"],
        bytes=found["total_bytes_allocated"],
        peak_bytes=found["metadata"]["peak_memory"],
        allocators=found["allocator_type_distribution"],
        top=tuple(Allocator(_place(entry["location"]), entry["count"]) for entry in found["top_allocations_by_count"]),
    )


def _place(location: str) -> str:
    """memray's ``function:file:line`` without this machine's folders."""
    function, _, rest = location.partition(":")
    file, _, line = rest.rpartition(":")
    return f"{function} ({shown(file)}:{line})" if file else location
