"""`lobench replay`: its output and files have the oracle's values."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lobench.engine.cache import source_digest
from lobench.engine.feeds import load, open_feed
from lobench.engine.oracle import Oracle
from lobench.engine.records import UNDEF_PRICE
from lobench.engine.registry import FEATURES
from lobench.engine.result import Result
from lobench.variants import discover
from lobench.workbench.rows.formats import told_of
from lobench.workbench.version import version
from tests.support.command import COMMAND, PATIENCE, answer, busy, complaints, environment, lobench
from tests.support.dbn_files import header, other_record, write, zstd

DEPTH = 4
Level = tuple[int, int, int]


class Expected:
    """The oracle's evaluations of the records, in order."""

    def __init__(self, records: npt.NDArray[np.void], evaluate: str) -> None:
        oracle = Oracle(evaluate, keep_rows=True)
        self.levels: list[dict[str, list[Level]]] = []
        for index, record in enumerate(records):
            oracle.apply(records[index : index + 1])
            if len(oracle.rows) > len(self.levels):
                book = oracle.book(int(record["instrument_id"]), int(record["publisher_id"]))
                assert book is not None
                self.levels.append({side: [level[:3] for level in book.levels(ord(side))] for side in "BA"})
        self.rows = oracle.rows
        self.result: Result = oracle.finish()

    def heads(self) -> list[tuple[int, int, int]]:
        return [row[:3] for row in self.rows]

    def column(self, side: str, place: int, field: int) -> list[int]:
        """Field 0 (price), 1 (size), 2 (count) of one depth, over all evaluations."""
        missing = (UNDEF_PRICE, 0, 0)
        found = [levels[side][place] if place < len(levels[side]) else missing for levels in self.levels]
        return [level[field] for level in found]


def heads(table: pa.Table) -> list[tuple[int, int, int]]:
    times = table["ts_event"].cast(pa.int64()).to_pylist()
    return list(zip(times, table["instrument_id"].to_pylist(), table["publisher_id"].to_pylist(), strict=True))


@pytest.fixture(scope="module")
def records() -> npt.NDArray[np.void]:
    return busy(9_000)


@pytest.fixture
def feed(records: npt.NDArray[np.void], tmp_path: Path) -> str:
    return write(tmp_path / "feed.dbn", header(), records.tobytes())


@pytest.mark.parametrize(("evaluate", "workers"), [("last", 1), ("every", 2)])
def test_files_equal_the_oracles_rows(
    records: npt.NDArray[np.void], feed: str, tmp_path: Path, evaluate: str, workers: int
) -> None:
    expected = Expected(records, evaluate)
    files = ["--features", tmp_path / "f.parquet", "--depth", DEPTH, "--book", tmp_path / "b.parquet"]
    outcome = answer("replay", feed, "--evaluate", evaluate, "--workers", workers, *files)

    assert outcome["digests"] == {"trace": f"{expected.result.trace:016x}"}
    assert outcome["evaluations"] == expected.result.evaluations == len(expected.rows) > 4_000
    assert outcome["anomalies"] == expected.result.anomalies
    assert [file["rows"] for file in outcome["files"]] == [len(expected.rows)] * 2

    features = pq.read_table(tmp_path / "f.parquet")
    assert heads(features) == expected.heads()
    assert features.column_names[4:] == list(FEATURES)
    for place, name in enumerate(FEATURES):
        ours = features[name].to_numpy()
        theirs = np.array([row[3][place] for row in expected.rows])
        both_nan = np.isnan(ours) & np.isnan(theirs)
        assert np.array_equal(ours.view("u8")[~both_nan], theirs.view("u8")[~both_nan]), name
        assert features[name].null_count == 0

    book = pq.read_table(tmp_path / "b.parquet")
    assert heads(book) == expected.heads()
    assert len(book.column_names) == 4 + 6 * DEPTH
    for place in range(DEPTH):
        for side, word in (("B", "bid"), ("A", "ask")):
            for field, kind in enumerate(("px", "sz", "ct")):
                name = f"{word}_{kind}_{place:02d}"
                assert book[name].to_pylist() == expected.column(side, place, field), name


def test_columns_have_databentos_types_and_names(feed: str, tmp_path: Path) -> None:
    files = ["--features", tmp_path / "f.parquet", "--depth", 1, "--book", tmp_path / "b.parquet"]
    answer("replay", feed, *files)
    head = {"ts_event": pa.timestamp("ns", tz="UTC"), "instrument_id": pa.uint32(), "publisher_id": pa.uint16()}
    head["symbol"] = pa.dictionary(pa.int32(), pa.string())
    features = pq.read_schema(tmp_path / "f.parquet")
    assert dict(zip(features.names, features.types, strict=True)) == head | dict.fromkeys(FEATURES, pa.float64())
    book = pq.read_schema(tmp_path / "b.parquet")
    prices_and_sizes = {f"{side}_{kind}_00": pa.int64() for kind in ("px", "sz") for side in ("bid", "ask")}
    counts = {f"{side}_ct_00": pa.uint32() for side in ("bid", "ask")}
    assert dict(zip(book.names, book.types, strict=True)) == head | prices_and_sizes | counts
    for name in ("f", "b"):
        assert pq.read_metadata(tmp_path / f"{name}.parquet").metadata[b"lobench.complete"] == b"true"


