"""Contests as tests ask for them, and what a process finds at its beginning."""

from __future__ import annotations

from typing import Any

from lobench.workbench.contest.asked import Asked
from lobench.workbench.contest.bench import Outcome
from lobench.workbench.contest.kinds import bench_of
from lobench.workbench.processes.starting import first_environment


def asked(*subjects: str, kind: Any = "callables", **rules: Any) -> Asked:
    return Asked(kind=kind, subjects=subjects, **{"clock": "cpu_ns", **rules})


def outcomes(one: Asked, seed: int = 1) -> list[Outcome]:
    turns: list[int] = []
    found = bench_of(one, range(len(one.subjects)), seed, first_environment()).agree(turns.append)
    assert set(turns) <= set(range(len(one.subjects)))
    return found
