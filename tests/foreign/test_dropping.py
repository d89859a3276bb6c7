"""A session continues without a variant that ends a process: only its rows and those of the process are removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from lobench.engine.workload import Workload
from lobench.workbench.measurement import session as sessions
from lobench.workbench.measurement.protocol import Pass, SessionMessage
from lobench.workbench.measurement.session import SESSION_COLUMNS, Course, Session, measure
from lobench.workbench.measurement.shared_feed import SharedFeed
from lobench.workbench.measurement.task import Task
from lobench.workbench.processes.starting import WorkerError
from lobench.workbench.results.model.control import again
from lobench.workbench.results.model.samples import Design
from lobench.workbench.results.samples import Limits, problem

pytestmark = pytest.mark.fast

MEASURED = ["p0_baseline", "frail", "p4_hash_lookup", again("frail"), again("p0_baseline")]
DESIGN = Design(processes=3, seconds=1.0, slice_records=100, lead_in_records=20, passes=2)
FEED = SharedFeed("feed", -1, 200)


def samples(count: int) -> list[list[int]]:
    """One pass of two slices; the variant that is ``place`` in the list takes its turn ``place`` from the end."""
    rows = []
    for part in range(2):
        for place in range(count):
            rows.append([0, part, place, count - 1 - place, 100 + place, 100 + place, 0, 0, 0, 0, 0])
    return rows


def message(task: Task) -> SessionMessage:
    count = len(task.variants)
    made = Pass(
        kind="lockstep",
        samples=samples(count),
        end_states=("same",) * count,
        owed_ns=(0,) * count,
        floor_ns=0.0,
        held=0,
        laid_out=(True,) * count,
    )
    return SessionMessage(seconds=1.0, made=made)


def run(monkeypatch: pytest.MonkeyPatch, answers: Callable[[Task], Iterator[Any]]) -> tuple[Session, list[list[str]]]:
    asked: list[list[str]] = []

    def messages(task: Task, kind: Any, feed: SharedFeed, advance: Any, ahead: None) -> Iterator[Any]:
        asked.append(list(task.variants))
        yield from answers(task)

    monkeypatch.setattr(sessions, "messages", messages)
    monkeypatch.setattr(sessions, "together", lambda: 1)
    session = Session(list(MEASURED), 200, DESIGN, same_as={"frail": "p4_hash_lookup"})
    measure(session, FEED, Workload(until="book"), Course(least=3, keep=lambda: None))
    return session, asked


def test_the_others_begin_the_process_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = 0

    def answers(task: Task) -> Iterator[Any]:
        nonlocal begun
        begun += 1
        yield message(task)
        if begun == 2:
            raise WorkerError("a measuring process was killed", "frail", "was killed by SIGSEGV")

    session, asked = run(monkeypatch, answers)
    left = ["p0_baseline", "p4_hash_lookup", "p0_baseline"]
    assert asked == [["p0_baseline", "frail", "p4_hash_lookup", "frail", "p0_baseline"]] * 2 + [left] * 2
    assert session.lost == {"frail": "was killed by SIGSEGV"}
    assert session.measured == ["p0_baseline", "p4_hash_lookup", again("p0_baseline")]
    assert session.same_as == {}
    assert problem(session.samples, SESSION_COLUMNS, session.measured, Limits(2, 3, 2)) is None
    assert len(session.samples) == 3 * 2 * 3
    rows = np.array(session.samples)
    columns = {name: rows[:, place] for place, name in enumerate(SESSION_COLUMNS)}
    # The process before keeps its order of turns, and each variant its own times.
    before = columns["process"] == 0
    assert columns["order"][before].tolist() == [2, 1, 0] * 2
    assert columns["cpu_ns"][before].tolist() == [100, 102, 104] * 2
    assert session.complete


@pytest.mark.parametrize("who", [None, "p0_baseline"])
def test_without_the_reference_there_is_no_session(who: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(task: Task) -> Iterator[Any]:
        yield message(task)
        raise WorkerError("a measuring process was killed", who, "was killed by SIGSEGV")

    with pytest.raises(WorkerError, match="a measuring process was killed"):
        run(monkeypatch, answers)
