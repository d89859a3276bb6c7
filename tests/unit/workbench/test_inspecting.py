"""`lobench inspect`: counts are those of the records, books those of the oracle."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import lobench
from lobench.engine.oracle import Oracle
from lobench.workbench.inspecting import Inspection, Span
from tests.support.command import answer, busy
from tests.support.command import lobench as command
from tests.support.dbn_files import header, other_record, write, zstd


@pytest.mark.normal
def test_counts_and_books(tmp_path: Path) -> None:
    records = busy(9_000)
    records["ts_event"][100:110] = 2**64 - 1
    records["ts_event"][200] -= np.uint64(10**9)
    half = len(records) // 2
    parts = (records[:half].tobytes(), other_record(), records[half:].tobytes())
    feed = write(tmp_path / "feed.dbn.zst", zstd(header(schema=None), *parts))
    found = answer("inspect", feed)
    expected = Oracle()
    expected.apply(records)
    result = expected.finish()
    assert found["records"] == len(records)
    assert found["events"] == result.evaluations
    assert found["anomalies"] == result.anomalies
    assert found["other_records"] == {"22": 1}
    letters = [chr(action) for action in records["action"]]
    assert found["actions"] == Counter(letters)
    times = records["ts_event"][records["ts_event"] < 2**63].astype(np.int64)
    assert found["ts_event"] == {
        "first": int(times.min()),
        "last": int(times.max()),
        "missing": 10,
        "backward": int(np.count_nonzero(np.diff(times) < 0)),
    }
    assert sum(found["activity"]["counts"]) == len(times)
    books = {(book["instrument_id"], book["publisher_id"]): book for book in found["books"]}
    assert len(books) == len(result.books) == 6
    for end in result.books:
        book = books[end.instrument_id, end.publisher_id]
        own = (records["instrument_id"] == end.instrument_id) & (records["publisher_id"] == end.publisher_id)
        assert book["actions"] == Counter(letter for letter, is_own in zip(letters, own, strict=True) if is_own)
        assert book["records"] == end.events == np.count_nonzero(own)
        for name in ("orders", "bid_levels", "ask_levels", "best_bid", "best_ask"):
            assert book[name] == getattr(end, name)
    assert [book["records"] for book in found["books"]] == sorted(
        (book["records"] for book in found["books"]), reverse=True
    )


@pytest.mark.normal
def test_output_without_json(tmp_path: Path) -> None:
    done = command("inspect", "synth:equity-universe,n=20000")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    shown = dict(line.split(maxsplit=1) for line in lines[:8])
    assert shown["records"].startswith("20,000: ")
    assert "busiest of" in done.stdout
    assert any(set(line) & set("▁▂▃▄▅▆▇█") for line in lines if line.startswith("activity"))


@pytest.mark.normal
def test_an_empty_feed(tmp_path: Path) -> None:
    found = lobench.inspect(write(tmp_path / "empty.dbn", header()))
    assert (found.records, found.books, found.activity()) == (0, (), None)
    assert found.ts_event == Span(None, None, 0, 0)


@pytest.mark.parametrize(
    ("ticks", "counts"), [({5: 2}, (2,)), ({0: 1, 59: 2}, (1, *[0] * 58, 2)), ({0: 1, 60: 2}, None)]
)
def test_activity_has_at_most_so_many_intervals(ticks: dict[int, int], counts: tuple[int, ...] | None) -> None:
    found = Inspection("", 0, 0, 0, {}, Span(None, None, 0, 0), Span(None, None, 0, 0), (), {}, {}, {}, {}, ticks)
    activity = found.activity(60)
    assert activity is not None
    assert sum(activity.counts) == sum(ticks.values())
    assert len(activity.counts) <= 60
    if counts:
        assert activity.counts == counts
