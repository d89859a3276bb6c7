"""LOBSTER files: the records of each message, the start from the order book file, and refusals."""

from __future__ import annotations

import gzip
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from lobench.engine.errors import FeedError
from lobench.engine.feeds import open_feed
from lobench.engine.feeds.lobster import feed as feed_module
from lobench.engine.feeds.lobster.feed import LobsterFeed
from lobench.engine.feeds.lobster.files import instrument_of, is_lobster, ticker_of
from lobench.engine.feeds.lobster.start import FIRST_ID
from lobench.engine.records import F_BAD_TS_RECV, F_LAST, F_SNAPSHOT, MBO, UNDEF_PRICE
from tests.support.feeds import content
from tests.support.lobster_files import Message, order_book_row, write_pair
from tests.support.replays import Records

pytestmark = pytest.mark.normal

REAL = Path(os.environ.get("LOBENCH_REAL_DATA", "")) / "lobster_aapl"
MIDNIGHT = 1_340_251_200_000_000_000
"""Of 2012-06-21 in New York, 04:00 UTC."""
ADDED: Message = (34200.5, 1, 7, 100, 1_234_500, 1)
PRICE = 123_450_000_000
OPENING = F_SNAPSHOT | F_BAD_TS_RECV


def opened(path: str) -> LobsterFeed:
    feed = open_feed([path])
    assert isinstance(feed, LobsterFeed)
    return feed


def records_of(path: str) -> Records:
    return np.frombuffer(content(opened(path)), MBO)


def told(records: Records) -> list[tuple[str, str, int, int, int, int]]:
    """Action, side, order id, price, size and flags of each record."""
    return [
        (
            chr(one["action"]),
            chr(one["side"]),
            int(one["order_id"]),
            int(one["price"]),
            int(one["size"]),
            int(one["flags"]),
        )
        for one in records
    ]


CASES: dict[str, tuple[Message, list[tuple[str, str, int, int, int, int]]]] = {
    "submission": ((34201, 1, 8, 5, 1_234_600, -1), [("A", "A", 8, 123_460_000_000, 5, F_LAST)]),
    "cancellation": ((34201, 2, 7, 30, 1_234_500, 1), [("C", "B", 7, PRICE, 30, F_LAST)]),
    "deletion": ((34201, 3, 7, 100, 1_234_500, 1), [("C", "B", 7, PRICE, 100, F_LAST)]),
    "execution": (
        (34201, 4, 7, 30, 1_234_500, 1),
        [("T", "A", 0, PRICE, 30, F_LAST), ("F", "B", 7, PRICE, 30, F_LAST), ("C", "B", 7, PRICE, 30, F_LAST)],
    ),
    "hidden execution": ((34201, 5, 0, 30, 1_234_500, -1), [("T", "B", 0, PRICE, 30, F_LAST)]),
    "cross": ((34201, 6, -1, 30, 1_234_500, -1), [("T", "N", 0, PRICE, 30, F_LAST)]),
    "halt": ((34201, 7, 0, 0, -1, -1), [("N", "N", 0, UNDEF_PRICE, 0, F_LAST)]),
    "unknown without a start": ((34201, 3, 6, 30, 1_234_500, 1), [("C", "B", 6, PRICE, 30, F_LAST)]),
}


@pytest.mark.parametrize("case", CASES)
def test_message_gives_these_records(tmp_path: Path, case: str) -> None:
    message, expected = CASES[case]
    got = told(records_of(write_pair(tmp_path, [ADDED, message])))
    assert got[:2] == [("R", "N", 0, UNDEF_PRICE, 0, OPENING), ("A", "B", 7, PRICE, 100, F_LAST)]
    assert got[2:] == expected


def test_other_fields_of_a_record(tmp_path: Path) -> None:
    feed = opened(write_pair(tmp_path, [("34200.004241176", 1, 7, 100, 1, 1), ADDED]))
    first, second = np.frombuffer(content(feed), MBO)[1:]
    assert int(first["ts_event"]) == int(first["ts_recv"]) == MIDNIGHT + 34_200_004_241_176
    assert (int(first["sequence"]), int(second["sequence"])) == (1, 2)
    assert int(first["publisher_id"]) == 2
    assert feed.symbols == {int(first["instrument_id"]): "ABC"}


def test_tickers_have_ids_of_their_own() -> None:
    tickers = ["A", "B", "AA", "AB", "ABC", "BRK.B", "ZZZZZZ", "------", "999999"]
    assert len({instrument_of(ticker) for ticker in tickers}) == len(tickers)
    assert max(map(instrument_of, tickers)) < 2**32
    assert ticker_of("/data/BRK.B_2012-06-21_34200000_57600000_message_10.csv") == "BRK.B"
    assert ticker_of("messages.csv") is None


@pytest.mark.parametrize("text", [b"", b"ts_event,action\n", b"1,2,3,4,5\n", b"1.5,8,1,1,1,1\n", b"1,1,1,1,1,1,1,1\n"])
def test_other_text_is_not_taken_for_lobster(text: bytes) -> None:
    assert not is_lobster(text)


