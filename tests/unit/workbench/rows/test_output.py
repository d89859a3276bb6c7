"""Files of rows: groups, extreme numbers, formats, and leftovers."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from lobench.engine.errors import UsageError
from lobench.engine.layout import OUTPUT_LEVEL
from lobench.engine.records import UNDEF_PRICE
from lobench.engine.registry import FEATURES
from lobench.engine.rows import HEADS, Rows
from lobench.workbench.rows.files import book_file, check_place, features_file
from lobench.workbench.rows.formats import told_of
from lobench.workbench.rows.writing import GROUP_ROWS
from tests.support.dbn_files import header, zstd


def rows(count: int, depth: int = 1) -> Rows:
    heads = {name: np.zeros(count, kind) for name, kind in HEADS.items()}
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


@pytest.mark.normal
def test_levels_are_named_from_the_best(tmp_path: Path) -> None:
    given = rows(3, depth=3)
    given.levels["bid_px"], given.levels["ask_ct"] = [1, 2, 3], [[4, 5, 6], [7, 8, 9], [10, 11, 12]]
    with book_file(str(tmp_path / "b"), 2) as book:
        book.write(given)
        book.finish()
    table = pq.read_table(tmp_path / "b")
    assert [table[f"bid_px_{place:02d}"].to_pylist() for place in range(2)] == [[1] * 3, [2] * 3]
    assert [table[f"ask_ct_{place:02d}"].to_pylist() for place in range(2)] == [[4, 7, 10], [5, 8, 11]]
    assert table["ts_event"].cast("int64").to_pylist() == [0, 1, 2]


@pytest.mark.normal
def test_numbers_at_the_edges(tmp_path: Path) -> None:
    given = rows(2)
    given.heads["ts_event"][:] = [-1, 2**63 - 1]  # -1: all bits set, DBN's undefined timestamp
    given.heads["instrument_id"][:] = 2**32 - 1
    given.heads["publisher_id"][:] = 2**16 - 1
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


@pytest.mark.normal
def test_parquet_is_encoded_by_kind_of_column(tmp_path: Path) -> None:
    """Readers skip rows by the columns that say which row it is: these have statistics."""
    given = rows(2_000, depth=1)
    for path, opened in ((tmp_path / "f", features_file), (tmp_path / "b", lambda path: book_file(path, 1))):
        with opened(str(path)) as file:
            file.write(given)
            file.finish()
    encodings, statistics = {}, {}
    for path in (tmp_path / "f", tmp_path / "b"):
        group = pq.read_metadata(path).row_group(0)
        for place in range(group.num_columns):
            column = group.column(place)
            encodings[column.path_in_schema] = set(column.encodings) - {"RLE"}
            statistics[column.path_in_schema] = column.statistics
    assert encodings["ts_event"] == {"DELTA_BINARY_PACKED"}
    assert all("RLE_DICTIONARY" in encodings[name] for name in ("instrument_id", "symbol", "bid_px_00", "ask_ct_00"))
    assert all(encodings[name] == {"PLAIN"} for name in FEATURES)
    kept = {name for name, found in statistics.items() if found is not None}
    assert kept == {"ts_event", "instrument_id", "publisher_id", "symbol"}
    assert (statistics["instrument_id"].min, statistics["instrument_id"].max) == (0, 0)


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
def test_files_of_any_name_are_written(tmp_path: Path, name: str) -> None:
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


@pytest.mark.normal
@pytest.mark.parametrize("depth", [1, 100])
def test_depths(tmp_path: Path, depth: int) -> None:
    with book_file(str(tmp_path / "b"), depth) as file:
        file.write(rows(5, depth))
        file.finish()
    assert pq.read_schema(tmp_path / "b").names[-1] == f"ask_ct_{depth - 1:02d}"


def read(path: Path) -> pa.Table:
    """A file of any format, symbols as text."""
    if path.suffix == ".arrow":
        found = pa.ipc.open_file(path).read_all()
    elif path.suffix == ".csv":
        types = dict.fromkeys(FEATURES, pa.float64())
        options = pa.csv.ConvertOptions(strings_can_be_null=True, column_types=types)
        found = pa.csv.read_csv(path, convert_options=options)
    else:
        found = pq.read_table(path)
    texts = [pa.field(f.name, pa.string()) if pa.types.is_dictionary(f.type) else f for f in found.schema]
    return found.cast(pa.schema(texts)).replace_schema_metadata()


@pytest.mark.parametrize("suffix", [".arrow", ".csv"])
def test_every_format_holds_the_same(tmp_path: Path, suffix: str) -> None:
    """Also where names become known while rows are written."""
    known: dict[int, str] = {}
    paths = [tmp_path / f"f{each}" for each in (".parquet", suffix)]
    given = rows(6)
    given.heads["instrument_id"][:] = [3, 1, 2, 3, 1, 9]
    given.features[0, :4] = [np.nan, np.inf, 0.1 + 0.2, -0.0]
    files = [features_file(str(path), lambda: known) for path in paths]
    for names in ({}, {3: "C"}, {3: "C", 1: "A"}, {3: "C", 1: "A", 2: "B"}):
        known.update(names)
        for file in files:
            file.write(given)
    for file in files:
        file.finish()
    whole, other = map(read, paths)
    assert whole["symbol"].to_pylist()[6:9] == ["C", None, None]
    assert whole["symbol"].to_pylist()[-6:] == ["C", "A", "B", "C", "A", None]
    if suffix == ".csv":
        other = other.cast(whole.schema)
    assert other.drop_columns(list(FEATURES)).equals(whole.drop_columns(list(FEATURES)))
    for name in FEATURES:
        assert np.array_equal(other[name].to_numpy().view("u8"), whole[name].to_numpy().view("u8")), name


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
@pytest.mark.parametrize("count", [0, 3])
def test_a_file_holds_its_own_facts(tmp_path: Path, suffix: str, count: int) -> None:
    path = tmp_path / f"f{suffix}"
    with features_file(str(path), told={"version": "7", "feed": "\udcff.dbn"}) as file:
        file.write(rows(count))
        file.finish(told={"anomalies": json.dumps({"zero_size": 2})})
    assert told_of(path) == {
        "version": "7",
        "feed": "\\udcff.dbn",
        "anomalies": '{"zero_size": 2}',
        "complete": "true",
    }
    assert read(path).num_rows == count


def test_a_stream_goes_to_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw))
    with features_file("-") as file:
        file.write(rows(2))
        file.write(rows(3))
        file.finish()
    sys.stdout.flush()
    reader = pa.ipc.open_stream(raw.getvalue())
    batches, told = [], {}
    for batch, metadata in reader.iter_batches_with_custom_metadata():
        batches.append(batch)
        told = dict(metadata or {})
    assert [batch.num_rows for batch in batches] == [2, 3, 0]
    assert told[b"lobench.complete"] == b"true"


@pytest.mark.parametrize(
    ("name", "compression", "codec"),
    [
        ("f.parquet", None, "ZSTD"),
        ("f.parquet", "lz4", "LZ4"),
        ("f.parquet", "snappy", "SNAPPY"),
        ("f", "none", "UNCOMPRESSED"),
    ],
)
def test_compressions(tmp_path: Path, name: str, compression: str | None, codec: str) -> None:
    with features_file(str(tmp_path / name), compression=compression) as file:
        file.write(rows(100))
        file.finish()
    assert pq.read_metadata(tmp_path / name).row_group(0).column(5).compression == codec


def test_arrow_is_compressed_if_asked(tmp_path: Path) -> None:
    sizes = []
    for compression in (None, "zstd", "lz4"):
        path = tmp_path / f"{compression}.arrow"
        with features_file(str(path), compression=compression) as file:
            file.write(rows(10_000))
            file.finish()
        sizes.append(path.stat().st_size)
        assert read(path).num_rows == 10_000
    assert sizes[0] > sizes[1]
    assert sizes[0] > sizes[2]


@pytest.mark.parametrize(
    ("name", "compression"), [("f.csv", "zstd"), ("f.arrow", "snappy"), ("f.parquet", "x"), ("-", "snappy")]
)
def test_compressions_that_there_are_not(tmp_path: Path, name: str, compression: str) -> None:
    with pytest.raises(UsageError, match=r"--compression of .* is one of"):
        features_file(name if name == "-" else str(tmp_path / name), compression=compression)
    assert os.listdir(tmp_path) == []


def test_some_columns(tmp_path: Path) -> None:
    given = rows(4)
    names = ["event_number", "mid_price"]
    with features_file(str(tmp_path / "f.parquet"), features=names) as file:
        file.write(given)
        file.finish()
    found = pq.read_table(tmp_path / "f.parquet")
    assert found.column_names[4:] == names
    for name in names:
        assert found[name].to_pylist() == given.features[:, list(FEATURES).index(name)].tolist()


def test_interrupted_files_say_so_in_every_format(tmp_path: Path) -> None:
    for suffix in (".parquet", ".arrow", ".csv"):
        path = tmp_path / f"f{suffix}"
        for complete, where in ((True, "f"), (False, "f.partial")):
            with features_file(str(path)) as file:
                file.write(rows(2))
                file.finish(complete=complete)
            assert file.path == str(tmp_path / f"{where}{suffix}")
        check_place("--features", str(path), force=False)
    path = tmp_path / "others.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="not written by a replay"):
        check_place("--features", str(path), force=False)
    with pytest.raises(UsageError, match=r"must end in \.parquet, \.arrow or \.csv"):
        check_place("--features", "f.txt", force=False)
