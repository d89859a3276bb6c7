"""Parquet files of rows: groups, numbers at the edges, and what is left behind."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lobench.engine.errors import UsageError
from lobench.engine.layout import HEAD, OUTPUT_LEVEL
from lobench.engine.records import UNDEF_PRICE
from lobench.engine.registry import FEATURES
from lobench.engine.replay import Rows
from lobench.workbench.rows.files import book_file, features_file
from lobench.workbench.rows.writing import GROUP_ROWS
from tests.dbn_files import header, zstd


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


def test_interrupted_rows_lie_beside_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    for count, complete, where in ((1, False, "f"), (2, False, "f"), (3, True, "f"), (4, False, "f.partial")):
        with features_file(str(path)) as file:
            file.write(rows(count))
            file.finish(complete=complete)
            assert file.path == str(tmp_path / f"{where}.parquet")
        assert pq.read_metadata(file.path).num_rows == count
    assert pq.read_metadata(path).num_rows == 3, "the whole one stays"
    (tmp_path / "f.partial.parquet").write_text("somebody's")
    for _ in range(2):
        with features_file(str(path)) as file:
            file.finish(complete=False)
        assert file.path == str(tmp_path / "f.partial-1.parquet")
    assert sorted(os.listdir(tmp_path)) == ["f.parquet", "f.partial-1.parquet", "f.partial.parquet"]
    with features_file(str(path)) as file:
        file.finish()
    assert pq.read_metadata(path).num_rows == 0, "the next whole one takes its place"


def test_files_of_others_are_whole_too(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with features_file(str(path)) as file:
        file.finish(complete=False)
    assert pq.read_table(path).column_names == ["a"]


@pytest.mark.parametrize("content", [header(), zstd(header())])
def test_market_data_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "f.parquet"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is market data, which is never replaced"):
        features_file(str(path))
    link = tmp_path / "link.parquet"
    link.symlink_to(path)
    with pytest.raises(UsageError, match="is market data, which is never replaced"):
        features_file(str(link))
    assert path.read_bytes() == content
    assert sorted(os.listdir(tmp_path)) == ["f.parquet", "link.parquet"]


@pytest.mark.parametrize("name", ["n" * 247 + ".parquet", "\udcff.parquet", "ä.parquet"])
def test_any_name(tmp_path: Path, name: str) -> None:
    for complete in (True, False):
        with features_file(str(tmp_path / name)) as file:
            file.write(rows(1))
            file.finish(complete=complete)
        with open(file.path, "rb") as found:
            assert pq.read_metadata(found).num_rows == 1
    assert len(os.listdir(tmp_path)) == 2
    with pytest.raises(UsageError, match="cannot be written: File name too long"):
        features_file(str(tmp_path / ("n" * 256)))


def test_rows_one_by_one(tmp_path: Path) -> None:
    with features_file(str(tmp_path / "f")) as file:
        for _ in range(2_000):
            file.write(rows(1))
        file.finish()
    metadata = pq.read_metadata(tmp_path / "f")
    assert (metadata.num_rows, metadata.num_row_groups) == (2_000, 1)


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
