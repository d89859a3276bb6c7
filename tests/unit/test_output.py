"""Parquet files of rows: groups, numbers at the edges, and what is left behind."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from engine.layout import HEAD, OUTPUT_LEVEL
from engine.records import UNDEF_PRICE
from engine.registry import FEATURES
from engine.session import Rows
from workbench.output import GROUP_ROWS, book_file, features_file


def rows(count: int, depth: int = 1) -> Rows:
    heads = np.zeros(count, HEAD)
    heads["ts_event"] = np.arange(count)
    features = np.arange(count * len(FEATURES), dtype=float).reshape(count, len(FEATURES))
    levels = np.zeros((count, depth), OUTPUT_LEVEL)
    levels["bid_px"] = levels["ask_px"] = UNDEF_PRICE
    return Rows(heads, features, levels)


def test_memory_is_bounded_by_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    given = rows(50_000)
    with features_file(str(path)) as file:
        for _ in range(10):
            file.write(given)
        file.finish()
    metadata = pq.read_metadata(path)
    sizes = [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
    assert sum(sizes) == file.rows == 500_000
    assert all(GROUP_ROWS <= size < GROUP_ROWS + 50_000 for size in sizes[:-1])
    table = pq.read_table(path)
    assert np.array_equal(table["event_number"].to_numpy(), np.tile(given.features[:, 23], 10))


def test_buffers_may_be_reused(tmp_path: Path) -> None:
    given = rows(3, depth=2)
    with features_file(str(tmp_path / "f")) as features, book_file(str(tmp_path / "b"), 2) as book:
        for file in (features, book):
            file.write(given)
        given.heads["ts_event"] = 99
        given.features[:] = -1.0
        given.levels["bid_px"] = -1
        for file in (features, book):
            file.finish()
    assert pq.read_table(tmp_path / "f")["mid_price"].to_pylist() == [0.0, 24.0, 48.0]
    table = pq.read_table(tmp_path / "b")
    assert table["bid_px_01"].to_pylist() == [UNDEF_PRICE] * 3
    assert table["ts_event"].cast("int64").to_pylist() == [0, 1, 2]


def test_numbers_at_the_edges(tmp_path: Path) -> None:
    given = rows(2)
    given.heads["ts_event"] = [-1, 2**63 - 1]  # -1: all bits set, DBN's undefined timestamp
    given.heads["instrument_id"] = 2**32 - 1
    given.heads["publisher_id"] = 2**16 - 1
    given.levels["bid_sz"] = 2**40
    given.levels["bid_ct"] = 2**32 - 1
    given.levels["bid_px"] = -(2**63)
    given.features[:, 0] = [np.nan, -np.inf]
    with features_file(str(tmp_path / "f")) as features, book_file(str(tmp_path / "b"), 1) as book:
        for file in (features, book):
            file.write(given)
            file.finish()
    table = pq.read_table(tmp_path / "b")
    assert table["ts_event"].cast("int64").to_pylist() == [None, 2**63 - 1]
    assert table["instrument_id"].to_pylist() == [2**32 - 1] * 2
    assert table["publisher_id"].to_pylist() == [2**16 - 1] * 2
    assert table["bid_sz_00"].to_pylist() == [2**40] * 2
    assert table["bid_ct_00"].to_pylist() == [2**32 - 1] * 2
    assert table["bid_px_00"].to_pylist() == [-(2**63)] * 2
    mids = pq.read_table(tmp_path / "f")["mid_price"]
    assert mids.null_count == 0
    assert np.isnan(mids[0].as_py())
    assert mids[1].as_py() == -np.inf


def test_the_file_appears_when_it_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    path.write_text("old")
    with features_file(str(path)) as file:
        file.write(rows(10))
        assert path.read_text() == "old"
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["f.parquet"]
    with features_file(str(path)) as file:
        file.finish(complete=False)
    assert pq.read_metadata(path).metadata[b"lobench.complete"] == b"false"
    assert os.listdir(tmp_path) == ["f.parquet"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "link.parquet"
    link.symlink_to(tmp_path / "there" / "f.parquet")
    with features_file(str(link)) as file:
        file.finish()
    assert link.is_symlink()
    assert pq.read_metadata(tmp_path / "there" / "f.parquet").num_rows == 0


@pytest.mark.parametrize("depth", [1, 100])
def test_depths(tmp_path: Path, depth: int) -> None:
    with book_file(str(tmp_path / "b"), depth) as file:
        file.write(rows(5, depth))
        file.finish()
    assert pq.read_schema(tmp_path / "b").names[-1] == f"ask_ct_{depth - 1:02d}"
