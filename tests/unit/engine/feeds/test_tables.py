"""CSV and Parquet files as feeds: exact, or an error with its line."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from lobench.engine.errors import FeedError, UsageError
from lobench.engine.feeds import load, open_feed
from lobench.engine.feeds.tables import columnar, text
from lobench.engine.records import UNDEF_PRICE
from tests.support.dbn_files import records as dbn_records
from tests.support.feeds import content, read_ahead_threads
from tests.support.tables import HEADER, encoded, plausible, rows, table, write

pytestmark = pytest.mark.normal


@pytest.mark.parametrize("pretty", [False, True])
@pytest.mark.parametrize("block", [200, 4 << 20])
def test_the_vendors_csv_is_read(tmp_path: Path, pretty: bool, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "BLOCK", block)
    made = plausible(500)
    spec = write(tmp_path / "a.csv", encoded(made, pretty=pretty))
    feed = open_feed([spec])
    assert load(feed).records.tobytes() == made.tobytes()
    assert content(feed) == made.tobytes(), "read again"
    assert not read_ahead_threads()


def test_compressed_csv_is_read(tmp_path: Path) -> None:
    plain = table(*rows(50))
    expected = content(open_feed([write(tmp_path / "a", plain)]))
    for packed in (gzip.compress(plain), gzip.compress(plain[:99]) + gzip.compress(plain[99:])):
        assert content(open_feed([write(tmp_path / "b", packed)])) == expected
    packed = zstandard.compress(plain[:99]) + zstandard.compress(plain[99:])
    assert content(open_feed([write(tmp_path / "c", packed)])) == expected


@pytest.mark.parametrize("cut", [1, 10])
def test_a_cut_compressed_table_is_refused(tmp_path: Path, cut: int) -> None:
    plain = table(*rows(50))
    for packed in (gzip.compress(plain), zstandard.compress(plain)):
        spec = write(tmp_path / "a", packed[:-cut])
        with pytest.raises(FeedError, match=r"/a: "):
            content(open_feed([spec]))


def test_fields_and_names(tmp_path: Path) -> None:
    feed = open_feed([write(tmp_path / "a.csv", table(*rows(2)))])
    record = load(feed).records[1]
    assert (record["ts_event"], record["ts_recv"]) == (1700000000000000001, 1700000000000000002)
    assert (record["price"], record["size"], record["order_id"], record["sequence"]) == (5510000000, 100, 2, 2)
    assert (record["ts_in_delta"], record["flags"], chr(record["action"]), chr(record["side"])) == (-5, 130, "A", "B")
    assert feed.symbols == {7: "ABC"}


def test_other_records_are_counted_and_skipped(tmp_path: Path) -> None:
    mixed = rows(3)
    mixed[1] = mixed[1].replace(",160,", ",19,")
    feed = open_feed([write(tmp_path / "a.csv", table(*mixed))])
    assert load(feed).records["order_id"].tolist() == [1, 3]
    assert feed.other_records == {19: 1}


BAD_ROWS = {
    "price": ("5510000000", "55x", "55x"),
    "a price between": ("5510000000", "5.51", "5.51"),
    "size": (",100,", ",4294967296,", "4294967296"),
    "no size": (",100,", ",,", "empty"),
    "negative size": (",100,", ",-1,", "-1"),
    "action": (",A,", ",Add,", "Add"),
    "id": (",130,-5", "x,130,-5", "column 'order_id'"),
    "time": ("1700000000000000001", "2023-11-14", "column 'ts_event'"),
    "short": (",ABC", "", "Expected 15 columns, got 14"),
    "long": (",ABC", ",ABC,", "Expected 15 columns, got 16"),
    "no text": ("ABC", "\udcff", ""),
}


@pytest.mark.parametrize("case", BAD_ROWS)
@pytest.mark.parametrize("block", [300, 4 << 20])
def test_a_bad_value_is_refused_with_its_line(
    tmp_path: Path, case: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "BLOCK", block)
    old, new, problem = BAD_ROWS[case]
    lines = rows(20)
    lines[11] = lines[11].replace(old, new, 1)
    assert lines[11] != rows(20)[11]
    lines.insert(3, "")  # an empty line is not a row, but counts as a line
    data = "\n".join([HEADER, *lines]).encode("utf-8", "surrogateescape")
    spec = write(tmp_path / "bad.csv", data)
    with pytest.raises(FeedError) as caught:
        content(open_feed([spec]))
    assert str(caught.value).startswith(f"{spec}: line 14: ")
    assert problem in str(caught.value)
    assert str(caught.value).isprintable()
    assert not read_ahead_threads()


def test_a_price_finer_than_a_record_holds_is_refused(tmp_path: Path) -> None:
    lines = [row.replace("5510000000", "5.5100000001") for row in rows(3)]
    spec = write(tmp_path / "a.csv", table(*lines))
    with pytest.raises(FeedError, match=r"line 2: column 'price'"):
        content(open_feed([spec]))


BAD_TABLES = {
    "no column": (b"a,b\n1,2\n", "no column ts_event"),
    "books": (table("1", header=f"{HEADER},bid_px_00"), "holds books"),
    "one column twice": (table("1", header=f"{HEADER},price"), "'price' is duplicated"),
    "one endless line": (b"x" * (5 << 20), "longer than"),
    "gzip of nothing": (gzip.compress(b""), "nothing"),
    "gzip cut": (gzip.compress(b"abc")[:12], "gzip"),
    "parquet cut": (b"PAR1" + bytes(50), "is not a readable Parquet"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_tables_without_orders_are_refused(tmp_path: Path, case: str) -> None:
    data, problem = BAD_TABLES[case]
    spec = write(tmp_path / "bad", data)
    with pytest.raises(FeedError) as caught:
        content(open_feed([spec]))
    assert str(caught.value).startswith(f"{spec}: ")
    assert problem in str(caught.value)


def test_a_broken_file_in_a_list_names_itself(tmp_path: Path) -> None:
    good = write(tmp_path / "good.csv", table(*rows(5)))
    bad = write(tmp_path / "bad.csv", table(*rows(5), "1,2"))
    with pytest.raises(FeedError, match=r"bad\.csv: line 7: "):
        content(open_feed([good, bad, good]))


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are made no sooner than they are asked for, but for the few ahead."""
    monkeypatch.setattr(text, "BLOCK", 1000)
    chunks: Any = iter(open_feed([write(tmp_path / "a.csv", table(*rows(2000)))]))
    sizes = [next(chunks).count for _ in range(3)]
    assert all(0 < size < 20 for size in sizes)
    chunks.close()
    assert not read_ahead_threads()


