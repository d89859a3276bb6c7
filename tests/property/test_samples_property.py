"""For any stream and any sample, the rows equal those that the definitions pick from all rows, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from lobench.engine.policy import Variant
from lobench.workbench.rows.by_time import CLOSED
from tests.conftest import examples
from tests.support.replays import PHASE, TOP, Records, each, table
from tests.support.sampled import by_record, by_time, keyed, sampled
from tests.support.streams import nonsense

_STEPS = st.sampled_from([0, 0, 1, 2, 3, 10, 100, CLOSED - 1, CLOSED, -1, -50, 2**63 - 1])
"""Nanoseconds to the next record; the last is a record without a time."""


@st.composite
def timed(draw: st.DrawFn) -> Records:
    """Random records whose clock stands still, advances, jumps and runs backwards."""
    records: Records = draw(nonsense(60))
    steps = draw(st.lists(_STEPS, min_size=len(records), max_size=len(records)))
    clock = 1_000
    for record, step in zip(records, steps, strict=True):
        undefined = step == 2**63 - 1
        clock = max(0, clock + (0 if undefined else step))
        record["ts_event"] = np.uint64(2**64 - 1 if undefined else clock)
    return records


@pytest.mark.parametrize("variant", each([PHASE[5], TOP]))
@given(
    records=timed(),
    evaluate=st.sampled_from(["last", "every"]),
    chunk=st.sampled_from([1, 7, 1000]),
    workers=st.sampled_from([1, 2]),
    steps=st.tuples(st.integers(1, 9), st.sampled_from([1, 3, 7, 1000, 2 * CLOSED])),
)
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_samples(
    variant: Variant, records: Records, evaluate: str, chunk: int, workers: int, steps: tuple[int, int]
) -> None:
    note(table(records))
    whole = sampled(variant, records, None, evaluate=evaluate)
    count, nanoseconds = steps
    for sample in (f"{count}e", f"{count}v", "trade", "bbo"):
        found = sampled(variant, records, sample, chunk=chunk, evaluate=evaluate, workers=workers)
        assert found == by_record(records, whole, sample, evaluate), sample
    # Small steps would have too many intervals to fill in during a silence just short of a closed market.
    step = nanoseconds if records["ts_event"].max() < CLOSED else max(nanoseconds, CLOSED // 5)
    found = sampled(variant, records, f"{step}ns", chunk=chunk, evaluate=evaluate, workers=workers)
    assert keyed(found) == keyed(by_time(whole, step))
