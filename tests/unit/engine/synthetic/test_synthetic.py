"""Synthetic feeds: the same bytes each time, books that add up, the asked-for anomalies alone, files that open."""

from __future__ import annotations

import os
from collections import Counter, deque
from pathlib import Path
from types import SimpleNamespace

import databento
import numpy as np
import numpy.typing as npt
import pytest

from lobench.engine.anomalies import ANOMALIES
from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.feeds import Feed
from lobench.engine.oracle import Oracle
from lobench.engine.records import (
    ADD,
    CANCEL,
    CLEAR,
    F_LAST,
    F_SNAPSHOT,
    F_TOB,
    FILL,
    MBO,
    MODIFY,
    NO_SIDE,
    TRADE,
    UNDEF_PRICE,
)
from lobench.engine.synthetic import generate, names, open_synthetic
from lobench.engine.synthetic.catalogue import MODELS

pytestmark = pytest.mark.normal

Records = npt.NDArray[np.void]
FEEDS = tuple(MODELS)


def records_of(feed: Feed) -> Records:
    return np.concatenate([chunk.array().copy() for chunk in feed])


def records(spec: str) -> Records:
    return records_of(open_synthetic(f"synth:{spec}"))


class Checker:
    """Books as plain dictionaries, written for this test alone: fails at the first record that does not fit."""

    def __init__(self) -> None:
        self.orders: dict[tuple[int, int, int], tuple[int, int, int]] = {}
        self.queues: dict[tuple[int, int, int, int], deque[int]] = {}
        self.seen: Counter[str] = Counter()
        self.filled = 0

    def apply(self, feed: Records) -> None:
        rows = feed[["instrument_id", "publisher_id", "order_id", "price", "size", "flags", "action", "side"]].tolist()
        for index, row in enumerate(rows):
            self.one(index, *row)

    def one(
        self,
        index: int,
        instrument: int,
        publisher: int,
        order: int,
        price: int,
        size: int,
        flags: int,
        action: int,
        side: int,
    ) -> None:
        key = (instrument, publisher, order)
        self.seen[chr(action)] += 1
        assert not flags & F_TOB
        if action == CLEAR:
            self.orders = {k: v for k, v in self.orders.items() if k[:2] != key[:2]}
            self.queues = {k: v for k, v in self.queues.items() if k[:2] != key[:2]}
        elif action == ADD:
            assert key not in self.orders, index
            self.join(key, side, price, size)
        elif action == CANCEL:
            assert self.orders[key][:2] == (side, price), index
            left = self.orders[key][2] - size
            assert left >= 0, index
            self.orders[key] = (side, price, left)
            if left == 0:
                self.leave(key)
        elif action == MODIFY:
            assert self.orders[key][0] == side, index
            if self.orders[key][1] != price or size > self.orders[key][2]:
                self.leave(key)
                self.join(key, side, price, size)
            else:
                self.orders[key] = (side, price, size)
        elif action == FILL and side != NO_SIDE:
            assert self.orders[key][:2] == (side, price), index
            assert self.orders[key][2] >= size, index
            # The same trade filled the orders before it.
            place = self.queues[instrument, publisher, side, price].index(order)
            assert place == 0 or self.filled == place, index
            self.filled = place + 1
        elif action == TRADE:
            assert price != UNDEF_PRICE
            self.filled = 0

    def join(self, key: tuple[int, int, int], side: int, price: int, size: int) -> None:
        assert size > 0
        assert side in (65, 66)
        assert price != UNDEF_PRICE
        self.orders[key] = (side, price, size)
        self.queues.setdefault((*key[:2], side, price), deque()).append(key[2])

    def leave(self, key: tuple[int, int, int]) -> None:
        side, price, _ = self.orders.pop(key)
        self.queues[(*key[:2], side, price)].remove(key[2])


@pytest.mark.parametrize("name", FEEDS)
def test_same_spec_same_bytes_in_any_chunks(name: str) -> None:
    expected = records(f"{name},n=30000,seed=5")
    assert len(expected) == 30_000
    for chunk in (30_000, 4_099, 61):
        feed = open_synthetic(f"synth:{name},n=30000,seed=5")
        feed.chunk = chunk
        pieces = [piece.array().copy() for piece in feed]
        assert {len(piece) for piece in pieces[:-1]} <= {chunk}
        assert np.concatenate(pieces).tobytes() == expected.tobytes()
    assert records(f"{name},n=30000,seed=6").tobytes() != expected.tobytes()