def parquet(path: Path, frame: pd.DataFrame) -> str:
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    return str(path)


def frame(count: int) -> pd.DataFrame:
    made = plausible(count)
    columns = {name: made[name] for name in made.dtype.names or () if name not in ("length", "action", "side")}
    letters = {name: [chr(code) for code in made[name].tolist()] for name in ("action", "side")}
    return pd.DataFrame(columns | letters)


@pytest.mark.parametrize("batch", [7, 1 << 16])
def test_parquet_is_read(tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "ROWS", batch)
    spec = parquet(tmp_path / "a.parquet", frame(300))
    feed = open_feed([spec])
    assert feed.expected == 300
    assert load(feed).records.tobytes() == plausible(300).tobytes()


def test_float_prices_are_the_decimals_they_stand_for(tmp_path: Path) -> None:
    units = np.random.default_rng(1).integers(-(10**15), 10**15, 2000)
    given = frame(2000).assign(price=units / 1e9)
    given.loc[5, "price"] = np.nan
    units[5] = UNDEF_PRICE
    found = load(open_feed([parquet(tmp_path / "a.parquet", given)])).records["price"]
    assert found.tolist() == units.tolist()


@pytest.mark.parametrize("price", [1e7, 0.1 + 2e-10, float("inf"), 5e300])
def test_a_float_that_is_no_price_is_refused_with_its_row(tmp_path: Path, price: float) -> None:
    given = frame(10).assign(price=1.5)
    given.loc[6, "price"] = price
    with pytest.raises(FeedError, match=r"a\.parquet: row 7: price "):
        content(open_feed([parquet(tmp_path / "a.parquet", given)]))


