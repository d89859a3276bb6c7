"""Samples of rows equal those that a slow, obvious reading of the definitions picks from all rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from lobench.engine.errors import UsageError
from lobench.engine.feeds import open_feed
from lobench.engine.records import MBO
from lobench.engine.registry import FEATURES
from lobench.workbench.rows.by_time import CLOSED
from lobench.workbench.rows.sample import parse_sample
from lobench.workbench.rows.stream import RowStream, Wanted
from tests.support.command import busy, calm
from tests.support.dbn_files import header, write
from tests.support.replays import TOP
from tests.support.sampled import by_record, by_time, keyed, listed, sampled

SECOND = 10**9


def table(path: str, sample: str | None, evaluate: str = "last", depth: int = 1) -> pa.Table:
    wanted = Wanted(
        features=list(FEATURES), depth=depth, sample=parse_sample(sample) if sample else None, evaluate=evaluate
    )
    return RowStream(open_feed([path]), TOP, wanted).read_all()


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
def test_samples_by_time_equal_the_slow_ones(feed: str, sample: str, step: int) -> None:
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
def test_samples_by_record_equal_the_slow_ones(
    records: npt.NDArray[np.void], feed: str, sample: str, evaluate: str
) -> None:
    whole = listed(table(feed, None, evaluate))
    expected = by_record(records, whole, sample, evaluate)
    assert listed(table(feed, sample, evaluate)) == expected
    assert len(expected) > 0


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


@pytest.mark.normal
@pytest.mark.parametrize("sample", ["20e", "100v", "trade"])
def test_more_books_than_there_was_room_for(sample: str) -> None:
    records = busy(20_000)
    records["instrument_id"] = np.random.default_rng(1).integers(1, 900, len(records))
    whole = sampled(TOP, records, None)
    assert sampled(TOP, records, sample, chunk=7_000) == by_record(records, whole, sample, "last")
    assert keyed(sampled(TOP, records, "10ms", chunk=7_000)) == keyed(by_time(whole, 10**7))


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
def test_other_words_are_no_sample(text: str) -> None:
    with pytest.raises(UsageError, match="--sample takes a time"):
        parse_sample(text)
