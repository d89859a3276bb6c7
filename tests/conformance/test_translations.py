"""Synthetic equities written as ITCH and LOBSTER and read again: the same trades, and the same books at every event.

Neither format keeps publishers, times of receipt, the ends of events or M records. So digests of all that a replay
computes are compared for the venue that has no M, evaluated at every record; for the other one, whose M become an order
of another id or a deletion and a submission, prices, sizes and counts of all levels.
"""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from lobench.engine.feeds import load, open_feed
from lobench.engine.feeds.dates import midnight
from tests.support.itch_files import framed
from tests.support.lobster_files import write_pair
from tests.support.replays import Expected, Records
from tests.support.translations import as_itch, as_lobster

pytestmark = pytest.mark.normal

DAY = date(2024, 1, 2)
MIDNIGHT = midnight(DAY)
FIELDS = ("action", "side", "order_id", "price", "size", "instrument_id", "ts_event")


@pytest.fixture(scope="module")
def equities() -> dict[int, Records]:
    """The records of each venue: that of publisher 2 replaces orders as NASDAQ does, that of 5 modifies them."""
    records = load(open_feed(["synth:equity-universe,n=24000"])).records
    return {publisher: records[records["publisher_id"] == publisher] for publisher in (2, 5)}


def busiest(records: Records) -> Records:
    """The records of the instrument that has most."""
    return records[records["instrument_id"] == np.bincount(records["instrument_id"]).argmax()]


def read_itch(path: Path, records: Records, *, compress: bool = False) -> Records:
    data = framed(*as_itch(records, MIDNIGHT))
    path.write_bytes(gzip.compress(data) if compress else data)
    return load(open_feed([str(path), f"--date={DAY}"])).records


def levels(expected: Expected) -> dict[tuple[int, str], list[tuple[int, int, int]]]:
    return {
        (instrument, side): [level[:3] for level in found] for (instrument, _, side), found in expected.levels.items()
    }


def test_itch_keeps_every_record(tmp_path: Path, equities: dict[int, Records]) -> None:
    written = equities[2][:10_000]
    got = read_itch(tmp_path / "a", written)
    assert len(got) == len(written)
    for name in FIELDS:
        assert (got[name] == written[name]).all(), name
    assert set(map(chr, got["action"].tolist())) == set("ACFRT")
    before, after = Expected(written, "every").result, Expected(got, "every").result
    assert before.digests == after.digests
    assert before.anomalies == after.anomalies


def test_itch_keeps_the_books_of_modified_orders(tmp_path: Path, equities: dict[int, Records]) -> None:
    written = equities[5]
    assert (written["action"] == ord("M")).sum() > 100
    got = read_itch(tmp_path / "a", written, compress=True)
    assert levels(Expected(got)) == levels(Expected(written))


def test_lobster_keeps_every_record(tmp_path: Path, equities: dict[int, Records]) -> None:
    written = busiest(equities[2])
    path = write_pair(tmp_path, as_lobster(written, MIDNIGHT))
    got = load(open_feed([str(path), f"--date={DAY}"])).records.copy()
    for name in set(FIELDS) - {"instrument_id"}:
        assert (got[name][1:] == written[name][1:]).all(), name
    got["instrument_id"] = written["instrument_id"][0]
    before, after = Expected(written, "every").result, Expected(got, "every").result
    assert before.digests == after.digests
    assert before.anomalies == after.anomalies


def test_lobster_keeps_the_books_of_modified_orders(tmp_path: Path, equities: dict[int, Records]) -> None:
    written = busiest(equities[5])
    assert (written["action"] == ord("M")).sum() > 5
    path = write_pair(tmp_path, as_lobster(written, MIDNIGHT))
    got = load(open_feed([str(path), f"--date={DAY}"])).records.copy()
    got["instrument_id"] = written["instrument_id"][0]
    assert levels(Expected(got)) == levels(Expected(written))