def test_decimal_and_text_columns_of_parquet(tmp_path: Path) -> None:
    from decimal import Decimal

    given = frame(2).assign(price=[Decimal("5.51"), Decimal("-0.000000001")], size=["1", "4294967295"])
    found = load(open_feed([parquet(tmp_path / "a.parquet", given)])).records
    assert found["price"].tolist() == [5510000000, -1]
    assert found["size"].tolist() == [1, 2**32 - 1]
    bad = given.assign(size=["1", "4294967296"])
    with pytest.raises(FeedError, match="row 2: size '4294967296' does not fit"):
        content(open_feed([parquet(tmp_path / "b.parquet", bad)]))


BITSTAMP = table(
    "order_created,11,0,100.5,0.5,1700000000000001",
    "order_created,12,1,101,42,1700000000000002",
    "order_changed,12,1,101,41.5,1700000000000003",
    "order_deleted,11,0,100.5,0,1700000000000004",
    "order_deleted,99,0,100.5,1,1700000000000005",
    header="event,id,order_type,price,amount,microtimestamp",
)


def test_bitstamp(tmp_path: Path) -> None:
    """A filled order is deleted with an amount of 0: its rest is removed."""
    feed: Any = open_feed([write(tmp_path / "a.csv", BITSTAMP), "--mapping=bitstamp"])
    found = load(feed).records
    assert bytes(found["action"].tolist()) == b"AAMC"
    assert bytes(found["side"].tolist()) == b"BAAB"
    assert found["size"].tolist() == [50_000_000, 4_200_000_000, 4_150_000_000, 50_000_000]
    assert found["price"].tolist() == [100_500_000_000, 101_000_000_000, 101_000_000_000, 100_500_000_000]
    assert found["ts_event"].tolist() == [1_700_000_000_000_000_000 + 1000 * n for n in range(1, 5)]
    assert found["flags"].tolist() == [128] * 4
    assert feed.skipped == {"of an order that does not rest": 1}
    assert set(feed.symbols.values()) == {"live_orders"}


A, B = "d50ec984-77a8-460a-b958-66f114b0de9b", "ac928c66-ca53-498f-9c13-a110027a60e8"
COINBASE = table(
    f"received,2014-11-07T08:19:27.028459Z,BTC-USD,9007199254740993,{A},,buy,0.5,5,,",
    f"open,2014-11-07T08:19:27.028459Z,BTC-USD,9007199254740994,{A},,buy,0.5,,5,",
    f"match,2014-11-07T08:19:28Z,BTC-USD,9007199254740995,,{A},buy,0.5,2,,",
    f"change,2014-11-07T08:19:29Z,BTC-USD,9007199254740996,{A},,buy,0.5,,,1.5",
    f"change,2014-11-07T08:19:29Z,BTC-USD,9007199254740997,{B},,buy,0.5,,,1.5",
    f"done,2014-11-07T08:19:30Z,BTC-USD,9007199254740998,{A},,buy,0.5,,0,",
    f"done,2014-11-07T08:19:30Z,BTC-USD,9007199254740999,{B},,sell,,,,",
    header="type,time,product_id,sequence,order_id,maker_order_id,side,price,size,remaining_size,new_size",
)


def test_coinbase(tmp_path: Path) -> None:
    """A match is a trade of the taker's side, a fill and a cancel of the maker's order."""
    feed: Any = open_feed([write(tmp_path / "a.csv", COINBASE), "--mapping=coinbase"])
    found = load(feed).records
    assert bytes(found["action"].tolist()) == b"ATFCMC"
    assert bytes(found["side"].tolist()) == b"BABBBB"
    assert found["size"].tolist() == [500_000_000, 200_000_000, 200_000_000, 200_000_000, 150_000_000, 150_000_000]
    assert len(set(found["order_id"].tolist())) == 1
    assert found["flags"].tolist() == [128, 0, 0, 128, 128, 128]
    assert found["sequence"].tolist() == [number % 2**32 for number in (9007199254740994, *[9007199254740995] * 3)] + [
        9007199254740996 % 2**32,
        9007199254740998 % 2**32,
    ]
    assert found["ts_event"][0] == 1_415_348_367_028_459_000
    assert feed.skipped == {"received": 1, "of an order that does not rest": 2}
    assert [*feed.symbols.values()] == ["BTC-USD"]
    again = write(tmp_path / "b.csv", COINBASE.replace(b"BTC-USD", b"ETH-USD"))
    other = load(open_feed([again, "--mapping=coinbase"])).records
    assert other["instrument_id"][0] != found["instrument_id"][0]


