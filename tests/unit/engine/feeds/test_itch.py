"""ITCH 5.0 files: which records each message gives, framing, compression, and a real file's known answer."""

from __future__ import annotations

import gzip
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lobench.engine.errors import FeedError
from lobench.engine.feeds import open_feed
from lobench.engine.feeds.itch import feed as feed_module
from lobench.engine.feeds.itch.feed import ItchFeed
from lobench.engine.records import F_BAD_TS_RECV, F_LAST, MBO, UNDEF_PRICE
from lobench.engine.replay import Replay
from lobench.engine.rows import Rows
from tests.support.dbn_files import zstd
from tests.support.feeds import content, read_ahead_threads
from tests.support.itch_files import BODIES, Slow, framed, message, messages_in, stock
from tests.support.replays import TOP, Records, chunks

pytestmark = pytest.mark.normal

REAL = Path(os.environ.get("LOBENCH_REAL_DATA", "")) / "itch_ritch" / "ex20101224.TEST_ITCH_50"
MIDNIGHT = 1_548_824_400_000_000_000
"""Of 2019-01-30 in New York, 05:00 UTC."""
ADDED = message("A", 7, "B", 100, "ABC", 1_234_500)
BASIC = [stock(1, "ABC"), ADDED]


def opened(path: Path, data: bytes) -> ItchFeed:
    path.write_bytes(data)
    feed = open_feed([str(path), "--date=2019-01-30"])
    assert isinstance(feed, ItchFeed)
    return feed


def records_of(feed: ItchFeed) -> Records:
    return np.frombuffer(content(feed), MBO)


def told(records: Records) -> list[tuple[str, str, int, int, int, int, int]]:
    """Action, side, order id, price, size, flags and sequence of each record."""
    fields = ["action", "side", "order_id", "price", "size", "flags", "sequence"]
    return [(chr(action), chr(side), *more) for action, side, *more in records[fields].tolist()]


