"""Samples of rows: what comes out is what a slow, obvious reading of the definitions picks from all rows."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from lobench.engine.errors import UsageError
from lobench.engine.feeds import open_feed
from lobench.engine.records import MBO, TRADE
from lobench.engine.registry import FEATURES
from lobench.workbench.rows.sample import parse_sample
from lobench.workbench.rows.by_time import CLOSED
from lobench.workbench.rows.stream import RowStream, Wanted
from tests.cli.command import busy, calm
from tests.dbn_files import header, write
from tests.replays import TOP

Row = dict[str, Any]
SECOND = 10**9


def table(path: str, sample: str | None, evaluate: str = "last", depth: int = 1) -> pa.Table:
    wanted = Wanted(
        features=list(FEATURES), depth=depth, sample=parse_sample(sample) if sample else None, evaluate=evaluate
    )
    return RowStream(open_feed([path]), TOP, wanted).read_all()


def listed(found: pa.Table) -> list[Row]:
    """Rows in order; times as integers, doubles as their bits, so that NaN equals NaN."""
    columns: dict[str, list[Any]] = {}
    for name in found.column_names:
        column = found[name]
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        values = column.to_pylist()
        columns[name] = [np.float64(v).tobytes() for v in values] if column.type == pa.float64() else values
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def book_of(row: Row) -> tuple[int, int]:
    return row["instrument_id"], row["publisher_id"]


def by_time(rows: list[Row], step: int) -> list[Row]:
    """The last state of every book at the end of each interval, by the definition."""
    made: list[Row] = []
    newest: dict[tuple[int, int], Row] = {}
    fresh: set[tuple[int, int]] = set()
    clock = -1

    def end(interval: int) -> None:
        for book, row in newest.items():
            made.append({**row, "ts_sample": (interval + 1) * step, "filled": book not in fresh})
        fresh.clear()

    for row in rows:
        now = max(clock, -1 if row["ts_event"] is None else row["ts_event"])
        if clock >= 0 and now // step != clock // step:
            end(clock // step)
            if now - clock < CLOSED:
                for interval in range(clock // step + 1, now // step):
                    end(interval)
        newest[book_of(row)] = row
        fresh.add(book_of(row))
        clock = now
    if clock >= 0:
        end(clock // step)
    return made


def keyed(rows: list[Row]) -> list[tuple[Any, ...]]:
    """Rows of one interval in any order of books."""
    return sorted((row["ts_sample"], *book_of(row), *sorted((k, str(v)) for k, v in row.items())) for row in rows)


@pytest.fixture(scope="module")
def records() -> npt.NDArray[np.void]:
    made = busy(9_000)
    made["ts_event"][4_000:] += np.uint64(CLOSED)  # a night
    made["ts_event"][6_000:] += np.uint64(3 * 10**8)  # a quiet time, not a night
    made["ts_event"][5_000:5_040] -= np.uint64(2_000)  # late
    made["ts_event"][7_000:7_010] = 2**64 - 1
    return made


@pytest.fixture(scope="module")
def feed(records: npt.NDArray[np.void], tmp_path_factory: pytest.TempPathFactory) -> str:
    return write(tmp_path_factory.mktemp("sampled") / "feed.dbn", header(), records.tobytes())


@pytest.mark.normal
@pytest.mark.parametrize(
    ("sample", "step"), [("100us", 10**5), ("37ms", 37 * 10**6), ("1s", SECOND), ("1h", 3600 * SECOND)]
)
def test_by_time(feed: str, sample: str, step: int) -> None:
    expected = by_time(listed(table(feed, None)), step)
    found = listed(table(feed, sample))
    assert [row["ts_sample"] for row in found] == [row["ts_sample"] for row in expected]
    assert keyed(found) == keyed(expected)
    if step < SECOND:
        assert {row["filled"] for row in found} == {True, False}


@pytest.mark.normal
@pytest.mark.parametrize(("silence", "filled"), [(CLOSED - 1, CLOSED // SECOND - 2), (CLOSED, 0)])
def test_a_closed_market_is_not_filled(tmp_path: Path, silence: int, filled: int) -> None:
    made = calm(2)
    begin = 1_700_000_000 * SECOND
    made["ts_event"] = [begin, begin + silence]
    feed = write(tmp_path / "feed.dbn", header(), made.tobytes())
    found = listed(table(feed, "1s"))
    assert [row["filled"] for row in found] == [False, *[True] * filled, False]
    assert found[0]["ts_sample"] == begin + SECOND
    assert found[-1]["ts_sample"] == (begin + silence) // SECOND * SECOND + SECOND
    assert {row["ts_event"] for row in found} == {begin, begin + silence}


@pytest.mark.normal
@pytest.mark.parametrize("evaluate", ["last", "every"])
@pytest.mark.parametrize("sample", ["1e", "100e", "30v", "1000v", "trade", "bbo"])
def test_by_record(records: npt.NDArray[np.void], feed: str, sample: str, evaluate: str) -> None:
    whole = listed(table(feed, None, evaluate))
    numbers = evaluated(records, evaluate)
    assert len(numbers) == len(whole)
    expected = []
    marks: dict[tuple[int, int], Any] = defaultdict(int)
    events: dict[tuple[int, int], int] = defaultdict(int)
    traded: dict[tuple[int, int], int] = defaultdict(int)
    trades: dict[tuple[int, int], int] = defaultdict(int)
    rows = dict(zip(numbers, whole, strict=True))
    for number, record in enumerate(records):
        book = int(record["instrument_id"]), int(record["publisher_id"])
        events[book] += 1
        if record["action"] == TRADE:
            traded[book] += int(record["size"])
            trades[book] += 1
        if number not in rows:
            continue
        row = rows[number]
        if sample == "bbo":
            mark: Any = tuple(row[name] for name in ("bid_px_00", "bid_sz_00", "ask_px_00", "ask_sz_00"))
        elif sample == "trade":
            mark = trades[book]
        else:
            mark = {"e": events, "v": traded}[sample[-1]][book] // int(sample[:-1])
        if mark != marks[book]:
            expected.append(row)
            marks[book] = mark
    assert listed(table(feed, sample, evaluate)) == expected
    assert len(expected) > 0


def evaluated(records: npt.NDArray[np.void], evaluate: str) -> list[int]:
    if evaluate == "every":
        return list(range(len(records)))
    flags = records["flags"]
    return np.flatnonzero((flags & 0x80 != 0) & (flags & 0x20 == 0)).tolist()


@pytest.mark.normal
def test_slices_make_no_difference(tmp_path: Path) -> None:
    """A feed longer than a slice, whose books come at different times."""
    records = np.concatenate([busy(9_000, seed) for seed in range(9)])
    records["ts_event"] = 1_700_000_000 * SECOND + np.arange(len(records), dtype=np.uint64) * np.uint64(30_000)
    records["instrument_id"][:70_000] = 7
    feed = write(tmp_path / "feed.dbn", header(), records.astype(MBO).tobytes())
    whole = listed(table(feed, None))
    assert keyed(listed(table(feed, "10ms"))) == keyed(by_time(whole, 10**7))
    assert len(listed(table(feed, "bbo"))) < len(whole)


@pytest.mark.parametrize(
    ("text", "kind", "step"),
    [
        ("1s", "time", SECOND),
        ("100ms", "time", 10**8),
        ("5m", "time", 300 * SECOND),
        ("1000e", "events", 1000),
        ("10000v", "volume", 10_000),
        ("trade", "trade", 1),
        ("bbo", "bbo", 1),
    ],
)
def test_words(text: str, kind: str, step: int) -> None:
    found = parse_sample(text)
    assert (found.kind, found.step, found.text) == (kind, step, text)


@pytest.mark.parametrize("text", ["", "1", "s", "0s", "-1s", "1.5s", "1d", "trades", "9999999999h", "1 s"])
def test_what_is_no_sample(text: str) -> None:
    with pytest.raises(UsageError, match="--sample takes a time"):
        parse_sample(text)
