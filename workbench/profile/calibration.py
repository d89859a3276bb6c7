"""The profilers themselves, measured: on work with known shares, how far is each off, and how much does it disturb?

The truth comes from ablation (``workload``): the time saved without a line. The card shows each tool's answer, its
effect on the run time, and its effect on the ratio of Python's time to the kernel's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lobench.workbench.environment import environment
from lobench.workbench.profile import callgrind, python_tools, sampled
from lobench.workbench.profile.attribution import group, spend
from lobench.workbench.profile.callgrind_file import Counts
from lobench.workbench.profile.model.summary import Card
from lobench.workbench.profile.needs import MissingRightError, MissingToolError, require
from lobench.workbench.profile.runner import WORKLOAD, Told, run, target, told_in
from lobench.workbench.profile.task import Task
from lobench.workbench.profile.telling import Done
from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.profiles import Agreement, ToolError

TOOLS = ("callgrind", "perf", "py-spy", "scalene", "memray")
STEPS = len(TOOLS) + 1

_LINES = ("light", "heavy")
_TIMEOUT = 300.0

Report = Callable[[str], None]
Shares = dict[str, float | None]


def calibrate(folder: Path, seconds: float, report: Report) -> Card:
    """Try every tool that is here on the workload; returns the card (docs/profiling.md).

    ``report`` is called with the name of each of ``STEPS`` steps that begins. Tools that are missing are named under
    ``missing``.
    """
    from lobench.workbench.profile.workload import HEAVY, shares_of

    folder.mkdir(parents=True, exist_ok=True)
    task = Task(variant="", feed=[], seconds=seconds)
    report("truth by ablation")
    replace(task, mode="truth").write(folder)
    run(target(WORKLOAD), folder, "truth.log", _TIMEOUT)
    shares = shares_of(Done.read(folder).truth)
    truth = {line: Interval(**share) for line, share in shares.items()}
    tools: dict[str, ToolError] = {}
    missing: dict[str, str] = {}
    for tool in TOOLS:
        report(tool)
        own = folder / tool
        own.mkdir(exist_ok=True)
        try:
            # Right before, so that both run under the same conditions.
            free = _free(task, own, seconds / 2)
            said, done = TRIALS[tool](task, own, seconds)
        except (MissingToolError, MissingRightError) as error:
            missing[tool] = str(error)
            continue
        errors = {line: None if share is None else share - truth[line].value for line, share in said.items()}
        tools[tool] = ToolError(said, errors, *_disturbance(done, free))
    return Card(
        machine=as_json(environment()),
        heavy=HEAVY,
        truth=truth,
        tools=tools,
        agreement=_agreement(tools),
        missing=missing,
    )


def _free(task: Task, folder: Path, seconds: float) -> Done:
    """The unprofiled workload, run for ``seconds``."""
    replace(task, mode="plain", seconds=seconds).write(folder)
    run(target(WORKLOAD), folder, "undisturbed.log", _TIMEOUT)
    return told_in(folder).done


def _callgrind(task: Task, folder: Path, seconds: float) -> tuple[Shares, None]:
    told, counts = callgrind.profile(task, folder, WORKLOAD)
    # Callgrind slows one process fiftyfold and leaves the other alone: there is no ratio to report.
    return _kernel_lines(told, counts), None


def _perf(task: Task, folder: Path, seconds: float) -> tuple[Shares, Done]:
    seen = sampled.perf(replace(task, mode="plain"), folder, seconds, WORKLOAD)
    return _kernel_lines(seen.told, seen.counts), seen.told.done


def _py_spy(task: Task, folder: Path, seconds: float) -> tuple[Shares, Done]:
    seen = sampled.py_spy(replace(task, mode="plain"), folder, seconds, WORKLOAD)
    profile = json.loads((folder / "py-spy.speedscope.json").read_text(encoding="utf-8"))
    return {**_kernel_lines(seen.told, seen.counts), **_spied_lines(profile)}, seen.told.done


def _scalene(task: Task, folder: Path, seconds: float) -> tuple[Shares, Done]:
    require("scalene")
    python_tools.run_scalene(replace(task, mode="scalene", seconds=seconds), folder, WORKLOAD)
    told = told_in(folder)
    rows = python_tools.scalene_lines(
        json.loads((folder / python_tools.SCALENE).read_text(encoding="utf-8")), told.sources
    )
    shares = {row.line: row.share for row in rows if row.file.endswith("workload.py")}
    return _python_lines(shares), told.done


def _memray(task: Task, folder: Path, seconds: float) -> tuple[Shares, Done]:
    require("memray")
    (folder / "memray.bin").unlink(missing_ok=True)
    replace(task, mode="memray", seconds=seconds).write(folder)
    run(target(WORKLOAD), folder, "memray.log", _TIMEOUT, name="memray")
    return {}, told_in(folder).done


TRIALS: dict[str, Callable[[Task, Path, float], tuple[Shares, Done | None]]] = {
    "callgrind": _callgrind,
    "perf": _perf,
    "py-spy": _py_spy,
    "scalene": _scalene,
    "memray": _memray,
}
"""Each tool on the workload, in a folder, for ``seconds`` seconds: its figures for the lines, the workload's report."""


