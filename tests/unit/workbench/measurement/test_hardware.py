"""Counters of the processor. Few machines of continuous integration have them, so clocks that the same call reads show
that it is called and read rightly."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping

import pytest

from lobench.workbench.measurement.clocks import Clocks
from lobench.workbench.measurement.hardware import HardwareCounters
from lobench.workbench.measurement.lockstep import ISOLATED, LOCKSTEP
from lobench.workbench.measurement.protocol import Pass
from lobench.workbench.measurement.session import Session
from lobench.workbench.results.conversion import as_json, from_json
from lobench.workbench.results.model.samples import Design, SessionResult

SOFTWARE = {"task": (1, 1), "cpu": (1, 0)}
"""Two clocks of the system, in ns, of the time that this thread runs."""
NAMES = ["p0_baseline", "p4_hash_lookup", "p0_baseline (A/A)"]


@pytest.fixture
def counters() -> HardwareCounters:
    made = HardwareCounters(SOFTWARE)
    if made.names != [*SOFTWARE]:
        pytest.skip("this system lets nobody count (perf_event_open)")
    return made


def spin(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_a_group_counts_what_its_thread_does(counters: HardwareCounters) -> None:
    """About what this thread spent between the readings, at most what passed around them. The system's clocks differ by
    a sixth where threads wait for processors, and some count time that a hypervisor takes away."""
    began = time.perf_counter_ns()
    before = counters.read()
    inside = time.thread_time_ns()
    spin(0.05)
    inside = time.thread_time_ns() - inside
    counts = [later - earlier for earlier, later in zip(before, counters.read(), strict=True)]
    around = time.perf_counter_ns() - began
    assert all(0.5 * inside <= count <= 1.1 * around for count in counts)


def test_closed_or_none_at_all(counters: HardwareCounters) -> None:
    counters.close()
    counters.close()
    assert counters.read() == []
    assert counters.names == []
    nothing = HardwareCounters({"unheard": (99, 99)})
    assert nothing.read() == []
    assert nothing.names == []


def test_a_machine_without_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "pdp11")
    assert HardwareCounters(SOFTWARE).names == []


def test_only_timed_work_is_counted(counters: HardwareCounters) -> None:
    clocks = Clocks(None)
    clocks.hardware = counters
    spent = time.thread_time_ns()
    clocks.measure(lambda: spin(0.05), lambda: spin(0.02), lambda: 0)
    assert min(clocks.counted) >= 0.018e9
    # The lead-in is in none of them.
    assert max(clocks.counted) <= time.thread_time_ns() - spent - 0.045e9
    clocks.hardware.close()
    clocks.measure(lambda: None, lambda: None, lambda: 0)
    assert clocks.counted == []


def one_pass(counts: tuple[Mapping[str, float], ...], kind: str = LOCKSTEP) -> Pass:
    return Pass(
        kind=kind,
        samples=[],
        end_states=("a",) * len(NAMES),
        owed_ns=(0,) * len(NAMES),
        floor_ns=0.0,
        held=0,
        laid_out=(True,) * len(NAMES),
        hardware=counts,
    )


def session() -> Session:
    made = Session(list(NAMES), 40_000, Design(4, 1.0, 10_000, 0))
    counts = tuple({"events": 100.0, "cycles": 1000.0 * (place + 1), "instructions": 0.4} for place in range(3))
    for process in (0, 0, 1):
        made.take(process, one_pass(counts))
    made.take(1, one_pass((), ISOLATED))
    return made


def test_passes_of_a_process_are_added_up() -> None:
    kept = session().result().hardware
    assert kept is not None
    assert [(one.process, one.variant, one.events) for one in kept] == [
        *((0, name, 200) for name in NAMES),
        *((1, name, 100) for name in NAMES),
    ]
    assert kept[1].counts == {"cycles": 4000, "instructions": 1}
    assert Session(list(NAMES), 40_000, Design(4, 1.0, 10_000, 0)).result().hardware is None


def test_they_come_back_and_go_with_what_they_are_of() -> None:
    result = session().result()
    again = from_json(SessionResult, as_json(result))
    assert again == result
    made = Session.of(again, None)
    assert made.result().hardware == result.hardware
    made.forget(1)
    assert {process for process, _ in made.hardware} == {0}
    made.drop("p4_hash_lookup", "was killed")
    assert [name for _, name in made.hardware] == [NAMES[0], NAMES[2]]