def test_json(records: npt.NDArray[np.void], tmp_path: Path) -> None:
    half = len(records) // 2
    plain = write(tmp_path / "a.dbn", header(), records[:half].tobytes())
    mixed = zstd(header(schema=None), other_record(), records[half:].tobytes(), other_record(0x17))
    packed = write(tmp_path / "b.dbn.zst", mixed)
    outcome = answer("replay", plain, packed, "--counters", "--digests")

    assert outcome["feed"] == f"{plain} + {packed}"
    assert outcome["variant"] == max(discover().values(), key=lambda variant: variant.phase or 0).name
    assert (outcome["workers"], outcome["evaluate"], outcome["files"]) == (1, "last", [])
    assert (outcome["events"], outcome["books"]) == (len(records), 6)
    assert outcome["seconds"] > 0
    assert outcome["events_per_second"] == pytest.approx(len(records) / outcome["seconds"])
    assert outcome["other_records"] == {"22": 1, "23": 1}
    assert set(outcome["digests"]) == {"trace", "state"}
    assert outcome["counters"]["lookups"] > 0
    per_event = {name: count / len(records) for name, count in outcome["counters"].items()}
    assert outcome["counters_per_event"] == pytest.approx(per_event)


def test_summary_for_a_person(feed: str) -> None:
    done = lobench("replay", feed, "--variant", "p4_hash_lookup")
    assert done.returncode == 0
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert lines["feed"] == feed
    assert lines["variant"].startswith("p4_hash_lookup,")
    assert lines["events"].startswith("9,000 in ")
    assert lines["rate"].endswith(" events/s")
    assert "cancel_unknown_order " in lines["anomalies"]
    trace, kind = lines["digest"].split()
    assert (len(trace), kind) == (16, "trace")
    assert complaints(done) == ""
    assert "\x1b" not in done.stdout


def test_an_empty_feed(tmp_path: Path) -> None:
    feed = write(tmp_path / "empty.dbn", header())
    outcome = answer("replay", feed, "--until", "decode")
    assert (outcome["events"], outcome["digests"]) == (0, {})
    outcome = answer("replay", feed, "--features", tmp_path / "f.parquet")
    assert outcome["files"][0]["rows"] == pq.read_table(tmp_path / "f.parquet").num_rows == 0
    assert outcome["digests"] == {"trace": "0" * 16}


def test_a_stream_has_the_rows_of_a_file(feed: str, tmp_path: Path) -> None:
    answer("replay", feed, "--features", tmp_path / "f.parquet", "--sample", "1ms", "--columns", "mid_price,spread_bps")
    command = [*COMMAND, "replay", feed, "--features", "-", "--sample", "1ms", "--columns", "mid_price,spread_bps"]
    done = subprocess.run(command, env=environment(), capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, b"")
    streamed = pa.ipc.open_stream(done.stdout).read_all()
    written = pq.read_table(tmp_path / "f.parquet")
    assert streamed.column_names == written.column_names
    assert written.column_names == [
        *("ts_event", "ts_sample", "filled", "instrument_id", "publisher_id", "symbol", "mid_price", "spread_bps")
    ]
    assert streamed.num_rows == written.num_rows > 20
    for name in ("ts_event", "ts_sample", "filled", "instrument_id"):
        assert streamed[name].to_pylist() == written[name].to_pylist()
    for name in ("mid_price", "spread_bps"):
        assert np.array_equal(streamed[name].to_numpy().view("u8"), written[name].to_numpy().view("u8"))


def test_files_tell_where_they_are_from(records: npt.NDArray[np.void], feed: str, tmp_path: Path) -> None:
    names = [tmp_path / "f.parquet", tmp_path / "b.arrow"]
    outcome = answer("replay", feed, "--features", names[0], "--depth", 1, "--book", names[1], "--sample", "trade")
    for name in names:
        told = told_of(name)
        assert told is not None
        assert told["feed_digest"] == load(open_feed([feed])).digest
        assert told["source_digest"] == source_digest()
        assert told["version"] == version()
        assert told["sample"] == "trade"
        assert told["feed"] == feed
        assert told["command"].startswith(f"lobench replay {feed} --features ")
        assert json.loads(told["anomalies"]) == outcome["anomalies"]
        assert (told["complete"], told["events"]) == ("true", str(len(records)))


def test_a_reader_that_has_gone_is_no_error(feed: str) -> None:
    command = " ".join([*COMMAND, "replay", *[feed] * 40, "--features", "-"])
    script = f"set -o pipefail; {command} | head -c 1000 > /dev/null"
    done = subprocess.run(["bash", "-c", script], env=environment(), capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")
