"""Datasets for tests: their feeds and their expected content."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

import lobench
from tests.support.replays import bits


def single(feeds: Iterable[str], **wanted: Any) -> pa.Table:
    """The rows that ``lobench.rows`` gives for each feed alone."""
    return pa.concat_tables([plain(lobench.rows(feed, **wanted).read_all()) for feed in feeds])


def plain(table: pa.Table) -> pa.Table:
    """Names as text, without the metadata of a file."""
    texts = [pa.field(f.name, pa.string()) if pa.types.is_dictionary(f.type) else f for f in table.schema]
    return table.cast(pa.schema(texts)).replace_schema_metadata()


def read(dataset: Path) -> pa.Table:
    """A dataset as it lies there, by pyarrow, in the order of its files' names."""
    found = [plain(pq.read_table(path, partitioning=None)) for path in sorted(dataset.glob("date=*/**/*.parquet"))]
    return pa.concat_tables(found)


def assert_same_rows(found: pa.Table, expected: pa.Table) -> None:
    """The same rows of each instrument, to the last bit, in the same order, each once. Feeds must be given in the order
    of their files in a dataset."""
    assert found.num_rows == expected.num_rows
    # The sort is stable.
    ours, theirs = (each.sort_by("instrument_id") for each in (found.select(expected.column_names), expected))
    for name in expected.column_names:
        one, other = ours[name].combine_chunks(), theirs[name].combine_chunks()
        if pa.types.is_floating(other.type):
            assert np.array_equal(bits(one.to_numpy(zero_copy_only=False)), bits(other.to_numpy(zero_copy_only=False)))
        else:
            assert one.equals(other), name


def stamps(dataset: Path) -> dict[str, tuple[int, int]]:
    """Of each finished file its number and when it was written: another if it was written again."""
    files = {path: path.stat() for path in dataset.glob("date=*/**/*.parquet")}
    return {str(path): (told.st_ino, told.st_mtime_ns) for path, told in files.items()}


def read_everywhere(dataset: Path, expected: pa.Table) -> None:
    """pyarrow, polars and duckdb find the same number of rows, and of those of one instrument."""
    import duckdb
    import polars

    number = int(expected["instrument_id"][0].as_py())
    counts = expected.num_rows, int(np.count_nonzero(expected["instrument_id"].to_numpy() == number))
    whole = ds.dataset(dataset, partitioning="hive", format="parquet")
    assert "date" in whole.schema.names
    assert (whole.count_rows(), whole.count_rows(filter=ds.field("instrument_id") == number)) == counts
    frame = polars.scan_parquet(f"{dataset}/**/*.parquet", hive_partitioning=True)
    one = frame.filter(polars.col("instrument_id") == number)
    assert tuple(int(each.select(polars.len()).collect().item()) for each in (frame, one)) == counts
    table = f"read_parquet('{dataset}/**/*.parquet', hive_partitioning=true)"
    asked = f"select count(*), count(*) filter (where instrument_id = {number}), count(date) from {table}"
    found = duckdb.sql(asked)
    assert found is not None
    assert found.fetchall() == [(*counts, counts[0])]
