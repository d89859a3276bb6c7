"""The machine code of sessions is timed: it computes the same, however it receives records."""

from __future__ import annotations

import time

import numpy as np
import pytest

from lobench.engine.feeds import load, open_feed
from lobench.engine.foreign.start import start_replay, warm
from lobench.engine.kernel_builder import build
from lobench.engine.native_call import NativeCall
from lobench.engine.policy import Variant
from lobench.engine.workload import Workload
from lobench.workbench.latency import ticks
from lobench.workbench.latency.serving import Served, python_reading_ns, serve
from tests.support.replays import LADDER, each

pytestmark = pytest.mark.normal

FEED = load(open_feed(["synth:every-rule,n=12000"]))
TIMES = np.arange(FEED.count, dtype=np.float64) * 400.0


def computed(variant: Variant, most: int | None) -> tuple[list[int | None], Served | None]:
    """State and trace after the whole feed: in one call, or in blocks of at most this size."""
    with start_replay(variant, Workload()) as replay:
        whole = FEED.slice(0, FEED.count)
        served = None
        if most is None:
            replay.run(whole.address, whole.stride, whole.count)
        else:
            served = serve(replay.call(whole), whole, TIMES, most, 1.0)
        return [replay.end_state(), replay.trace], served


@pytest.mark.parametrize("variant", each(LADDER))
def test_results_are_the_same_under_the_probe(variant: Variant) -> None:
    expected, _ = computed(variant, None)
    for most in (1, variant.block, 1_000):
        found, served = computed(variant, most)
        assert found == expected
        assert served is not None
        assert served.sizes.sum() == FEED.count
        assert served.sizes.max() <= most
        assert (served.services[served.sizes > 0] > 0).all()
        assert (served.responses > 0).all()


def test_the_probe_calls_the_timed_kernel() -> None:
    """No other build is compiled for the probe: it calls the code of the timed one by its address."""
    variant = LADDER[0]
    warm(variant)
    kernel = build(variant).replay
    before = list(kernel.signatures)
    with start_replay(variant, Workload()) as replay:
        call = replay.call(FEED.slice(0, 1))
    assert isinstance(call, NativeCall)
    assert kernel.signatures == before
    timed = [found for found in kernel.overloads.values() if "none" in str(found.signature.args[-1])]
    addresses = {found.library.get_pointer_to_function(found.fndesc.llvm_func_name) for found in timed}
    assert call.function in addresses
    assert call.compiled


def test_variants_declare_their_block() -> None:
    assert [variant.block for variant in LADDER] == [1] * 6 + [16] + [4096] * (len(LADDER) - 7)


def test_the_counter_counts_nanoseconds() -> None:
    clock = ticks.timed_clock(0.05)
    began, counted = time.monotonic_ns(), ticks.now()
    time.sleep(0.05)
    counted, spent = ticks.now() - counted, time.monotonic_ns() - began
    assert counted * clock.tick_ns == pytest.approx(spent, rel=0.05)
    assert 0 < clock.reading_ns < 2_000
    assert 0 < python_reading_ns() < 100_000
