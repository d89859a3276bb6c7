"""ITCH and LOBSTER files with random damage: records, or lobench's own error with the file's name; never more memory
than a few buffers."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lobench.engine.errors import FeedError
from lobench.engine.feeds import open_feed
from lobench.engine.records import MBO
from tests.support.dbn_files import zstd
from tests.support.itch_files import BODIES, framed, message, stock
from tests.support.lobster_files import lines, order_book_row

MOST_MEMORY = 64 << 20

MESSAGES = [
    message("S", "O"),
    stock(1, "ABC"),
    *(message("A", number, "BS"[number % 2], 100, "ABC", 10_000 + number) for number in range(20)),
    *(message(kind, 5, 30) for kind in "EX"),
    message("C", 6, 10, 0, "Y", 10_000),
    message("U", 7, 99, 10, 10_010),
    message("D", 8),
    message("P", 0, "B", 10, "ABC", 10_000),
    message("Q", 10, "ABC", 10_000),
    *(message(kind) for kind in BODIES),
]
LINES = lines(
    row
    for number in range(20)
    for row in (
        (34200 + number, 1, number, 100, 10_000 + number, 1),
        (34200.5 + number, number % 7 + 1, number, 5, 9, 1),
    )
).encode()
FILES: dict[str, bytes] = {
    "20190130.itch": framed(*MESSAGES),
    "20190131.itch": framed(*MESSAGES, lengths=False),
    "20190130.itch.gz": gzip.compress(framed(*MESSAGES)),
    "20190130.itch.zst": zstd(framed(*MESSAGES)),
    "ABC_2019-01-30_0_1_message_2.csv": LINES,
    "ABC_2019-01-31_0_1_message_2.csv.gz": gzip.compress(LINES),
}


def damaged(data: bytes, random: np.random.Generator) -> bytes:
    """``data`` with one to four changes: bytes replaced, taken out, repeated or put in, or the end cut off."""
    made = bytearray(data)
    for _ in range(random.integers(1, 5)):
        place, size = int(random.integers(0, len(made) + 1)), int(random.integers(1, 9))
        match random.integers(0, 6):
            case 0 | 1:
                made[place : place + size] = random.bytes(len(made[place : place + size]))
            case 2:
                del made[place : place + size]
            case 3:
                made[place:place] = random.bytes(size)
            case 4:
                made[place:place] = made[place : place + 200]
            case _:
                del made[place:]
    return bytes(made)


def read(path: Path, data: bytes) -> None:
    """Read a file to its end, or to an error that is one line and begins with its name."""
    path.write_bytes(data)
    said = str(path)
    try:
        for chunk in open_feed([str(path)]):
            assert len(chunk.array().tobytes()) == chunk.count * MBO.itemsize
    except FeedError as error:
        said = str(error)
    assert said.startswith(str(path))
    assert said.isprintable()


def mutate(folder: Path, count: int, seed: int, act: Callable[[Path, bytes], None] = read) -> None:
    random = np.random.default_rng(seed)
    for number in range(count):
        name = list(FILES)[number % len(FILES)]
        act(folder / name, damaged(FILES[name], random))


def test_whole_files_are_read(tmp_path: Path) -> None:
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
        assert sum(chunk.count for chunk in open_feed([str(tmp_path / name)])) > 20


def test_hundreds_of_damaged_files(tmp_path: Path) -> None:
    read(tmp_path / "20190130.itch", FILES["20190130.itch"])
    read(tmp_path / "ABC_2019-01-30_0_1_message_2.csv", LINES)
    tracemalloc.start()
    try:
        mutate(tmp_path, 300, seed=1)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
def test_thousands_of_damaged_files(tmp_path: Path, seed: int) -> None:
    mutate(tmp_path, 10_000, seed)


def test_damaged_order_book_beside_messages(tmp_path: Path) -> None:
    """A fault in the start is reported for the order book file."""
    random = np.random.default_rng(1)
    row = lines([order_book_row([(10_000, 100)], [(10_010, 10)], 2)]).encode()
    path = tmp_path / "ABC_2019-01-30_0_1_message_2.csv"
    pair = tmp_path / "ABC_2019-01-30_0_1_orderbook_2.csv"
    path.write_bytes(LINES)
    for _ in range(100):
        pair.write_bytes(damaged(row, random))
        said = str(pair)
        try:
            for chunk in open_feed([str(path)]):
                assert chunk.count
        except FeedError as error:
            said = str(error)
        assert said.startswith(str(pair))