def test_levels_of_before_become_orders(tmp_path: Path) -> None:
    """The first row of books is the one after the first message, which is undone; reductions of unknown ids are taken
    from the level's order, and no more than there is."""
    book = order_book_row([(1_234_500, 150), (1_234_400, 20)], [(1_234_600, 40)], 2)
    messages: list[Message] = [
        ADDED,
        (34201, 3, 5, 30, 1_234_500, 1),
        (34202, 4, 6, 40, 1_234_600, -1),
        (34203, 3, 4, 10, 1_234_600, -1),
        (34204, 3, 7, 100, 1_234_500, 1),
    ]
    got = told(records_of(write_pair(tmp_path, messages, [book])))
    ask = 123_460_000_000
    assert got == [
        ("R", "N", 0, UNDEF_PRICE, 0, OPENING),
        ("A", "B", FIRST_ID, PRICE, 50, OPENING),
        ("A", "B", FIRST_ID + 1, 123_440_000_000, 20, OPENING),
        ("A", "A", FIRST_ID + 2, ask, 40, OPENING),
        ("A", "B", 7, PRICE, 100, F_LAST),
        ("C", "B", FIRST_ID, PRICE, 30, F_LAST),
        ("T", "B", 0, ask, 40, F_LAST),
        ("F", "A", FIRST_ID + 2, ask, 40, F_LAST),
        ("C", "A", FIRST_ID + 2, ask, 40, F_LAST),
        ("C", "A", 4, ask, 10, F_LAST),
        ("C", "B", 7, PRICE, 100, F_LAST),
    ]


@pytest.mark.parametrize(
    ("first", "level"),
    [
        ((34200.5, 1, 7, 100, 1_234_500, 1), None),
        ((34200.5, 3, 7, 100, 1_234_500, 1), 200),
        ((34200.5, 4, 7, 100, 1_234_400, 1), 100),
        ((34200.5, 5, 0, 100, 1_234_500, 1), 100),
    ],
    ids=["added", "deleted", "level gone", "hidden"],
)
def test_first_message_is_taken_back(tmp_path: Path, first: Message, level: int | None) -> None:
    price = first[4]
    book = order_book_row([(1_234_500, 100)], [], 2)
    records = records_of(write_pair(tmp_path, [first], [book]))
    orders = {
        int(one["price"]) // 100_000: int(one["size"])
        for one in records
        if one["flags"] == OPENING and one["action"] == ord("A")
    }
    assert orders.get(price) == level


@pytest.mark.parametrize("room", [1, 100, 1 << 18])
@pytest.mark.parametrize("compress", [False, True])
def test_compression_and_pieces_change_nothing(
    tmp_path: Path, room: int, compress: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: list[Message] = [ADDED, *(message for message, _ in CASES.values())] * 30
    path = write_pair(tmp_path, messages)
    expected = content(opened(path))
    monkeypatch.setattr(feed_module, "ROOM", room)
    if compress:
        Path(path).write_bytes(gzip.compress(Path(path).read_bytes().rstrip(b"\n")))
    feed = opened(path)
    assert content(feed) == expected == content(feed)
    assert feed.progress == 1.0


BROKEN = {
    "type": ("34201,9,7,1,1,1", "a message of type 9; 1 to 7 expected"),
    "time": ("-1,1,7,1,1,1", "a time of -1.0 s"),
    "size": ("34201,1,7,4294967296,1,1", "a size of 4294967296"),
    "price": ("34201,1,7,1,-5,1", "a price of -5"),
    "direction": ("34201,1,7,1,1,0", "a direction of 0"),
    "text": ("34201,1,seven,1,1,1", "'seven'"),
    "columns": ("34201,1,7,1,1", "Expected 6 columns, got 5"),
    "empty": ("34201,1,,1,1,1", "invalid value"),
}


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("room", [40, 1 << 18])
def test_broken_files_name_the_line(tmp_path: Path, case: str, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    line, problem = BROKEN[case]
    path = write_pair(tmp_path, [ADDED, ADDED])
    monkeypatch.setattr(feed_module, "ROOM", room)
    with open(path, "a") as file:
        file.write(line + "\n34202,1,8,1,1,1\n")
    with pytest.raises(FeedError) as caught:
        content(opened(path))
    assert str(caught.value).startswith(f"{path}: line 3: ")
    assert problem in str(caught.value)


def test_strange_order_book_is_refused(tmp_path: Path) -> None:
    path = write_pair(tmp_path, [ADDED], [[1, 2, 3]])
    with pytest.raises(FeedError, match=r"_orderbook_2.csv: line 1: expected an order book"):
        content(opened(path))


@pytest.mark.skipif(not REAL.is_dir(), reason="LOBENCH_REAL_DATA is not set")
def test_real_file() -> None:
    (path,) = REAL.glob("*message*.csv")
    feed = opened(str(path))
    records = np.frombuffer(content(feed), MBO)
    assert set(feed.symbols.values()) == {"AAPL"}
    opening = records[records["flags"] == OPENING]
    assert len(opening) == 1 + 19, "20 levels, of which the first message made one"
    actions = Counter(map(chr, records[len(opening) :]["action"].tolist()))
    assert actions == {"A": 471, "C": 369 + 98, "F": 98, "T": 98 + 61}