def _kernel_lines(told: Told, counts: Counts) -> Shares:
    """Shares of the kernel's two lines in their total, including loops with the lines that they repeat."""
    from lobench.workbench.profile.workload import line_of

    places = {line_of(f"kernel {line}") - back: line for line in _LINES for back in (0, 1)}
    sums = group(spend(told.codes, counts, {}), lambda entry: places.get(entry.place.line, ""))
    whole = sum(float(sums[line][0]) for line in _LINES if line in sums)
    return {f"kernel {line}": float(sums[line][0]) / whole if line in sums else None for line in _LINES}


def _spied_lines(profile: Mapping[str, Any]) -> Shares:
    """py-spy's samples by the innermost line of the Python part."""
    frames = profile["shared"]["frames"]
    lines: dict[int, float] = {}
    for thread in profile["profiles"]:
        for stack, weight in zip(thread["samples"], thread["weights"], strict=True):
            line = next((frames[i]["line"] for i in reversed(stack) if frames[i]["name"] == "python_part"), None)
            if line is not None:
                lines[line] = lines.get(line, 0.0) + weight
    return _python_lines(lines)


def _python_lines(values: Mapping[int, float]) -> Shares:
    """Shares of the Python part's two lines in all three of the loop."""
    from lobench.workbench.profile.workload import line_of

    light, heavy = (line_of(f"python {line}") for line in _LINES)
    whole = sum(values.get(line, 0.0) for line in (light - 1, light, heavy))
    if not whole:
        return {"python light": None, "python heavy": None}
    return {"python light": values.get(light, 0.0) / whole, "python heavy": values.get(heavy, 0.0) / whole}


def _disturbance(done: Done | None, free: Done) -> tuple[float | None, float | None, float | None]:
    """Wall and CPU time against undisturbed, and the change of the ratio of Python's CPU time to the kernel's; 1 is
    no effect."""
    if done is None or not done.records:
        return None, None, None
    wall, cpu = (
        [sum(spent.values()) / told.records for spent, told in zip(both, (done, free), strict=True)]
        for both in ((done.wall, free.wall), (done.cpu, free.cpu))
    )
    ratio = [told.cpu["python"] / told.cpu["kernel"] for told in (done, free)]
    return wall[0] / wall[1], cpu[0] / cpu[1], ratio[0] / ratio[1]


def _agreement(tools: Mapping[str, ToolError]) -> tuple[Agreement, ...]:
    """For each pair of tools with shares of the same line, the largest difference."""
    rows = []
    names = list(tools)
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            pairs = [(share, tools[other].said.get(line)) for line, share in tools[one].said.items()]
            apart = [abs(mine - theirs) for mine, theirs in pairs if mine is not None and theirs is not None]
            if apart:
                rows.append(Agreement((one, other), max(apart)))
    return tuple(rows)
