"""Samples of rows, picked from all rows by a slow and obvious implementation of their definitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lobench.engine.feeds import Chunk
from lobench.engine.policy import Variant
from lobench.engine.records import TRADE
from lobench.engine.registry import FEATURES
from lobench.workbench.rows.by_time import CLOSED
from lobench.workbench.rows.sample import parse_sample
from lobench.workbench.rows.stream import RowStream, Wanted
from tests.support.replays import Records, chunks

Row = dict[str, Any]


class Given:
    """Records as a feed, in chunks of limited length."""

    name, expected = "given", None
    symbols: Mapping[int, str] = {}

    def __init__(self, records: Records, chunk: int = 1 << 30) -> None:
        self._records, self._chunk = records, chunk
        self.other_records: dict[int, int] = {}

    def __iter__(self) -> Iterator[Chunk]:
        return chunks(self._records, self._chunk)


def sampled(
    variant: Variant, records: Records, sample: str | None, *, chunk: int = 1 << 30, **wanted: Any
) -> list[Row]:
    """lobench's rows for these records: all features and the best level."""
    asked = Wanted(features=list(FEATURES), depth=1, sample=parse_sample(sample) if sample else None, **wanted)
    return listed(RowStream(Given(records, chunk), variant, asked).read_all())


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
    """Rows sorted, because within an interval the order of books is not defined."""
    return sorted((row["ts_sample"], *book_of(row), *sorted((k, str(v)) for k, v in row.items())) for row in rows)


def by_record(records: npt.NDArray[np.void], rows: list[Row], sample: str, evaluate: str) -> list[Row]:
    """The rows of a sample by events, volume, trades or changes of the best prices, by the definitions. ``rows``: those
    of all evaluations of the records."""
    numbers = evaluated(records, evaluate)
    assert len(numbers) == len(rows)
    found = []
    marks: dict[tuple[int, int], Any] = defaultdict(int)
    events: dict[tuple[int, int], int] = defaultdict(int)
    traded: dict[tuple[int, int], int] = defaultdict(int)
    trades: dict[tuple[int, int], int] = defaultdict(int)
    row_of = dict(zip(numbers, rows, strict=True))
    for number, record in enumerate(records):
        book = int(record["instrument_id"]), int(record["publisher_id"])
        events[book] += 1
        if record["action"] == TRADE:
            traded[book] += int(record["size"])
            trades[book] += 1
        if number not in row_of:
            continue
        row = row_of[number]
        if sample == "bbo":
            mark: Any = tuple(row[name] for name in ("bid_px_00", "bid_sz_00", "ask_px_00", "ask_sz_00"))
        elif sample == "trade":
            mark = trades[book]
        else:
            mark = {"e": events, "v": traded}[sample[-1]][book] // int(sample[:-1])
        if mark != marks[book]:
            found.append(row)
            marks[book] = mark
    return found


def evaluated(records: npt.NDArray[np.void], evaluate: str) -> list[int]:
    if evaluate == "every":
        return list(range(len(records)))
    flags = records["flags"]
    return np.flatnonzero((flags & 0x80 != 0) & (flags & 0x20 == 0)).tolist()