@pytest.mark.parametrize("name", FEEDS)
@pytest.mark.parametrize("n", [1, 2, 7, 100, 4_097])
def test_any_number_of_records_ends_with_a_whole_group(name: str, n: int) -> None:
    feed = open_synthetic(f"synth:{name},n={n}")
    got = records_of(feed)
    assert feed.expected == n == len(got)
    assert got["flags"][-1] & F_LAST
    checker = Checker()
    checker.apply(got)


FEW = [pytest.param(name, marks=pytest.mark.long) if name == "full-market" else name for name in FEEDS]
"""The anomalies of the full market are those that conformance with the oracle proves."""


@pytest.mark.parametrize("name", FEW)
def test_no_anomaly_unless_asked_for(name: str) -> None:
    got = records(f"{name},n=40000,seed=3")
    checker = Checker()
    checker.apply(got)
    assert set("ACTF") <= set(checker.seen)
    oracle = Oracle()
    oracle.apply(got[:20_000])
    assert not any(oracle.finish().anomalies.values())


@pytest.mark.parametrize("name", FEW)
def test_every_anomaly_when_asked_for(name: str) -> None:
    got = records(f"{name},n=20000,seed=3,anomalies=0.01")
    oracle = Oracle()
    oracle.apply(got)
    counts = oracle.finish().anomalies
    assert set(counts) == set(ANOMALIES)
    assert min(counts.values()) > 0
    # Anomalies leave the state that the generator expects; they do not cause more anomalies.
    assert max(counts.values()) < 4 * min(counts.values())
    top = got[(got["flags"] & F_TOB) != 0]
    assert (top["price"] == UNDEF_PRICE).any()
    assert (top["price"] != UNDEF_PRICE).any()
    assert ((got["action"] == CLEAR) & (got["flags"] & F_SNAPSHOT == 0)).any()


@pytest.mark.parametrize("name", FEEDS)
def test_clocks_never_step_back(name: str) -> None:
    got = records(f"{name},n=20000")
    for field in ("ts_event", "ts_recv", "sequence"):
        assert (np.diff(got[field].astype(np.int64)) >= 0).all(), field
    assert (got["ts_recv"] >= got["ts_event"]).all()
    assert set(got["length"]) == {14}
    assert set(got["rtype"]) == {0xA0}


