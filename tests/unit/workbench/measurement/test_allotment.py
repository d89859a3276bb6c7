"""A session chooses its number of processes from the noise of its own samples."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from lobench.workbench.experiment.budget import design
from lobench.workbench.measurement import session as measurement_session
from lobench.workbench.measurement.allotment import Noise, allotted, best, noise
from lobench.workbench.measurement.design import PROCESSES, STARTUP
from lobench.workbench.measurement.protocol import Pass, SessionMessage
from lobench.workbench.measurement.session import Course, Session, fill
from lobench.workbench.measurement.task import Task
from lobench.workbench.results.model.control import again
from lobench.workbench.results.model.samples import Design

NAMES = ["a", "b", again("a")]
SLICES = 8


def simulated(processes: int, passes: int, own: float, each: float) -> list[np.ndarray]:
    """Log ratios of one pair; the processes have between one pass and twice ``passes``."""
    rng = np.random.default_rng(1)
    counts = rng.integers(1, 2 * passes, processes)
    return [rng.normal(0, each, (count, 1)) + rng.normal(0, own) for count in counts]


@pytest.mark.parametrize(("own", "each"), [(0.02, 0.02), (0.0, 0.05), (0.03, 0.005)])
def test_noise_of_processes_and_passes_is_separated(own: float, each: float) -> None:
    found = noise(simulated(800, 10, own, each))
    assert found is not None
    assert found.of_process == pytest.approx(own**2, rel=0.25, abs=1e-4)
    assert found.of_pass == pytest.approx(each**2, rel=0.1)


def test_few_passes_say_nothing() -> None:
    assert noise([np.zeros((9, 1)), np.zeros((9, 1))]) is None
    assert noise([np.zeros((1, 1))] * 9) is None
    assert noise([np.zeros((2, 1))] * 4) == Noise(0.0, 0.0)


def width(found: Noise, passes: list[float]) -> float:
    variance = sum(found.of_process + found.of_pass / one for one in passes) / len(passes) ** 2
    return float(stats.t.ppf(0.975, len(passes) - 1) * variance**0.5)


@pytest.mark.parametrize("own", [0.0, 0.01, 0.1])
def test_the_narrowest_interval_is_chosen(own: float) -> None:
    found, done, left, start, each = Noise(own**2, 0.1**2), [10.0] * 4, 40.0, 1.5, 0.3
    chosen = best(found, done, left, start, each)
    widths = {
        more: width(found, [*done, *[(left / more - start) / each] * more])
        for more in range(1, PROCESSES - 3)
        if (left / more - start) / each >= 1
    }
    assert widths[chosen - 4] == min(widths.values())


def test_differing_processes_need_more_processes() -> None:
    alike, different = (best(Noise(own**2, 0.05**2), [10.0] * 4, 40.0, 1.5, 0.3) for own in (0.0, 0.05))
    assert alike < 16 < different


def session(processes: int, passes: int) -> Session:
    made = Session(NAMES, 80_000, Design(processes, 5.0, 10_000, 0))
    rng = np.random.default_rng(1)
    for process in range(4):
        samples = [
            [number, place, variant, variant, 0, int(1e6 * np.exp(0.01 * rng.normal())), 0, 0, 0, 0, 0]
            for number in range(passes)
            for place in range(SLICES)
            for variant in range(len(NAMES))
        ]
        made.add(process, samples)
    return made


def test_a_session_plans_by_its_own_samples() -> None:
    # All noise comes from passes: about as few processes as Student's quantile allows.
    few = allotted(session(30, 10), left=40.0, start=1.5, seconds=3.0)
    assert 6 <= few < 16
    # With one pass per process, or no samples at all, the two variances cannot be estimated.
    assert allotted(session(30, 1), left=40.0, start=1.5, seconds=3.0) == 30
    assert allotted(Session(NAMES, 80_000, Design(9, 5.0, 10_000, 0)), left=40.0, start=1.5, seconds=3.0) == 9


def test_the_plan_has_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now, given, asked = [0.0], list[float](), list[tuple[float, float, float]]()

    def passes(task: Any, *_: object) -> Iterator[SessionMessage]:
        given.append(task.seconds)
        now[0] += 1.5 + task.seconds
        made = session(1, 1).samples[: SLICES * len(NAMES)]
        whole = Pass(
            kind="lockstep",
            samples=[row[1:] for row in made],
            end_states=("a",) * 3,
            owed_ns=(0,) * 3,
            floor_ns=0.0,
            held=0,
            laid_out=(True,) * 3,
        )
        yield SessionMessage(seconds=task.seconds, made=whole)

    def allot(session: Session, left: float, start: float, seconds: float) -> int:
        asked.append((left, start, seconds))
        return {4: 10, 8: 9}[session.begun]

    monkeypatch.setattr(measurement_session, "messages", passes)
    monkeypatch.setattr(measurement_session, "together", lambda: 1)
    monkeypatch.setattr(measurement_session, "time", SimpleNamespace(monotonic=lambda: now[0]))
    made = Session(NAMES, 80_000, Design(12, 5.0, 10_000, 0))
    course = Course(least=3, keep=lambda: None, allot=allot)
    fill(made, lambda number, seconds: Task("session", NAMES, seconds=seconds), course)
    assert given == pytest.approx([3.5] * 4 + [40 / 6 - 1.5] * 4 + [40 / 3 - 1.5])
    assert [time for times in asked for time in times] == pytest.approx([40, 1.5, 3.5, 40 / 3, 1.5, 40 / 6 - 1.5])
    assert (made.begun, made.design.processes) == (9, 9)
    assert now[0] == pytest.approx(60)


@pytest.mark.parametrize(
    ("seconds", "pass_seconds", "processes"),
    [(60.0, 0.2, 13), (60.0, 5.0, 5), (60.0, 40.0, 3), (600.0, 0.2, PROCESSES), (4.0, 0.1, 3)],
)
def test_processes_measure_longer_than_they_start(seconds: float, pass_seconds: float, processes: int) -> None:
    made, _ = design(
        seconds, events=80_000, pass_seconds=pass_seconds, processes=None, grain=(10_000, 2_500), pinned=False
    )
    assert made.processes == processes
    assert made.seconds * made.processes == pytest.approx(seconds)
    assert seconds < 10 or pass_seconds > 10 or made.seconds > STARTUP + max(pass_seconds, 2 * STARTUP)
