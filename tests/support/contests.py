"""Contests for tests, the state that a process finds at its start, and documents that contain a contest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lobench.workbench.contest import analysis
from lobench.workbench.contest.asked import Asked
from lobench.workbench.contest.bench import Outcome
from lobench.workbench.contest.kinds import bench_of
from lobench.workbench.contest.protocol import RoundsMessage
from lobench.workbench.contest.session import Agreement, laid_out
from lobench.workbench.experiment.budget import Budget
from lobench.workbench.processes.starting import first_environment
from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.contest import Contest, Subject
from tests.support.documents import document


def asked(*subjects: str, kind: Any = "callables", **rules: Any) -> Asked:
    return Asked(kind=kind, subjects=subjects, **{"clock": "cpu_ns", **rules})


def outcomes(one: Asked, seed: int = 1) -> list[Outcome]:
    turns: list[int] = []
    found = bench_of(one, range(len(one.subjects)), seed, first_environment()).agree(turns.append)
    assert set(turns) <= set(range(len(one.subjects)))
    return found


def agreed(seconds: dict[str, float], calls: int, lead_in: int, rates: dict[str, float] | None = None) -> Agreement:
    return Agreement({}, rates or seconds, seconds, calls, lead_in)


TRUE = {"a.py:f": 1.0, "b.py:f": 1.0, "c.py:f": 0.97, "d.py:f": 1.2}
"""Times of one call, in milliseconds."""


def made(times: dict[str, float], clock: str = "cpu_ns", refuse: str = "", processes: int = 8) -> Contest:
    """A contest whose samples are so long, but for noise."""
    rng = np.random.default_rng(3)
    names = list(times)
    kind = "callables" if clock == "cpu_ns" else "commands"
    one = asked(*names, kind=kind, clock=clock)
    session = laid_out(one, agreed(dict.fromkeys(names, 1e-3), 10, 1), Budget(10.0, processes))
    lengths = [times[name.removesuffix(" (A/A)")] for name in session.measured]
    for process in range(processes):
        rows = []
        for number in range(30):
            for turn, column in enumerate(rng.permutation(len(lengths)).tolist()):
                wall = round(1e7 * lengths[column] * math.exp(rng.normal(0, 0.005)))
                cpu = wall if clock == "cpu_ns" else 1_000_000
                rows.append([number, 0, column, turn, wall, cpu, 0, 0, 0, 0, 0])
        refused = {refuse: "does something else"} if refuse else {}
        session.hear(process, RoundsMessage(samples=rows, refused=refused))
    subjects = tuple(Subject(name, True, None, None, None, None) for name in names)
    contest = Contest(kind, clock, None, None, None, None, False, subjects, session.result(), ())
    analysis.analyse(contest, 0.01)
    return contest


def document_of(contest: Contest) -> dict[str, Any]:
    """A document that holds a contest, as JSON."""
    kept = document(kind="cmp")
    (entry, *_) = kept["variants"]
    variants = [{**entry, "name": subject.name, "phase": None} for subject in contest.subjects]
    return {**kept, "feeds": [], "variants": variants, "contest": as_json(contest)}