@pytest.mark.parametrize(
    ("name", "n"),
    [
        ("liquid-future", 200_000),
        pytest.param("equity-universe", 200_000, marks=pytest.mark.long),
        ("deep-book", 200_000),
    ],
)
def test_live_orders_stay_near_their_aim(name: str, n: int) -> None:
    """Live orders are those of the snapshot; it may take a quarter of the records."""
    got = records(f"{name},n={n}")
    aim = min(MODELS[name].live, n // 4)
    checker = Checker()
    checker.apply(got[: n // 2])
    middle = len(checker.orders)
    checker.apply(got[n // 2 :])
    assert 0.9 * aim < middle < 1.15 * aim
    assert 0.9 * aim < len(checker.orders) < 1.15 * aim


def test_snapshot_takes_a_quarter_at_most() -> None:
    for name in FEEDS:
        got = records(f"{name},n=8000")
        first = int(np.argmax(got["flags"] & F_SNAPSHOT == 0))
        assert 500 < first <= 2000
        assert got["action"][0] == CLEAR
        assert got["flags"][first - 1] == F_LAST | F_SNAPSHOT | 0x08


def test_auction_is_crossed_opens_and_is_cleared_twice() -> None:
    got = records("auction-open,n=40000")
    assert np.count_nonzero(got["action"] == CLEAR) == 3
    uncross = got[(got["action"] == TRADE) & (got["side"] == NO_SIDE)]
    assert len(uncross) > 10
    assert len(set(uncross["price"])) == 1
    opening = int(np.argmax((got["action"] == TRADE) & (got["side"] == NO_SIDE)))
    before = Checker()
    before.apply(got[:opening])
    bids = [price for side, price, _ in before.orders.values() if side == 66]
    asks = [price for side, price, _ in before.orders.values() if side == 65]
    assert max(bids) > min(asks)


def test_universe_has_two_venues_whose_ids_overlap() -> None:
    got = records("equity-universe,n=40000")
    adds = got[got["action"] == ADD]
    ids = [set(adds["order_id"][adds["publisher_id"] == venue].tolist()) for venue in (2, 5)]
    assert ids[0] & ids[1]
    activity = Counter(adds["instrument_id"].tolist()).most_common()
    assert len(activity) == 100
    assert activity[0][1] > 10 * activity[-1][1]


def test_sparse_ids_are_the_same_feed_with_other_ids() -> None:
    plain, sparse = records("equity-universe,n=20000"), records("equity-universe,n=20000,ids=sparse")
    assert int(sparse["order_id"].max()) > 2**62
    for field in MBO.names or ():
        assert (plain[field] == sparse[field]).all() == (field != "order_id")


def test_names_and_defaults() -> None:
    assert [name for name, _ in names()] == [*MODELS, "every-rule"]
    assert open_synthetic("synth:").n == 1_000_000
    assert open_synthetic("liquid-future").name == "liquid-future"
    for text, value in (("5e6", 5_000_000), ("200_000", 200_000), ("5M", 5_000_000), ("1.5k", 1_500)):
        assert open_synthetic(f"synth:deep-book,n={text}").n == value


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("synth:liquid-futur", "did you mean liquid-future"),
        ("synth:zzz", "valid: liquid-future, equity-universe"),
        ("synth:deep-book,m=3", "valid: n, seed, anomalies, ids"),
        ("synth:deep-book,n=0", "an integer, at least 1"),
        ("synth:deep-book,n=1.5", "an integer"),
        ("synth:deep-book,n=inf", "an integer"),
        ("synth:deep-book,n=nan", "an integer"),
        ("synth:deep-book,n=-5", "an integer"),
        ("synth:deep-book,n=", "n=VALUE"),
        ("synth:deep-book,n=5,n=6", "given once"),
        ("synth:deep-book,seed=x", "an integer, at least 0"),
        ("synth:deep-book,anomalies=2", "probability"),
        ("synth:deep-book,anomalies=nan", "probability"),
        ("synth:deep-book,ids=dense", "venue or sparse"),
    ],
)
def test_a_wrong_spec_is_refused_with_the_valid_ones(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_synthetic(spec)


@pytest.mark.parametrize("ending", ["dbn", "dbn.zst"])
def test_a_file_holds_the_feed(tmp_path: Path, ending: str) -> None:
    feed = open_synthetic("synth:equity-universe,n=70000,anomalies=0.01")
    path = tmp_path / f"feed.{ending}"
    told: list[int] = []
    generate(feed, path, told.append)
    assert told == [65_536, 70_000]
    assert os.listdir(tmp_path) == [path.name]
    store = databento.DBNStore.from_bytes(path.read_bytes())
    assert str(store.schema) == "mbo"
    assert store.dataset == "XNAS.ITCH"
    assert "S1001" in store.mappings
    assert store.to_ndarray().tobytes() == records_of(feed).tobytes()


def test_a_file_that_cannot_be_written_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = open_synthetic("synth:deep-book")
    with pytest.raises(UsageError, match=r"must end in \.dbn"):
        generate(feed, tmp_path / "feed.csv")
    with pytest.raises(LobenchError, match="No such file"):
        generate(feed, tmp_path / "missing" / "feed.dbn")
    (tmp_path / "folder.dbn").mkdir()
    with pytest.raises(LobenchError, match="is a folder"):
        generate(feed, tmp_path / "folder.dbn")
    (tmp_path / "file").touch()
    with pytest.raises(LobenchError, match="cannot be written"):
        generate(feed, tmp_path / "file" / "feed.dbn")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10**8))
    with pytest.raises(LobenchError, match=r"needs 0\.3 GB, 0\.1 GB are free"):
        generate(feed, tmp_path / "feed.dbn")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.dbn"]


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    old = tmp_path / "feed.dbn"
    old.write_text("as it was")
    for path in (old, tmp_path / "feed.dbn.zst"):
        with pytest.raises(KeyboardInterrupt):
            generate(open_synthetic("synth:liquid-future,n=100000"), path, interrupt)
    assert os.listdir(tmp_path) == ["feed.dbn"]
    assert old.read_text() == "as it was"
