"""A feed's books against a vendor's rows: matches, differences, and the messages about them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lobench.engine.errors import FeedError
from lobench.engine.feeds import open_feed
from lobench.engine.records import UNDEF_PRICE
from lobench.workbench.against.answer import Answer, seen_edges
from lobench.workbench.against.proof import Proof, prove
from lobench.workbench.against.reading import read_answer
from lobench.workbench.against.shown import counts, difference
from lobench.workbench.cli import main
from lobench.workbench.converting.schemas import SCHEMAS
from tests.support.dbn_files import header, write, zstd
from tests.support.itch_files import Slow, framed, message, stock
from tests.support.lobster_files import order_book_row, write_pair
from tests.support.replays import PHASE

pytestmark = pytest.mark.normal

REAL = Path(os.environ.get("LOBENCH_REAL_DATA", ""))
MIDNIGHT = 1_548_824_400_000_000_000
BOOK = PHASE[4]
MESSAGES = [
    stock(1, "ABC"),
    message("A", 1, "B", 100, "ABC", 10_000),
    message("A", 2, "S", 50, "ABC", 10_100),
    message("A", 3, "B", 70, "ABC", 9_900),
    message("U", 3, 4, 30, 9_950),
    message("E", 1, 40),
    message("D", 2),
]


@pytest.fixture
def feed(tmp_path: Path) -> str:
    return write(tmp_path / "20190130.itch", framed(*MESSAGES))


def rows(depth: int) -> npt.NDArray[np.void]:
    """Rows of mbp-10 or mbp-1 as the vendor writes them of ``MESSAGES``: one for each A, C and T."""
    slow = Slow()
    made: list[tuple[Any, ...]] = []
    for sequence, one in enumerate(MESSAGES, 1):
        before = slow.levels(1, depth)
        slow.apply(one)
        after = slow.levels(1, depth)
        kind = chr(one[0])
        if kind == "U":
            gone = [(100_000 * 10_000, 100, 1, 100_000 * 10_100, 50, 1)]
            none = (UNDEF_PRICE, 0, 0, UNDEF_PRICE, 0, 0)
            made.append((sequence, "C", "B", 9_900, 70, [*gone, *[none] * (depth - 1)][:depth]))
            made.append((sequence, "A", "B", 9_950, 30, after))
        elif kind == "A":
            made.append((sequence, "A", chr(one[19]).replace("S", "A"), price(one), size(one), after))
        elif kind == "E":
            made.append((sequence, "T", "A", 10_000, 40, after))
        elif kind == "D":
            made.append((sequence, "C", "A", 10_100, 50, after))
        assert len(before) == depth
    schema = SCHEMAS[f"mbp-{depth}"]
    found = schema.empty(len(made))
    for row, (sequence, action, side, paid, shares, levels) in zip(found, made, strict=True):
        row["publisher_id"], row["instrument_id"], row["sequence"] = 2, 1, sequence
        row["ts_event"] = MIDNIGHT + int.from_bytes(MESSAGES[sequence - 1][5:11], "big")
        row["action"], row["side"], row["price"], row["size"] = ord(action), ord(side), paid * 100_000, shares
        for place, level in enumerate(levels):
            for name, number in zip(("bid_px", "bid_sz", "bid_ct", "ask_px", "ask_sz", "ask_ct"), level, strict=True):
                row[f"{name}_{place:02d}"] = number
    return found


def price(one: bytes) -> int:
    return int.from_bytes(one[32:36], "big")


def size(one: bytes) -> int:
    return int.from_bytes(one[20:24], "big")


def write_rows(folder: Path, kind: str, made: npt.NDArray[np.void], depth: int) -> str:
    """``made`` as DBN, or as raw or pretty CSV or Parquet."""
    if kind.startswith("dbn"):
        data = header(3, f"mbp-{depth}") + made.tobytes()
        return write(folder / kind, zstd(data) if kind == "dbn.zst" else data)
    columns: dict[str, pa.Array] = {}
    for name in SCHEMAS[f"mbp-{depth}"].fields:
        values = made[name]
        if name in ("action", "side"):
            columns[name] = pa.array([chr(code) for code in values])
        elif "pretty" in kind and (name == "price" or "_px_" in name):
            there = [None if value == UNDEF_PRICE else f"{value / 1e9:.9f}" for value in values.tolist()]
            columns[name] = pa.array(there) if "csv" in kind else pa.array(there).cast(pa.float64())
        elif "pretty" in kind and name.startswith("ts_") and name != "ts_in_delta":
            columns[name] = pa.array(values.astype("M8[ns]"), pa.timestamp("ns", tz="UTC"))
        else:
            columns[name] = pa.array(values)
    table = pa.table(columns)
    path = folder / kind
    if "parquet" in kind:
        pq.write_table(table, path)
    else:
        table.to_pandas().to_csv(path, index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ")
    return str(path)


@pytest.mark.parametrize("depth", [10, 1])
@pytest.mark.parametrize("kind", ["dbn", "dbn.zst", "raw.csv", "pretty.csv", "raw.parquet", "pretty.parquet"])
def test_rows_of_every_layout_agree(tmp_path: Path, feed: str, kind: str, depth: int) -> None:
    made = rows(depth)
    answer = read_answer(write_rows(tmp_path, kind, made, depth))
    assert (answer.kind, answer.depth, len(answer)) == (f"mbp-{depth}", depth, 7)
    proof = prove(open_feed([feed]), answer, BOOK)
    assert proof.as_json() | {"feed": "", "against": ""} == {
        "feed": "",
        "against": "",
        "kind": f"mbp-{depth}",
        "depth": depth,
        "variant": BOOK.name,
        "agree": True,
        "records": 10,
        "rows": 7,
        "rows_equal": 7,
        "rows_different": 0,
        "rows_different_beyond": 0,
        "rows_without_record": 0,
        "levels": 14 * depth,
        "levels_equal": 14 * depth,
        "levels_different": 0,
        "first_difference": None,
    }


@pytest.mark.parametrize("row", range(7))
@pytest.mark.parametrize("field", ["bid_px_00", "ask_sz_01", "bid_ct_00"])
def test_one_wrong_number_is_found(tmp_path: Path, feed: str, row: int, field: str) -> None:
    made = rows(10)
    made[field][row] += 1
    answer = read_answer(write_rows(tmp_path, "dbn", made, 10))
    proof = prove(open_feed([feed]), answer, BOOK)
    assert not proof.agrees
    assert (proof.first, int(proof.differing.sum())) == (row, 1)
    assert proof.ours is not None
    wrong = np.argwhere(proof.ours != answer.levels[row]).tolist()
    assert wrong == [[int(field[-2:]), ["bid_px", "ask_px", "bid_sz", "ask_sz", "bid_ct"].index(field[:6])]]
    text = "\n".join([*(told for _, told in counts(proof)), *difference(proof)])
    assert "6 of 7 agree" in text
    assert "139 of 140 agree" in text
    assert f"First difference: row {row + 1} (sequence {made['sequence'][row]}, " in text
    assert text.count("  <") == 1


def test_rows_of_whole_events_agree(tmp_path: Path, feed: str) -> None:
    """A vendor may show a trade before its cancel, and an event of several changes as a row, perhaps without a side."""
    made = rows(10)
    replaced, traded = 4, 5
    assert [chr(made["action"][row]) for row in (replaced, traded)] == ["A", "T"]
    quote = made[traded].copy()
    quote["action"] = ord("C")
    for name in made.dtype.names or ():
        if name.endswith(tuple("0123456789")):
            made[name][traded] = made[name][replaced]
    made["side"][replaced] = ord("N")
    whole = np.concatenate([made[:3], made[replaced : traded + 1], [quote], made[traded + 1 :]])
    proof = prove(open_feed([feed]), read_answer(write_rows(tmp_path, "dbn", whole, 10)), BOOK)
    assert proof.agrees
    whole["bid_sz_00"][5] += 1
    assert prove(open_feed([feed]), read_answer(write_rows(tmp_path, "dbn", whole, 10)), BOOK).first == 5


@pytest.mark.parametrize("field", ["sequence", "ts_event", "instrument_id", "price", "size"])
def test_row_of_no_record_is_a_difference(tmp_path: Path, feed: str, field: str) -> None:
    made = rows(10)
    made[field][1] += 1
    proof = prove(open_feed([feed]), read_answer(write_rows(tmp_path, "dbn", made, 10)), BOOK)
    assert not proof.agrees
    assert proof.first == 1
    assert proof.as_json()["rows_without_record"] == 1
    assert "is of no record of the feed" in "\n".join(difference(proof))


def test_command_says_so_by_its_exit_code(tmp_path: Path, feed: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = rows(10)
    good = write_rows(tmp_path, "dbn", made, 10)
    assert main(["verify", feed, "--against", good, "--variants", BOOK.name]) == 0
    assert "the books agree" in capsys.readouterr().out
    made["bid_sz_00"][2] += 1
    bad = write_rows(tmp_path, "dbn.zst", made, 10)
    assert main(["verify", feed, "--against", bad, "--variants", BOOK.name, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["first_difference"]
    assert (found["row"], found["sequence"], found["instrument_id"]) == (3, 4, 1)
    assert found["theirs"][0]["bid_sz"] == found["ours"][0]["bid_sz"] + 1
    assert found["theirs"][9]["bid_px"] is None
    assert main(["verify", "--against", good]) == 2


def test_files_of_other_kinds_are_refused(tmp_path: Path, feed: str) -> None:
    for name, data in {"mbo": header(3), "text": b"a,b\n1,2\n", "cut": header(3, "mbp-1") + bytes(79)}.items():
        with pytest.raises(FeedError, match=name):
            read_answer(write(tmp_path / name, data))
    with pytest.raises(FeedError, match="no such file"):
        read_answer(str(tmp_path / "missing"))


BEFORE = [(34200.5, 1, 7, 100, 10_000, 1), (34201, 1, 8, 10, 10_010, 1), (34202, 3, 8, 10, 10_010, 1)]


def lobster(folder: Path, books: list[list[int]]) -> Proof:
    path = write_pair(folder, BEFORE, books)
    return prove(open_feed([path]), read_answer(path.replace("message", "orderbook")), BOOK)


def test_order_book_file_agrees(tmp_path: Path) -> None:
    asks = [(10_050, 5)]
    first, second = [(10_000, 100), (9_000, 1)], [(10_010, 10), (10_000, 100)]
    proof = lobster(tmp_path, [order_book_row(bids, asks, 2) for bids in (first, second, first)])
    assert proof.agrees
    assert proof.as_json()["rows_equal"] == 3


def test_levels_beyond_the_file_are_counted_apart(tmp_path: Path) -> None:
    """The second message pushed the level at 9,000 out of the file, which says nothing of it from then on."""
    asks = [(10_050, 5)]
    first, second = [(10_000, 100), (9_000, 1)], [(10_010, 10), (10_000, 100)]
    beyond = lobster(tmp_path, [order_book_row(bids, asks, 2) for bids in (first, second, [(10_000, 100), (8_000, 1)])])
    assert beyond.agrees
    assert beyond.as_json()["rows_different_beyond"] == 1
    within = lobster(tmp_path, [order_book_row(bids, asks, 2) for bids in (first, second, [(10_000, 99), (9_000, 1)])])
    assert not within.agrees
    assert within.first == 2


def test_edges_move_inwards_only() -> None:
    none = UNDEF_PRICE
    levels = np.array(
        [
            [[100, 110, 1, 1, -1, -1], [none, 120, 0, 1, -1, -1]],
            [[100, 110, 1, 1, -1, -1], [90, none, 1, 0, -1, -1]],
            [[100, 105, 1, 1, -1, -1], [80, 130, 1, 1, -1, -1]],
        ]
    )
    assert seen_edges(levels).tolist() == [[-none, 120], [90, 120], [90, 120]]


@pytest.mark.skipif(not REAL.name, reason="LOBENCH_REAL_DATA is not set")
def test_real_rows_of_mbp10_all_agree() -> None:
    answer = read_answer(str(REAL / "xnas_arl" / "mbp-10.csv"))
    proof = prove(open_feed([str(REAL / "xnas_arl" / "mbo.csv")]), answer, BOOK)
    assert (proof.records, len(answer), proof.levels, int(proof.differing.sum())) == (5886, 3928, 78560, 0)
    assert proof.agrees
    levels = answer.levels.copy()
    levels[1000, 3, 2] += 1
    assert prove(open_feed([str(REAL / "xnas_arl" / "mbo.csv")]), replace(answer, levels=levels), BOOK).first == 1000


@pytest.mark.skipif(not REAL.name, reason="LOBENCH_REAL_DATA is not set")
def test_real_order_book_differs_only_where_it_did_not_show_all() -> None:
    (path,) = (REAL / "lobster_aapl").glob("*message*.csv")
    answer: Answer = read_answer(str(path).replace("message", "orderbook"))
    proof = prove(open_feed([str(path)]), answer, BOOK)
    found = proof.as_json()
    assert proof.agrees
    assert (found["rows"], found["rows_equal"], found["rows_different_beyond"]) == (999, 113, 886)
    assert found["rows_different"] == found["rows_without_record"] == 0
