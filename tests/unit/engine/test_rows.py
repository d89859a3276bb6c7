"""Rows as a replay hands them over: their order, and whose memory they are."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import lobench
from lobench.engine.compiling import entry
from lobench.engine.feeds import Chunk, open_feed
from lobench.engine.layout import TAP
from lobench.engine.picking import pick_all
from lobench.engine.records import F_LAST, MBO
from lobench.engine.registry import FEATURES
from lobench.engine.replay import Replay
from lobench.engine.rows import HEADS, RowBuffers, Rows, joined
from lobench.engine.tap import write_row
from lobench.workbench.rows.numbering import Numbers
from tests.support.command import busy
from tests.support.datasets import assert_same_rows, plain
from tests.support.dbn_files import header, write
from tests.support.replays import PHASE, TOP

ROOM = 40


def slice_of(count: int) -> tuple[Chunk, npt.NDArray[np.void]]:
    """A slice in which every second record is evaluated, and its records."""
    records = np.zeros(count, MBO)
    records["flags"][::2] = F_LAST
    records["ts_event"] = records["instrument_id"] = np.arange(count) + 10
    records["publisher_id"] = 3
    return Chunk(records.ctypes.data, MBO.itemsize, count, records), records


def picked(buffers: RowBuffers, count: int = ROOM, first: int = 0) -> Rows:
    return buffers.pick(pick_all, slice_of(count)[0], (F_LAST, F_LAST), first)


@pytest.mark.normal
def test_heads_are_those_of_the_records() -> None:
    rows = picked(RowBuffers(ROOM, ["mid_price", "event_number"], 2), first=100)
    assert len(rows) == ROOM // 2
    assert rows.heads["record"].tolist() == [*range(100, 100 + ROOM, 2)]
    assert rows.heads["ts_event"].tolist() == rows.heads["instrument_id"].tolist() == [*range(10, 10 + ROOM, 2)]
    assert set(rows.heads["publisher_id"].tolist()) == {3}
    assert {name: column.dtype for name, column in rows.heads.items()} == HEADS
    assert rows.features.shape == (ROOM // 2, 2)
    assert rows.levels.shape == (ROOM // 2, 2)


@entry
def put(place: int, source: int, step: int, tap: Any) -> None:
    write_row(place, source, step, tap)


@pytest.mark.normal
def test_kernels_write_where_a_row_is() -> None:
    """Only the chosen features, each row at its index, whatever the order in which rows are written."""
    buffers = RowBuffers(ROOM, ["event_number", "mid_price"], 1)
    rows = picked(buffers, first=50)
    tap = np.zeros(1, TAP)
    buffers.aim(tap, rows, 50)
    places = np.ctypeslib.as_array((ctypes.c_int32 * ROOM).from_address(int(tap["places"][0])))
    assert places.tolist() == [number // 2 if number % 2 == 0 else -1 for number in range(ROOM)]
    source = np.arange(len(FEATURES), dtype=float)
    for place in (7, 3):
        put(place, source.ctypes.data, 8, tap[0])
    for place in (7, 3):
        assert rows.column("event_number")[place] == list(FEATURES).index("event_number")
        assert rows.column("mid_price")[place] == list(FEATURES).index("mid_price")


@pytest.mark.normal
def test_rows_of_some_places_and_one_after_the_other() -> None:
    buffers = RowBuffers(ROOM, ["mid_price"], 1)
    one, other = picked(buffers), picked(buffers, first=ROOM)
    one.features[:, 0], other.features[:, 0] = np.arange(ROOM // 2), 100
    both = joined([one, other])
    assert both.heads["record"].tolist() == [*range(0, 2 * ROOM, 2)]
    chosen = both.some(np.array([21, 3]))
    assert chosen.heads["record"].tolist() == [42, 6]
    assert chosen.column("mid_price").tolist() == [100, 3]
    assert not np.shares_memory(chosen.features, both.features)


@pytest.mark.normal
def test_memory_of_held_batches_is_not_reused() -> None:
    buffers = RowBuffers(ROOM, list(FEATURES), 1)

    def address() -> int:
        return int(picked(buffers).features.ctypes.data)

    first = address()
    assert address() == first, "nobody has it"
    kept: Any = picked(buffers)
    second = address()
    assert second != first
    kept = kept.column("spread_bps")
    assert address() == second, "a view of one column"
    del kept
    assert address() == first
    few = picked(buffers, ROOM // 8)
    assert few.features.base is not None
    assert few.features.base.size < len(FEATURES) * 2 * ROOM, "few rows do not keep the memory of many"
    everything = [picked(buffers) for _ in range(30)]
    assert len({rows.features.ctypes.data for rows in everything}) == 30


@pytest.mark.normal
def test_no_rows_are_written_once_they_are_handed_over(feed: str) -> None:
    """Later replaying does not change them."""
    chunk = next(iter(open_feed([feed])))
    got: list[Rows] = []
    with Replay(TOP, deep=False, until="features", on_rows=got.append) as replay:
        replay.apply(Chunk(chunk.address, chunk.stride, 1_000, chunk.owner))
        before = np.nan_to_num(got[0].features.copy())
        got[0].features[:] = 7.0
        replay.run(chunk.address + 1_000 * chunk.stride, chunk.stride, 1_000)
    assert len(before) > 100
    assert (got[0].features == 7.0).all()


@pytest.mark.normal
def test_numbers_are_given_in_the_order_of_appearance() -> None:
    rng = np.random.default_rng(0)
    keys = rng.choice(rng.integers(0, 2**48, 3_000), 20_000)
    numbers = Numbers()
    found = np.concatenate([numbers.of(part) for part in np.array_split(keys, 7)])
    known: dict[int, int] = {}
    assert found.tolist() == [known.setdefault(key, len(known)) for key in keys.tolist()]
    assert numbers.keys.tolist() == list(known)
    assert len(numbers) == len(known)
    assert numbers.of(np.zeros(0, np.int64)).tolist() == []


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Several slices of several books."""
    return write(tmp_path_factory.mktemp("rows") / "feed.dbn", header(), busy(150_000).tobytes())


@pytest.mark.normal
@pytest.mark.parametrize(("variant", "workers"), [(TOP.name, 1), (TOP.name, 2), (PHASE[4].name, 2)])
def test_rows_are_those_of_any_variant(feed: str, variant: str, workers: int) -> None:
    expected = plain(lobench.rows(feed, depth=2, variant=PHASE[4].name).read_all())
    found = plain(lobench.rows(feed, depth=2, variant=variant, workers=workers).read_all())
    assert found.column("ts_event").equals(expected.column("ts_event")), "in the order of the feed"
    assert_same_rows(found, expected)


@pytest.mark.normal
def test_rows_that_are_kept_do_not_change(feed: str, tmp_path: Path) -> None:
    batches = list(lobench.rows(feed))
    assert len(batches) > 2
    sums: list[npt.NDArray[np.float64]] = [np.nan_to_num(batch["mid_price"].to_numpy()).copy() for batch in batches]
    again = [np.nan_to_num(batch["mid_price"].to_numpy()) for batch in lobench.rows(feed)]
    assert all(np.array_equal(one, other) for one, other in zip(sums, again, strict=True))
    assert all(
        np.array_equal(np.nan_to_num(b["mid_price"].to_numpy()), one) for b, one in zip(batches, sums, strict=True)
    )