def test_a_size_beyond_32_bits_is_refused(tmp_path: Path) -> None:
    spec = write(tmp_path / "a.csv", BITSTAMP.replace(b",42,", b",43,"))
    with pytest.raises(FeedError, match=r"line 3: size '43\.00000000' does not fit in u4"):
        content(open_feed([spec, "--mapping=bitstamp"]))


MAPPING = """
delimiter = ";"
header = ["when", "what", "id", "px", "qty"]
time_unit = "ms"
price_unit = "0.01"
[columns]
ts_event = "when"
action = "what"
order_id = "id"
price = "px"
size = "qty"
[actions]
new = "A"
[defaults]
instrument_id = 5
publisher_id = 3
"""


def test_a_mapping_of_ones_own(tmp_path: Path) -> None:
    mapping = write(tmp_path / "m.toml", MAPPING.encode())
    feed = open_feed([write(tmp_path / "a.csv", b"1700000000000;new;7;551;3\n"), f"--mapping={mapping}"])
    (record,) = load(feed).records
    assert record["price"] == 5_510_000_000
    assert (record["size"], record["order_id"], record["instrument_id"], record["publisher_id"]) == (3, 7, 5, 3)
    assert record["ts_event"] == record["ts_recv"] == 1_700_000_000_000_000_000
    with pytest.raises(FeedError, match="line 1: action 'old' is not one of 'new'"):
        content(open_feed([write(tmp_path / "b.csv", b"1700000000000;old;7;551;3\n"), f"--mapping={mapping}"]))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("[columns]", "[colums]", "colums: no such key"),
        ('ts_event = "when"', 'ts_evnt = "when"', "columns.ts_evnt: no such key"),
        ('price = "px"', "", "columns: no column for price"),
        ('new = "A"', 'new = "X"', "actions.new"),
        ('new = "A"', "", "actions: no action has a code"),
        ("0.01", "0.02", "price_unit"),
        ("instrument_id = 5", "", "instrument_id or symbol"),
        ("publisher_id = 3", "publisher_id = 65536", "defaults.publisher_id"),
        ('delimiter = ";"', 'delimiter = "="', "delimiter"),
        ('"ms"', '"hours"', "time_unit"),
        ("[columns]", "[columns", "not TOML"),
    ],
)
def test_a_wrong_mapping_is_refused_by_its_key(tmp_path: Path, old: str, new: str, problem: str) -> None:
    mapping = write(tmp_path / "m.toml", MAPPING.replace(old, new, 1).encode())
    with pytest.raises(UsageError) as caught:
        open_feed([write(tmp_path / "a.csv", b"1;new;7;551;3\n"), f"--mapping={mapping}"])
    assert problem in str(caught.value)
    with pytest.raises(UsageError, match="shipped are bitstamp, coinbase"):
        open_feed([str(tmp_path / "a.csv"), "--mapping=nowhere"])


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    spec = write(tmp_path / "a.csv", table(*rows(5)))
    feed = open_feed([spec])
    write(tmp_path / "a.csv", table(*rows(6)))
    with pytest.raises(FeedError, match="changed"):
        content(feed)


def test_any_letter_is_kept(tmp_path: Path) -> None:
    """The book's rules decide about an unknown action."""
    made = dbn_records(200)
    made["ts_event"] = made["ts_recv"] = 5
    made["action"] = made["side"] = np.arange(200) % 94 + 33
    assert content(open_feed([write(tmp_path / "a.csv", encoded(made, pretty=False))])) == made.tobytes()
