"""Time of the lines of an engine that is a Python class, sampled by py-spy.

The time of C code that a line calls is the line's: frames of the interpreter are not recorded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from lobench.engine.foreign import python_engine
from lobench.workbench.profile.attribution import Spent
from lobench.workbench.profile.codemap import Frame, Stack, renamed
from lobench.workbench.profile.runner import TARGET, ToolFailedError
from lobench.workbench.profile.sampled import spy
from lobench.workbench.profile.seen import Facts, Seen
from lobench.workbench.profile.sources import Sources, shown_names
from lobench.workbench.profile.task import LONGEST, Task

_CALLER: Final = (*Path(python_engine.__file__).parts[-2:], "apply")
"""Who calls the engine's own ``apply``: file with its folder, function."""


def py_spy(task: Task, folder: Path, seconds: float) -> Seen:
    """Sample with py-spy for so long. Leaves ``py-spy.speedscope.json`` in the folder. Raises MissingToolError,
    MissingRightError, and ToolFailedError where it never met the engine."""
    profile, told = spy(replace(task, seconds=LONGEST), folder, seconds, TARGET, "--full-filenames")
    found: dict[Stack, int] = defaultdict(int)
    samples = 0
    for stack in _stacks(profile):
        samples += 1
        if stack:
            found[stack] += 1
    if not found:
        raise ToolFailedError(f"py-spy hit the engine in none of {samples} samples; a longer --seconds may help")
    each = told.done.cpu_seconds * 1e9 / samples
    names = shown_names(frame.file for stack in found for frame in stack)
    spent = [Spent(renamed(stack, names), np.array([number * each])) for stack, number in found.items()]
    facts = Facts(samples=samples, kernel_samples=sum(found.values()))
    sources = Sources({name: file for file, name in names.items()}, {})
    return Seen(spent, told.done.records, told.feed, sources, facts)


def _stacks(profile: dict[str, Any]) -> Iterator[Stack]:
    """The engine's part of each sample, outermost first; empty where it was not at work."""
    frames = profile["shared"]["frames"]
    for thread in profile["profiles"]:
        for sample in thread["samples"]:
            stack = [frames[index] for index in sample]
            places = [place for place, frame in enumerate(stack) if (*_file(frame), _own_name(frame)) == _CALLER]
            below = stack[places[-1] + 1 :] if places else []
            # Preparing the array of records for it is not counted as `apply`.
            if not below or _own_name(below[0]) != "apply":
                below = []
            yield tuple(Frame(frame["name"], frame["file"], frame["line"] or 0) for frame in below)


def _file(frame: dict[str, Any]) -> tuple[str, ...]:
    return Path(frame["file"] or "").parts[-2:]


def _own_name(frame: dict[str, Any]) -> str:
    """A function's name without its class, which some versions of py-spy tell."""
    return str(frame["name"]).rpartition(".")[2]
