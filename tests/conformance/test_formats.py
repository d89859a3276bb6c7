"""One feed in every format: the same records where the format keeps all of them, else the same books and features.

``equity-universe`` has two venues. CSV and Parquet keep every field of every record. ITCH is one venue's, the one that
replaces orders, for it has no message that modifies one; it keeps neither the time of receipt nor sequence numbers, and
each of its records ends an event. LOBSTER is one stock of that venue, without the clear that its reader begins with.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lobench.engine.feeds import load, open_feed
from lobench.engine.feeds.dates import midnight, parse_date
from lobench.engine.feeds.lobster.files import instrument_of
from lobench.workbench.converting.convert import convert
from lobench.workbench.converting.schemas import SCHEMAS
from tests.support.equities import events_of
from tests.support.itch_files import framed
from tests.support.itch_files import messages_of as itch_messages
from tests.support.lobster_files import messages_of as lobster_messages
from tests.support.lobster_files import write_pair
from tests.support.replays import PHASE, Observed, assert_equal

pytestmark = pytest.mark.xdist_group("formats")

COUNTS = [20_000, pytest.param(2_000_000, marks=pytest.mark.long)]
KEPT = ("publisher_id", "instrument_id", "ts_event", "order_id", "price", "size", "action", "side")
DAY = "2024-01-02"
STOCK, TICKER = 1_001, "ABC"


def universe(count: int) -> Any:
    return load(open_feed([f"synth:equity-universe,n={count}"]))


def of_venue(count: int) -> npt.NDArray[np.void]:
    """The records of the venue that sends ITCH, without an event that the feed's end cuts short."""
    records = universe(count).records
    found = records[records["publisher_id"] == 2].copy()
    while chr(found["action"][-1]) in "TF" or not found["flags"][-1] & 2:
        found = found[:-1]
    return found


def assert_alike(found: npt.NDArray[np.void], expected: npt.NDArray[np.void]) -> None:
    """Every field that the format keeps, and all that is computed of every record."""
    assert len(found) == len(expected) > 1000
    for name in KEPT:
        assert (found[name] == expected[name]).all(), name
    made = [Observed(PHASE[7], records, rows=False, evaluate="every") for records in (found, expected)]
    assert made[0].levels == made[1].levels
    assert_equal(made[0].result, made[1].result)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize(
    "ending", [".csv", pytest.param(".csv.gz", marks=pytest.mark.long), ".csv.zst", ".parquet", ".dbn.zst"]
)
def test_tables_keep_everything(tmp_path: Path, ending: str, count: int) -> None:
    whole = universe(count)
    path = str(tmp_path / f"day{ending}")
    assert convert(whole, path, SCHEMAS["mbo"]) == count
    again = load(open_feed([path]))
    assert again.digest == whole.digest
    assert dict(again.symbols) == {key: name for key, name in whole.symbols.items() if key in again.symbols}


@pytest.mark.parametrize("count", COUNTS)
def test_itch_keeps_every_field_of_a_venue(tmp_path: Path, count: int) -> None:
    expected = of_venue(count)
    path = tmp_path / f"{DAY}.itch"
    path.write_bytes(framed(*itch_messages(events_of(expected), midnight(parse_date(DAY)))))
    feed: Any = open_feed([str(path)])
    assert_alike(load(feed).records, expected)
    assert not feed.skipped


@pytest.mark.parametrize("count", COUNTS)
def test_lobster_keeps_every_field_of_a_stock(tmp_path: Path, count: int) -> None:
    expected = of_venue(count)
    expected = expected[(expected["instrument_id"] == STOCK) & (expected["action"] != ord("R"))]
    messages = list(lobster_messages(events_of(expected), midnight(parse_date(DAY))))
    path = write_pair(tmp_path, messages)
    renamed = Path(path).rename(tmp_path / f"{TICKER}_{DAY}_34200000_57600000_message_10.csv")
    found = load(open_feed([str(renamed)])).records
    expected["instrument_id"] = instrument_of(TICKER)
    assert chr(found["action"][0]) == "R"
    assert_alike(found[1:].copy(), expected)
