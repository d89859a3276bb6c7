"""Answers that come late refuse a variant when they do so again, not when something disturbed a single pass."""

from __future__ import annotations

import pytest

from lobench.workbench.measurement.lockstep import COLUMNS, LOCKSTEP
from lobench.workbench.measurement.protocol import Pass
from lobench.workbench.measurement.session import Session
from lobench.workbench.results.model.samples import Design

NAMES = ["p0_baseline", "own", "p0_baseline (A/A)"]
MS = 1_000_000


def refused(owed: list[int]) -> dict[str, str]:
    """Reasons after passes of 40 ms in which the second variant's answers owe so many milliseconds."""
    session = Session(list(NAMES), 40_000, Design(2, 1.0, 40_000, 0))
    for number, late in enumerate(owed):
        values = {"pass": number, "slice": 0, "wall_ns": 40 * MS, "cpu_ns": 40 * MS, "contaminated": 0}
        samples = [
            [(values | {"variant": index, "order": index}).get(name, 0) for name in COLUMNS]
            for index in range(len(NAMES))
        ]
        made = Pass(
            kind=LOCKSTEP,
            samples=samples,
            end_states=("a",) * len(NAMES),
            owed_ns=(0, late * MS, 0),
            floor_ns=0.0,
            held=0,
            laid_out=(True,) * len(NAMES),
            hardware=(),
        )
        session.take(0, made)
    return session.reasons


@pytest.mark.parametrize("owed", [[0], [20], [5, 5, 5], [20, 0, 0, 0], [20, 0, 0, 0, 0, 20], [0, 0, 0, 20, 20]])
def test_a_disturbed_pass_refuses_nobody(owed: list[int]) -> None:
    assert refused(owed) == {}


@pytest.mark.parametrize("owed", [[20, 20], [0, 20, 20], [20, 0, 20], [20, 20, 0, 0]])
def test_answers_that_keep_coming_late_refuse(owed: list[int]) -> None:
    assert refused(owed) == {"own": "does 50% of its work only when it is asked for results"}
