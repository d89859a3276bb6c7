"""Processes of a session that start together: each has its turn alone, and none is left."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from lobench.engine.workload import Workload
from lobench.workbench.measurement import ahead
from lobench.workbench.measurement import session as measurement_session
from lobench.workbench.measurement.ahead import Ahead
from lobench.workbench.measurement.process import Started, messages
from lobench.workbench.measurement.protocol import SessionMessage
from lobench.workbench.measurement.session import Course, Session, fill, measure
from lobench.workbench.measurement.task import Task
from lobench.workbench.results.model.samples import Design

NAMES = ["p0_baseline", "p4_hash_lookup", "p0_baseline (A/A)"]


class Pretended:
    """In the place of ``Started``; ``failing``: numbers of tasks that never get ready."""

    log: list[str]
    failing: ClassVar[set[int]] = set()

    def __init__(self, task: Task, feed: object) -> None:
        self.task = task
        self.log.append(f"start {task.seed}")

    def is_ready(self) -> bool:
        self.log.append(f"ready {self.task.seed}")
        return self.task.seed not in self.failing

    def close(self) -> None:
        self.log.append(f"close {self.task.seed}")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(Pretended, "log", said, raising=False)
    monkeypatch.setattr(Pretended, "failing", set())
    monkeypatch.setattr(ahead, "Started", Pretended)
    return said


def task_of(number: int, seconds: float) -> Task:
    return Task("session", NAMES, seed=number, seconds=seconds)


def seed(process: Started | None) -> int:
    assert process is not None
    return process.task.seed


def test_all_are_ready_before_the_first_has_its_turn(log: list[str]) -> None:
    with Ahead(task_of, None, 3) as processes:
        assert seed(processes.of(4, NAMES, 9)) == 4
        assert log == ["start 4", "start 5", "start 6", "ready 4", "ready 5", "ready 6"]
        log.clear()
        assert [seed(processes.of(number, NAMES, 9)) for number in (5, 6)] == [5, 6]
        assert log == []
        assert seed(processes.of(7, NAMES, 8)) == 7
        assert log == ["start 7", "ready 7"]
    assert not any(line.startswith("close") for line in log)


def test_those_whose_turn_does_not_come_are_ended(log: list[str]) -> None:
    with Ahead(task_of, None, 3) as processes:
        processes.of(0, NAMES, 9)
    assert sorted(log[-2:]) == ["close 1", "close 2"]


def test_one_that_does_not_get_ready_starts_again_in_its_turn(log: list[str]) -> None:
    Pretended.failing = {1}
    with Ahead(task_of, None, 2) as processes:
        processes.of(0, NAMES, 9)
        assert log[-1] == "close 1"
        log.clear()
        assert seed(processes.of(1, NAMES, 9)) == 1
        assert log == ["start 1", "start 2", "ready 1", "ready 2"]


def test_without_a_variant_that_was_dropped_all_start_again(log: list[str]) -> None:
    with Ahead(task_of, None, 3) as processes:
        processes.of(0, NAMES, 9)
        log.clear()
        assert seed(processes.of(1, NAMES[:1], 9)) == 1
        assert log[:3] == ["close 1", "close 2", "start 1"]


def test_one_at_a_time(log: list[str]) -> None:
    with Ahead(task_of, None, 1) as processes:
        assert processes.of(0, NAMES, 9) is None
    assert log == []


def test_their_common_start_is_shared_by_their_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting takes two seconds for every two processes; the session takes as long as it was given."""
    now, given = [0.0], list[float]()

    class InPairs:
        def __init__(self, *_: object) -> None: ...

        def __enter__(self) -> InPairs:
            return self

        def __exit__(self, *_: object) -> None: ...

        def of(self, number: int, variants: object, end: int) -> InPairs:
            now[0] += 2.0 if number % 2 == 0 else 0.0
            return self

    def passes(task: Any, *_: object) -> Iterator[SessionMessage]:
        given.append(task.seconds)
        now[0] += task.seconds
        yield SessionMessage(seconds=task.seconds)

    monkeypatch.setattr(measurement_session, "Ahead", InPairs)
    monkeypatch.setattr(measurement_session, "messages", passes)
    monkeypatch.setattr(measurement_session, "time", SimpleNamespace(monotonic=lambda: now[0]))
    made = Session(NAMES, 40_000, Design(10, 3.0, 10_000, 0))
    fill(made, task_of, Course(least=3, keep=lambda: None), ahead=2)
    assert len(given) == 10
    assert now[0] == pytest.approx(30)
    # Ten seconds of starts are left out of thirty.
    assert given[2:] == pytest.approx([2.0] * 8, abs=0.8)


def test_about_five_processes_measure_alone_however_many_there_will_be(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: list[str] = []

    def passes(task: Any, *_: object) -> Iterator[SessionMessage]:
        kinds.append(task.settings.isolated)
        yield SessionMessage(seconds=0.0)

    monkeypatch.setattr(measurement_session, "messages", passes)
    monkeypatch.setattr(measurement_session, "together", lambda: 1)
    feed: Any = None
    made = Session(NAMES, 40_000, Design(20, 10.0, 10_000, 0))
    measure(made, feed, Workload(), Course(least=2, keep=lambda: None, allot=lambda *_: 40))
    assert len(kinds) == 40
    # Every fourth of twenty, then every eighth of forty.
    assert [place for place, kind in enumerate(kinds) if kind != "none"] == [0, 8, 16, 24, 32]


def test_a_process_that_prepares_waits_for_its_turn() -> None:
    """A real one, of a job that fails at once: the reason comes when its turn does."""
    with Started(Task(job="session", variants=["p9_nothing"])) as process:
        assert not process.is_ready()
    waiting = Started(Task("session", ["p9_nothing"]))
    told = messages(Task(job="session"), SessionMessage, None, lambda seconds: None, waiting)
    with pytest.raises(Exception, match="no variant named 'p9_nothing'"):
        list(told)
