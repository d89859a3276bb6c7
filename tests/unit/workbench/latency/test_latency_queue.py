"""The queue of `lobench latency`: against queues of known answer, by hand, and against slow simulations."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobench.engine.compiling import kernel
from lobench.engine.native import DOUBLE, view
from lobench.workbench.latency.queueing import FASTEST, SLOWEST, confirmed, largest, lindley, quantile
from lobench.workbench.latency.serving import Served, build_serve

pytestmark = pytest.mark.normal

Times = npt.NDArray[np.float64]
EVENTS = 2_000_000
WORD = 8


@kernel
def shown_time(words: int) -> int:
    """A clock that moves only while records are served."""
    return view(words, DOUBLE)["value"]


@kernel
def takes(function: int, target: int, address: int, stride: int, count: int, words: int) -> int:
    """``function`` ns for a block, and for each of its records the time in the table at ``address``."""
    clock = view(words, DOUBLE)
    clock["value"] += float(function)
    for place in range(count):
        clock["value"] += view(address + place * stride, DOUBLE)["value"]
    return 0


SERVE = build_serve(takes, shown_time, shown_time)


def served(arrivals: Times, services: Times, most: int, block: int = 0) -> Served:
    """The compiled queue before a server whose times are known."""
    found = Served.empty(len(arrivals))
    place, _, status = SERVE(
        block,
        0,
        found.words.ctypes.data,
        services.ctypes.data,
        WORD,
        0,
        len(arrivals),
        most,
        0.0,
        1.0,
        arrivals,
        found.services,
        found.sizes,
        found.responses,
    )
    assert (place, status) == (len(arrivals), 0)
    return found


def poisson(rate: float, seed: int = 1) -> Times:
    return np.cumsum(np.random.default_rng(seed).exponential(1 / rate, EVENTS))


@pytest.mark.parametrize("load", [0.3, 0.6])
def test_constant_service_waits_as_long_as_theory_says(load: float) -> None:
    """M/D/1 by Pollaczek and Khinchine: the mean wait is load / (2 (1 - load)) services."""
    arrivals, services, found = poisson(load), np.ones(EVENTS), np.zeros(EVENTS)
    lindley(services, arrivals, 1.0, found)
    assert found.mean() - 1 == pytest.approx(load / (2 * (1 - load)), rel=0.01)
    np.testing.assert_allclose(served(arrivals, services, 1).responses, found, rtol=1e-6)


@pytest.mark.parametrize("load", [0.3, 0.6])
def test_exponential_service_waits_as_long_as_theory_says(load: float) -> None:
    """M/M/1: the mean wait is load / (1 - load) services, and responses are exponential with mean 1 / (1 - load)."""
    services = np.random.default_rng(2).exponential(1.0, EVENTS)
    found = served(poisson(load), services, 1).responses
    assert (found - services).mean() == pytest.approx(load / (1 - load), rel=0.01)
    assert quantile(found, 0.99) == pytest.approx(math.log(100) / (1 - load), rel=0.02)


@pytest.mark.parametrize("rate", [0.5, 1.0, 3.0])
def test_unlimited_blocks_answer_as_theory_says(rate: float) -> None:
    """M/D/1 in bulk, a block of any size taking 1: an arrival during a block waits for the rest of it, on average half,
    and is served by the next; an arrival at an idle server, one after each block that ends with nobody waiting, is
    served at once."""
    found = served(poisson(rate), np.zeros(EVENTS), EVENTS, block=1)
    alone = math.exp(-rate)
    assert found.responses.mean() == pytest.approx(1 + rate / 2 / (rate + alone), rel=0.01)
    assert EVENTS / np.count_nonzero(found.sizes) == pytest.approx(rate + alone, rel=0.01)


def test_responses_by_hand() -> None:
    steady = np.arange(5, dtype=np.float64) * 10.0
    assert served(steady, np.full(5, 15.0), 1).responses.tolist() == [15, 20, 25, 30, 35]
    assert served(steady, np.full(5, 5.0), 1).responses.tolist() == [5] * 5
    # Twice as fast: one record every 5 ns.
    found = np.zeros(5)
    lindley(np.full(5, 5.0), steady, 2.0, found)
    assert found.tolist() == [5] * 5
    lindley(np.full(5, 6.0), steady, 2.0, found)
    assert found.tolist() == [6, 7, 8, 9, 10]


def test_blocks_by_hand() -> None:
    """The first is served alone, because nobody else is there; then two that wait, as many as fit; then the last."""
    found = served(np.array([0.0, 1.0, 2.0, 3.0]), np.zeros(4), 2, block=10)
    assert found.responses.tolist() == [10, 19, 18, 27]
    assert found.sizes.tolist() == [1, 2, 0, 1]
    assert found.services.tolist() == [10, 10, 0, 10]
    # Simultaneous records form one block.
    found = served(np.array([5.0, 5.0, 5.0, 100.0]), np.ones(4), 4096, block=10)
    assert found.responses.tolist() == [13, 13, 13, 11]
    assert found.sizes.tolist() == [3, 0, 0, 1]


def simulated(arrivals: Sequence[float], services: Sequence[float], most: int, block: float) -> list[float]:
    """The same queue, one moment after the other, with people in line."""
    coming = deque(enumerate(arrivals))
    line: deque[int] = deque()
    answered: dict[int, float] = {}
    busy: list[int] = []
    ends = math.inf
    while coming or line or busy:
        now = min(ends, coming[0][1] if coming else math.inf)
        if now == ends:
            answered |= {number: now - arrivals[number] for number in busy}
            busy, ends = [], math.inf
        while coming and coming[0][1] <= now:
            line.append(coming.popleft()[0])
        if not busy and line:
            busy = [line.popleft() for _ in range(min(most, len(line)))]
            ends = now + (block + sum(services[number] for number in busy))
    return [answered[number] for number in range(len(arrivals))]


moments = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40)), min_size=1, max_size=60)


@settings(max_examples=200, deadline=None)
@given(events=moments, most=st.integers(1, 7), block=st.integers(1, 50))
def test_blocks_equal_a_slow_simulation(events: list[tuple[int, int]], most: int, block: int) -> None:
    arrivals = np.cumsum([step for step, _ in events]).astype(np.float64)
    services = np.array([service for _, service in events], np.float64)
    found = served(arrivals, services, most, block)
    assert found.responses.tolist() == simulated(arrivals.tolist(), services.tolist(), most, block)
    assert found.sizes.sum() == len(events)


@settings(max_examples=200, deadline=None)
@given(events=moments, speed=st.sampled_from([0.5, 1.0, 2.0, 4.0]))
def test_the_recursion_is_a_slow_simulation(events: list[tuple[int, int]], speed: float) -> None:
    arrivals = np.cumsum([step for step, _ in events]).astype(np.float64)
    services = np.array([1 + service for _, service in events], np.float64)
    found = np.zeros(len(events))
    lindley(services, arrivals, speed, found)
    assert found.tolist() == simulated((arrivals / speed).tolist(), services.tolist(), 1, 0.0)


def test_the_queue_continues_between_stretches() -> None:
    """A pass is made in stretches; the server stays busy between them."""
    arrivals, services = np.zeros(10), np.ones(10)
    whole, found = served(arrivals, services, 3), Served.empty(10)
    place, free, calls = 0, 0.0, 0
    while place < 10:
        words = found.words.ctypes.data, services.ctypes.data, WORD
        results = found.services, found.sizes, found.responses
        place, free, _ = SERVE(0, 0, *words, place, min(place + 2, 10), 3, free, 1.0, arrivals, *results)
        calls += 1
    assert calls > 2
    assert found.responses.tolist() == whole.responses.tolist() == [3, 3, 3, 6, 6, 6, 9, 9, 9, 10]


def kept_to(most: float, asked: list[float]) -> Any:
    def holds(speed: float) -> bool:
        asked.append(speed)
        return speed <= most

    return holds


@pytest.mark.parametrize("most", [0.01, 0.7, 1.0, 37.0, 5_000.0])
@pytest.mark.parametrize("tried", [(), (1.0, 2.0, 64.0)])
def test_the_largest_speed_is_found(most: float, tried: tuple[float, ...]) -> None:
    asked: list[float] = []
    found = largest(kept_to(most, asked), {speed: speed <= most for speed in tried}, 0.01)
    assert found is not None
    assert most / 1.01 <= found <= most
    assert not set(asked) & set(tried)


def test_the_search_begins_at_the_first_failing_speed() -> None:
    """With blocks a greater speed may succeed again: the speed found is never above one that failed."""
    found = largest(kept_to(1.7, []), {1.0: True, 2.0: False, 4.0: True, 8.0: False}, 0.01)
    assert found is not None
    assert 1.7 / 1.01 <= found <= 1.7
    found = largest(kept_to(0.5, []), {1.0: False, 2.0: True}, 0.01)
    assert found is not None
    assert 0.5 / 1.01 <= found <= 0.5


def test_speeds_outside_the_range_are_not_reported() -> None:
    assert largest(kept_to(1.0, []), {SLOWEST / 2: False, 1.0: True}, 0.01) is None
    assert largest(kept_to(math.inf, []), {2 * FASTEST: True}, 0.01) == FASTEST


def test_no_speed_and_every_speed() -> None:
    assert largest(kept_to(SLOWEST / 2, []), {1.0: False}, 0.01) is None
    assert largest(kept_to(math.inf, []), {1.0: True}, 0.01) == FASTEST


def test_quantiles_are_ranks() -> None:
    times = np.arange(1, 1001, dtype=np.float64)[::-1].copy()
    assert [quantile(times, share) for share in (0.0, 0.5, 0.999, 1.0)] == [1, 500, 999, 1000]


def test_a_speed_fails_only_if_it_fails_again() -> None:
    asked: list[float] = []

    def disturbed(speed: float) -> bool:
        """Every other try at a speed is disturbed."""
        asked.append(speed)
        return speed <= 8.0 and asked.count(speed) % 2 == 0

    found = largest(confirmed(disturbed, 2), {1.0: True}, 0.01)
    assert found is not None
    assert 7.9 < found <= 8.0
    # At most two tries at each speed.
    assert max(map(asked.count, asked)) == 2
    assert largest(confirmed(disturbed, 1), {1.0: True}, 0.01) == pytest.approx(1.0, rel=0.02)
