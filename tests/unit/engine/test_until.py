"""A replay that stops after a stage computes the same as the whole replay up to there, and nothing more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lobench.engine.compiling import entry
from lobench.engine.containers import slot_at, table_size
from lobench.engine.errors import UsageError
from lobench.engine.layout import INSTRUMENT, STATE
from lobench.engine.native import int64, view
from lobench.engine.policy import Variant
from lobench.engine.records import MBO
from lobench.engine.replay import Replay
from lobench.workbench.verification.proof import Proof, compare
from tests.support.replays import LADDER, PHASE, TOP, Observed, Records, chunks, each, group
from tests.support.streams import Market

pytestmark = pytest.mark.normal

P4 = PHASE[4]
READ = ("order_id", "price", "ts_event", "size", "instrument_id", "publisher_id", "action", "side", "flags")
RECORDS = Market(11).records(9_000)


def shorter(variant: Variant, until: str, *marks: Any) -> Any:
    """Parameters: a build of its own."""
    return pytest.param(variant, until, id=f"{until}-{variant.name}", marks=[group(variant), *marks])


SHORTER = [
    shorter(LADDER[0], "book"),
    shorter(LADDER[0], "features", pytest.mark.long),
    shorter(TOP, "book"),
    shorter(PHASE[6], "features"),
    shorter(TOP, "features", pytest.mark.long),
]


def replayed(variant: Variant, records: Records, until: str, **options: Any) -> Replay:
    replay = Replay(variant, until=until, **options)
    for chunk in chunks(records, 1_000):
        replay.apply(chunk)
    return replay


@pytest.mark.parametrize("variant", each([LADDER[0], TOP]))
@pytest.mark.parametrize("workers", [1, 2])
def test_decode_reads_every_field_of_every_record(variant: Variant, workers: int) -> None:
    assert RECORDS.dtype == MBO
    expected = sum(int(RECORDS[name].astype(np.int64).sum(dtype=np.int64)) for name in READ) % 2**64
    with replayed(variant, RECORDS, "decode", workers=workers, observe=False) as replay:
        assert replay.end_state() == expected
        result = replay.finish()
    assert (result.events, result.evaluations, result.books, result.digests) == (len(RECORDS), 0, (), None)


@pytest.mark.parametrize(("variant", "until"), SHORTER)
def test_a_shorter_replay_equals_the_whole_one_so_far(variant: Variant, until: str) -> None:
    with replayed(variant, RECORDS, "strategies", observe=False) as whole:
        with replayed(variant, RECORDS, until, observe=False) as shorter:
            assert shorter.end_state() == shorter.end_state(until) == whole.end_state(until)
            assert shorter.end_state("book") == whole.end_state("book")
            assert shorter.finish().anomalies == whole.finish().anomalies
        assert whole.end_state(until) != whole.end_state()


@pytest.mark.parametrize(("variant", "until"), SHORTER)
def test_digests_of_a_shorter_replay_equal_the_whole_ones(variant: Variant, until: str) -> None:
    whole = Observed(P4, RECORDS, rows=False).result
    shorter = Observed(variant, RECORDS, rows=False, workers=2, until=until).result
    assert shorter.digests is not None
    assert shorter.digests.taken == ("books", "features", "strategies")[: 1 if until == "book" else 2]
    # The trace of a replay that stops earlier is another one.
    assert compare(Proof(replace(whole, trace=None)), Proof(shorter)) == ()
    assert shorter.evaluations == whole.evaluations > 0
    # If one order of the stream differs, the books differ.
    other = RECORDS.copy()
    other["size"][8_000] += 1
    assert "books" in compare(Proof(whole), Proof(Observed(variant, other, rows=False, until=until).result))


@pytest.mark.parametrize("until", ["book", pytest.param("features", marks=pytest.mark.long), "strategies"])
def test_the_trace_is_the_same_of_every_build_and_any_pieces(until: str) -> None:
    with replayed(P4, RECORDS, until, observe=False) as one, Replay(TOP, until=until, observe=False) as other:
        for chunk in chunks(RECORDS, 777):
            other.apply(chunk)
        assert one.trace == other.trace != 0
    assert Observed(TOP, RECORDS, rows=False, until=until, workers=2).result.trace == one.trace


@entry
def best_sizes(state_address: int) -> int:
    """Sum of the sizes of all instruments' BBOs."""
    total = int64(0)
    instruments = view(state_address, STATE)["instrument_table"]
    for index in range(table_size(instruments)):
        address = slot_at(instruments, index)["value"]
        if address != 0:
            quote = view(address, INSTRUMENT)["quote"]
            total += quote["bid_size"] + quote["ask_size"]
    return total


@pytest.mark.parametrize("variant", each([LADDER[0], TOP]))
def test_bbos_of_instruments_are_kept_for_strategies_alone(variant: Variant) -> None:
    for until in ("book", "features", "strategies"):
        with replayed(variant, RECORDS, until, observe=False) as replay:
            kept = best_sizes(replay._workers[0].state_address)
            assert kept > 0 if until == "strategies" else kept == 0


def test_impossible_stages_are_refused() -> None:
    with pytest.raises(UsageError, match="until must be one of decode, book, features, strategies"):
        Replay(P4, until="books")
    with pytest.raises(UsageError, match="has none"):
        Replay(P4, until="book", on_rows=print)
