"""Rows as a replay hands them over: their order, and whose memory they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import lobench
from lobench.engine.layout import HEAD, OUTPUT_LEVEL, TAP
from lobench.engine.records import MBO
from lobench.engine.registry import FEATURES
from lobench.engine.rows import RowBuffers, Rows, merged
from lobench.workbench.rows.numbering import Numbers
from tests.cli.command import busy
from tests.datasets import assert_same_rows, plain
from tests.dbn_files import header, write
from tests.replays import PHASE, TOP

ROOM = 40


def rows_of(numbers: list[int], first: int) -> Rows:
    """Rows of records with these numbers; each feature of one is its number and the feature's place."""
    heads = np.zeros(len(numbers), HEAD)
    heads["record"] = numbers
    features = np.add.outer(np.array(numbers) * 100.0, np.arange(len(FEATURES)))
    levels = np.zeros((len(numbers), 2), OUTPUT_LEVEL)
    levels["bid_px"][:, 0] = numbers
    return Rows(heads, features, levels, np.zeros(ROOM, MBO), first, disordered=True)


@pytest.mark.parametrize("numbers", [[7, 8, 12], [12, 7, 8], []])
def test_rows_are_in_the_order_of_their_records(numbers: list[int]) -> None:
    found = rows_of(numbers, 5)
    assert found.heads["record"].tolist() == sorted(numbers)
    assert found.levels["bid_px"][:, 0].tolist() == sorted(numbers)
    assert found.features.shape == (len(numbers), len(FEATURES))
    assert found.features[:, 3].tolist() == [100 * number + 3 for number in sorted(numbers)]
    assert found.column(3).tolist() == found.features[:, 3].tolist()
    chosen = np.arange(len(numbers))[::2]
    for one, whole in zip(found.some(chosen), (found.heads, found.features, found.levels), strict=True):
        assert np.array_equal(one, whole[chosen])


def test_rows_of_several_workers() -> None:
    found = merged([rows_of([9, 5], 5), rows_of([6], 5), rows_of([], 5)])
    assert found.heads["record"].tolist() == [5, 6, 9]
    assert found.features[:, 0].tolist() == [500, 600, 900]
    assert found.records is not None


def address(rows: int, buffers: RowBuffers) -> int:
    tap = np.zeros(1, TAP)
    buffers.aim(tap)
    assert bool(tap["column_step"][0]) == bool(rows)
    buffers._aimed[0]["record"] = np.arange(len(buffers._aimed[0]))
    return int(tap["rows"][0])


def test_memory_that_somebody_has_is_not_written_to() -> None:
    buffers = RowBuffers(ROOM, 1)
    records = np.zeros(ROOM, MBO)
    first = address(ROOM, buffers)
    assert address(ROOM, buffers) == first, "nobody has it"
    kept: Any = buffers.rows(ROOM, records, 0)
    second = address(ROOM, buffers)
    assert second != first
    kept = kept.features[:, 5]
    assert address(ROOM, buffers) == second, "a view of one column"
    del kept
    assert address(ROOM, buffers) == first
    few = buffers.rows(ROOM // 8, records, 0).features
    assert address(ROOM, buffers) == first, "few rows do not keep the memory of many"
    del few
    everything = [(address(ROOM, buffers), buffers.rows(ROOM, records, 0)) for _ in range(30)]
    assert len({place for place, _ in everything}) == 30


def test_nothing_is_kept_where_nobody_looks() -> None:
    assert address(0, RowBuffers(0, 3))


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