PRICE, OTHER = 123_450_000_000, 123_460_000_000
CASES: dict[str, tuple[list[bytes], list[tuple[str, str, int, int, int, int]]]] = {
    "A": ([], []),
    "F": ([message("F", 8, "S", 5, "ABC", 1_234_600, "MPID")], [("A", "A", 8, OTHER, 5, F_LAST)]),
    "E": (
        [message("E", 7, 30)],
        [
            ("T", "A", 0, PRICE, 30, F_LAST),
            ("F", "B", 7, PRICE, 30, F_LAST),
            ("C", "B", 7, PRICE, 30, F_LAST),
        ],
    ),
    "C": (
        [message("C", 7, 30, 0, "Y", 1_234_600)],
        [
            ("T", "A", 0, OTHER, 30, F_LAST),
            ("F", "B", 7, OTHER, 30, F_LAST),
            ("C", "B", 7, PRICE, 30, F_LAST),
        ],
    ),
    "C not printable": (
        [message("C", 7, 30, 0, "N", 1_234_600)],
        [("F", "B", 7, OTHER, 30, F_LAST), ("C", "B", 7, PRICE, 30, F_LAST)],
    ),
    "X": ([message("X", 7, 30)], [("C", "B", 7, PRICE, 30, F_LAST)]),
    "D after X": (
        [message("X", 7, 30), message("D", 7)],
        [("C", "B", 7, PRICE, 30, F_LAST), ("C", "B", 7, PRICE, 70, F_LAST)],
    ),
    "U": (
        [message("U", 7, 9, 40, 1_234_600), message("D", 9)],
        [("C", "B", 7, PRICE, 100, 0), ("A", "B", 9, OTHER, 40, F_LAST), ("C", "B", 9, OTHER, 40, F_LAST)],
    ),
    "executed whole": (
        [message("E", 7, 100), message("D", 7)],
        [
            ("T", "A", 0, PRICE, 100, F_LAST),
            ("F", "B", 7, PRICE, 100, F_LAST),
            ("C", "B", 7, PRICE, 100, F_LAST),
            ("C", "N", 7, UNDEF_PRICE, 0, F_LAST),
        ],
    ),
    "P": ([message("P", 0, "B", 30, "ABC", 1_234_600)], [("T", "N", 0, OTHER, 30, F_LAST)]),
    "Q": ([message("Q", 30, "ABC", 1_234_600, 0, "O")], [("T", "N", 0, OTHER, 30, F_LAST)]),
    "Q of no shares": ([message("Q", 0, "ABC", 0, 0, "O")], []),
    "E unknown": ([message("E", 6, 30)], [("C", "N", 6, UNDEF_PRICE, 30, F_LAST)]),
    "C unknown": ([message("C", 6, 30, 0, "Y", 1)], [("C", "N", 6, UNDEF_PRICE, 30, F_LAST)]),
    "X unknown": ([message("X", 6, 30)], [("C", "N", 6, UNDEF_PRICE, 30, F_LAST)]),
    "D unknown": ([message("D", 6)], [("C", "N", 6, UNDEF_PRICE, 0, F_LAST)]),
    "U unknown": ([message("U", 6, 9, 40, 1), message("D", 9)], [("C", "N", 9, UNDEF_PRICE, 0, F_LAST)]),
    "stock again": ([stock(1, "ABC")], []),
    "side of neither": ([message("A", 8, "?", 5, "ABC", 1)], [("A", "N", 8, 100_000, 5, F_LAST)]),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("lengths", [True, False], ids=["lengths", "zeros"])
def test_message_gives_these_records(tmp_path: Path, case: str, lengths: bool) -> None:
    messages, expected = CASES[case]
    got = told(records_of(opened(tmp_path / "a", framed(*BASIC, *messages, lengths=lengths))))
    assert got[:2] == [
        ("R", "N", 0, UNDEF_PRICE, 0, F_BAD_TS_RECV, 0),
        ("A", "B", 7, PRICE, 100, F_LAST, 2),
    ]
    assert [record[:-1] for record in got[2:]] == expected


def test_other_fields_of_a_record(tmp_path: Path) -> None:
    """Sequence numbers count all messages of the file, times count from New York's midnight."""
    at = 34_200_000_000_001
    data = framed(message("S", "O"), stock(513, "ABC"), message("D", 1, locate=513, at=at))
    record = records_of(opened(tmp_path / "a", data))[1]
    assert int(record["ts_event"]) == int(record["ts_recv"]) == MIDNIGHT + at
    fields = ("length", "rtype", "publisher_id", "instrument_id", "channel_id", "ts_in_delta", "sequence")
    assert [int(record[name]) for name in fields] == [14, 160, 2, 513, 0, 0, 3]


def test_messages_are_counted_by_kind(tmp_path: Path) -> None:
    known = [message(kind) for kind in BODIES if kind != "A"]
    later = b"z" + bytes(20)
    feed = opened(tmp_path / "a", framed(ADDED, *known, later, later, b"\x01"))
    content(feed)
    assert feed.messages == {**dict.fromkeys(BODIES, 1), "z": 2, "\x01": 1}
    assert feed.skipped["z (unknown)"] == 2
    assert feed.skipped["0x01 (unknown)"] == 1
    assert feed.skipped["I (net order imbalance)"] == 1
    assert feed.skipped["U of an unknown order"] == 1
    assert not {"A (add order)", "R (stock directory)"} & set(feed.skipped)


def test_symbols_come_from_the_directory(tmp_path: Path) -> None:
    feed = opened(tmp_path / "a", framed(stock(1, "ABC"), stock(9, "BRK.B"), ADDED))
    content(feed)
    assert feed.symbols == {1: "ABC", 9: "BRK.B"}


@pytest.mark.parametrize("room", [1, 7, 40, 1 << 18])
@pytest.mark.parametrize("compress", ["plain", "gzip", "gzip twice", "zstd"])
def test_compression_and_pieces_change_nothing(
    tmp_path: Path, room: int, compress: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = framed(*BASIC, *(one for messages, _ in CASES.values() for one in messages), b"z" + bytes(300), ADDED)
    expected = content(opened(tmp_path / "a", data))
    half = len(data) // 2
    packed = {
        "plain": data,
        "gzip": gzip.compress(data),
        "gzip twice": gzip.compress(data[:half]) + gzip.compress(data[half:]),
        "zstd": zstd(data[:half], data[half:]),
    }
    monkeypatch.setattr(feed_module, "ROOM", room)
    monkeypatch.setattr(feed_module, "RECORDS", 4)
    feed = opened(tmp_path / "b", packed[compress])
    assert content(feed) == expected == content(feed)
    assert feed.progress == 1.0


def test_orders_beyond_any_first_table(tmp_path: Path) -> None:
    """The table of live orders grows, and forgets nothing when orders leave it in any order."""
    ids = np.random.default_rng(1).permutation(20_000) * 4 + 1
    adds = [message("A", int(order_id), "B", 10, "ABC", int(order_id)) for order_id in ids]
    deletes = [message("D", int(order_id)) for order_id in np.random.default_rng(2).permutation(ids)]
    feed = opened(tmp_path / "a", framed(*adds, *deletes))
    records = records_of(feed)
    cancels = records[records["action"] == ord("C")]
    assert (cancels["price"] == cancels["order_id"].astype(np.int64) * 100_000).all()
    assert (cancels["size"] == 10).all()


def test_iteration_that_ends_early_stops_its_threads(tmp_path: Path) -> None:
    feed = opened(tmp_path / "a", gzip.compress(framed(*[ADDED] * 100_000)))
    before = len(read_ahead_threads())
    chunks_of_it: Any = iter(feed)
    next(chunks_of_it)
    assert len(read_ahead_threads()) > before
    chunks_of_it.close()
    assert len(read_ahead_threads()) == before


GOOD = framed(*BASIC)
BROKEN = {
    "cut": (GOOD[:-1], 41, "the last message is cut short: 37 bytes are left"),
    "cut prefix": (GOOD + b"\0", 79, "cut short: 1 bytes are left"),
    "wrong length": (GOOD + b"\x00\x23" + ADDED, 79, "kind 'A' preceded by the length 35; 36 expected"),
    "after the end": (GOOD + bytes(2) + GOOD, 81, "data after the message of length 0 that ends the session"),
    "length among zeros": (framed(*BASIC, lengths=False) + GOOD, 79, "preceded by the length 39; 0 expected"),
    "unknown among zeros": (framed(*BASIC, lengths=False) + b"\0\0z", 79, "unknown kind 'z'"),
    "price": (GOOD + framed(message("A", 8, "B", 5, "ABC", 1 << 31)), 79, "maximum, 200,000.0000"),
    "cross": (GOOD + framed(message("Q", 1 << 32, "ABC", 1)), 79, "more shares"),
}


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
def test_broken_files_name_the_byte(tmp_path: Path, case: str, compress: bool) -> None:
    data, byte, problem = BROKEN[case]
    feed = opened(tmp_path / "a", gzip.compress(data) if compress else data)
    with pytest.raises(FeedError) as caught:
        content(feed)
    where = f"byte {byte} of the decompressed stream" if compress else f"byte {byte}"
    assert str(caught.value).startswith(f"{tmp_path / 'a'}: {where}: ")
    assert problem in str(caught.value)


def test_end_of_the_session_is_the_end(tmp_path: Path) -> None:
    assert len(records_of(opened(tmp_path / "a", GOOD + bytes(2)))) == 2


def test_cut_gzip_is_refused(tmp_path: Path) -> None:
    data = gzip.compress(np.random.default_rng(0).bytes(100) + framed(*[ADDED] * 50_000))
    whole = gzip.compress(framed(*[ADDED] * 50_000))
    feed = opened(tmp_path / "a", whole[:-9])
    with pytest.raises(FeedError, match=rf"byte {len(whole) - 9}: the gzip data is cut short there"):
        content(feed)
    (tmp_path / "b").write_bytes(data)
    with pytest.raises(FeedError, match="found 0x"):
        open_feed([str(tmp_path / "b")])


def test_day_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(GOOD)
    with pytest.raises(FeedError, match="give the date, as in --date"):
        open_feed([str(tmp_path / "a")])


@pytest.mark.skipif(not REAL.is_file(), reason="LOBENCH_REAL_DATA is not set")
def test_real_file_has_its_known_answer() -> None:
    feed = open_feed([str(REAL)])
    assert isinstance(feed, ItchFeed)
    records = records_of(feed)
    assert feed.messages == {
        "P": 5000, "A": 4997, "D": 1745, "E": 198, "X": 45, "U": 12, "S": 6, "R": 3, "H": 3, "F": 3,
    }  # fmt: skip
    assert sum(feed.messages.values()) == 12_012
    assert len(records) == 12_371
    assert Counter(map(chr, records["action"].tolist())) == {"T": 5180, "A": 5010, "C": 1998, "F": 180, "R": 3}
    assert feed.symbols == {1: "ALC", 2: "BOB", 3: "CHAR"}
    got: dict[int, np.ndarray] = {}

    def keep(rows: Rows) -> None:
        got.update(zip(rows.heads["record"].tolist(), rows.levels.copy(), strict=True))

    with Replay(TOP, evaluate="every", deep=False, depth=10, on_rows=keep) as replay:
        for chunk in chunks(records):
            replay.apply(chunk)
        assert replay.finish().anomalies["cancel_unknown_order"] == 115
    assert_books_equal(records, got)


def assert_books_equal(records: Records, got: dict[int, np.ndarray]) -> None:
    """Ten levels of the message's book after each message that gave records, against the slow reader's."""
    last = {int(record["sequence"]): index for index, record in enumerate(records)}
    slow, compared = Slow(), 0
    for sequence, one in enumerate(messages_in(REAL.read_bytes()), 1):
        slow.apply(one)
        if sequence in last:
            names = ("bid_px", "bid_sz", "bid_ct", "ask_px", "ask_sz", "ask_ct")
            levels = got[last[sequence]]
            expected = slow.levels(int.from_bytes(one[1:3], "big"), 10)
            assert [tuple(int(level[name]) for name in names) for level in levels] == expected, sequence
            compared += 1
    assert compared == 5000 + 4997 + 1745 + 198 + 45 + 10 + 3
