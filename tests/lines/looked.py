"""Profiles the programs of this folder and reads the costs of their marked lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.command import lobench

PROGRAMS = Path(__file__).parent / "programs"
MARKS = ("first", "second", "third")
LIGHT = 6400
"""A multiple of any unrolling."""


def look(folder: Path, name: str, *arguments: object, options: tuple[str, ...] = (), **changes: str) -> Any:
    """The document of a program that runs in ``folder``, with ``changes`` to its environment."""
    words = ("lines", *options, "-o", folder / "out", "--json", PROGRAMS / f"{name}.py", *arguments)
    done = lobench(*words, folder=folder, **changes)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def marked(found: Any, column: str = "instructions") -> dict[str, float]:
    """Cost of the marked lines, by mark; lines of several functions are added up."""
    costs = dict.fromkeys(MARKS, 0.0)
    for row in found["lines"]:
        mark = row["text"].rpartition("# ")[2]
        if mark in costs:
            costs[mark] += row[column]
    return costs


def is_exact(costs: dict[str, float], steps: int) -> bool:
    """Whether lines that ran n, 4 n and n times cost a whole number of instructions a step, the same on each, except
    for at most 40 at the ends of each loop."""
    per_step, rest = divmod(costs["second"] - costs["first"], 3 * steps)
    ends = [costs[mark] - factor * steps * per_step for mark, factor in zip(MARKS, (1, 4, 1), strict=True)]
    return per_step >= 3 and rest == 0 and costs["first"] == costs["third"] and all(0 <= end <= 40 for end in ends)
