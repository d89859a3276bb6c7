"""Answers of every depth: the same of variants of both layouts and of an engine, and deeper ones tell more."""

from __future__ import annotations

import numpy as np
import pytest

from lobench.engine.feeds import LoadedFeed, load, open_feed
from lobench.engine.foreign.keys import Keys
from lobench.engine.foreign.start import Contestant, start_replay
from lobench.engine.records import MBO
from lobench.engine.scope import BOOKS
from lobench.engine.workload import Workload
from lobench.variants import discover, load_file
from tests.support.c_engines import FOREIGN, Build

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("foreign")]

COUNT = 6000


@pytest.fixture(scope="module")
def feed() -> LoadedFeed:
    return load(open_feed([f"synth:every-rule,n={COUNT}"]))


def answered(contestant: Contestant, feed: LoadedFeed, books: str) -> list[int]:
    """Questions about three books and whole states, during the feed."""
    records = feed.records
    asked = [(int(records[place]["instrument_id"]), int(records[place]["publisher_id"])) for place in (0, 40, 900)]
    found = []
    with start_replay(contestant, Workload(until="book", books=books)) as replay:
        for begin in range(0, COUNT, 1000):
            replay.apply(feed.slice(begin, begin + 1000))
            found += [replay.question(asked), replay.end_state()]
    return found


@pytest.mark.parametrize("books", BOOKS)
def test_all_give_the_same_answers(books: str, feed: LoadedFeed, build: Build) -> None:
    known = discover()
    expected = answered(known["p0_baseline"], feed, books)
    assert len(set(expected)) == len(expected)
    for contestant in (
        known["p7_cache_layout"],
        load_file(build("plain")),
        load_file(str(FOREIGN / "textbook.py")),
    ):
        assert answered(contestant, feed, books) == expected, contestant.name


def test_a_wrong_queue_shows_in_queues_alone(feed: LoadedFeed, build: Build) -> None:
    right, wrong = load_file(build("plain")), load_file(build("disorders_early", "DISORDERS", "AT=10"))
    same = {books: answered(right, feed, books) == answered(wrong, feed, books) for books in BOOKS}
    assert same == {"bbo": True, "levels": True, "queues": False}


def test_books_are_noted_however_many_there_are() -> None:
    rng = np.random.default_rng(1)
    records = np.zeros(50_000, MBO)
    records["instrument_id"], records["publisher_id"] = rng.integers(0, 2**32, 50_000), rng.integers(0, 3, 50_000)
    keys = Keys()
    for begin in range(0, 50_000, 7_000):
        part = records[begin : begin + 7_000]
        keys.note(part.ctypes.data, MBO.itemsize, len(part))
    expected = {int(i) << 16 | int(p) for i, p in zip(records["instrument_id"], records["publisher_id"], strict=True)}
    assert sorted(map(int, keys.found())) == sorted(expected)
