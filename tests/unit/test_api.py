"""`import lobench`: every example in a docstring runs, and functions return the same as the commands."""

from __future__ import annotations

import doctest
import inspect
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lobench
from lobench.engine.oracle import Oracle
from lobench.engine.registry import FEATURES
from tests.support.command import busy, calm
from tests.support.dbn_files import header, write
from tests.support.replays import TOP, bits

MODULES = ("_batch", "_commands", "_feeds", "_rows")
LONG = {"run", "compare", "latency", "read_result", "batch"}
"""Functions that measure, need a measurement, or start a cluster: their examples are not run."""
FUNCTIONS = [name for name in lobench.__all__ if lobench._PLACES[name] in MODULES and name[0].islower()]


@pytest.fixture(scope="module")
def records() -> npt.NDArray[np.void]:
    return busy(9_000)


@pytest.fixture(scope="module")
def feed(records: npt.NDArray[np.void], tmp_path_factory: pytest.TempPathFactory) -> str:
    return write(tmp_path_factory.mktemp("api") / "feed.dbn", header(), records.tobytes())


@pytest.mark.normal
@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - LONG))
def test_example_runs(name: str) -> None:
    function = getattr(lobench, name)
    examples = doctest.DocTestFinder().find(function, name, globs={})
    assert examples
    assert examples[0].examples, "has no example"
    for example in examples:
        found = doctest.DocTestRunner().run(example)
        assert found.attempted > 1
        assert found.failed == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_everything_is_typed_and_described(name: str) -> None:
    function = getattr(lobench, name)
    signature = inspect.signature(function)
    assert function.__doc__
    assert signature.return_annotation is not signature.empty
    assert all(one.annotation is not one.empty for one in signature.parameters.values())


def test_errors_are_one_tree() -> None:
    for name in ("UsageError", "FeedError", "StrictError", "StaleError"):
        assert issubclass(getattr(lobench, name), lobench.LobenchError)
    with pytest.raises(lobench.FeedError, match="no such file"):
        lobench.open("none.dbn")
    with pytest.raises(lobench.UsageError, match=r"unknown feed setting|no synthetic feed|synth"):
        lobench.open("synth:nothing")


@pytest.mark.normal
def test_rows_are_those_of_the_command(feed: str, tmp_path: Path) -> None:
    """All consumers accept them: files, batches, a table, a reader."""
    outcome = lobench.replay(feed, features=tmp_path / "f.parquet", depth=3, book=tmp_path / "b.parquet")
    expected = pq.read_table(tmp_path / "f.parquet").replace_schema_metadata()
    assert [file.rows for file in outcome.files] == [expected.num_rows] * 2
    table = lobench.features(feed)
    assert_same(table, expected)
    with lobench.rows(feed, depth=3) as stream:
        assert stream.result is None
        whole = pa.table(stream)
        assert stream.result is not None
        assert stream.result.evaluations == whole.num_rows == outcome.evaluations
    assert_same(whole.select(expected.column_names), expected)
    book = pq.read_table(tmp_path / "b.parquet").replace_schema_metadata()
    assert_same(whole.select(book.column_names), book)
    levels = lobench.rows(feed, features=False, depth=3)
    assert_same(levels.read_all(), book)


def assert_same(found: pa.Table, expected: pa.Table) -> None:
    """The same values to the last bit, in the same columns."""
    assert found.column_names == expected.column_names
    for name in expected.column_names:
        ours, theirs = found[name], expected[name]
        if pa.types.is_floating(theirs.type):
            assert np.array_equal(bits(ours.to_numpy()), bits(theirs.to_numpy())), name
        else:
            assert ours.to_pylist() == theirs.to_pylist(), name


@pytest.mark.normal
def test_batches_own_their_memory(feed: str) -> None:
    stream = lobench.rows([feed] * 9, columns="event_number")
    first = next(stream)
    values = first["event_number"].to_pylist()
    others = list(stream)
    assert len(others) > 1
    assert first["event_number"].to_pylist() == values
    assert next(stream, None) is None


@pytest.mark.normal
def test_a_stream_may_be_left(feed: str) -> None:
    stream = lobench.rows([feed] * 9)
    next(stream)
    stream.close()
    assert list(stream) == []


@pytest.mark.normal
@pytest.mark.parametrize(
    "event", [0, *(pytest.param(event, marks=pytest.mark.long) for event in (1, 4_321)), 9_000, None]
)
def test_books_are_the_oracles(records: npt.NDArray[np.void], feed: str, event: int | None) -> None:
    oracle = Oracle()
    oracle.apply(records[:event])
    for end in oracle.finish().books:
        book = oracle.book(end.instrument_id, end.publisher_id)
        assert book is not None
        which: dict[str, Any] = {"instrument": end.instrument_id, "publisher": end.publisher_id}
        found = lobench.book(feed, event=event, depth=4, **which)
        assert found.events == end.events
        assert found.feed_events == len(records[:event])
        for side, levels in ((ord("B"), found.bids), (ord("A"), found.asks)):
            assert [(one.price, one.size, one.count) for one in levels] == [level[:3] for level in book.levels(side)][
                :4
            ]
    if event == 0:
        with pytest.raises(lobench.UsageError, match="no record of such a book"):
            lobench.book(feed, event=event)
    elif event is None:
        with pytest.raises(lobench.UsageError, match=r"which book\? there are .* and 1 more"):
            lobench.book(feed)


@pytest.mark.normal
def test_a_book_as_of_a_time(tmp_path: Path) -> None:
    made = calm(100)
    made["ts_event"] = 1_700_000_000 * 10**9 + np.arange(100) * 10**9
    feed = write(tmp_path / "calm.dbn", header(), made.tobytes())
    for at in ("2023-11-14T22:13:30", 1_700_000_010 * 10**9, datetime(2023, 11, 14, 22, 13, 30, tzinfo=UTC)):
        found = lobench.book(feed, at=at)
        assert (found.feed_events, found.ts_event) == (11, 1_700_000_010 * 10**9)
        assert [(level.price, level.size, level.count) for level in found.bids] == [(10**9, 5, 1)]
    assert found.to_arrow().to_pylist() == [
        {"bid_px": 10**9, "bid_sz": 5, "bid_ct": 1, "ask_px": None, "ask_sz": None, "ask_ct": None}
    ]
    assert "<td>5</td><td>1</td><td></td><td></td>" in found._repr_html_()
    assert str(found).splitlines()[-1].split() == ["5", "1"]
    with pytest.raises(lobench.UsageError, match="has no time zone"):
        lobench.book(feed, at=datetime(2023, 11, 14))
    with pytest.raises(lobench.UsageError, match="give exactly one of at and event"):
        lobench.book(feed, at=0, event=0)


@pytest.mark.normal
def test_progress_is_reported(feed: str) -> None:
    told: list[int] = []
    list(lobench.rows([feed] * 3, progress=told.append))
    assert told[-1] == 27_000
    assert told == sorted(told)
    told.clear()
    lobench.replay(feed, progress=told.append)
    assert told[-1] == 9_000


@pytest.mark.normal
def test_an_interrupt_keeps_the_finished_rows(feed: str, tmp_path: Path) -> None:
    """SIGINT while it replays, to this very process."""

    def interrupt(done: int) -> None:
        if done == 18_000:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(lobench.ReplayInterrupted) as caught:
        lobench.replay([feed] * 9, features=tmp_path / "f.arrow", progress=interrupt)
    outcome = caught.value.outcome
    assert isinstance(caught.value, KeyboardInterrupt)
    assert (outcome.complete, outcome.events) == (False, 18_000)
    with pa.ipc.open_file(tmp_path / "f.arrow") as reader:
        assert reader.read_all().num_rows == outcome.files[0].rows == outcome.evaluations
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.normal
def test_any_thread_may_call(feed: str) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(lobench.replay(feed).events)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [9_000] * 3


@pytest.mark.normal
def test_strict(feed: str, tmp_path: Path) -> None:
    with pytest.raises(lobench.StrictError, match="event "):
        lobench.replay(feed, strict=True)
    with pytest.raises(lobench.StrictError, match="event "):
        list(lobench.rows(feed, strict=True))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"columns": "mid_prize"}, "did you mean mid_price"),
        ({"columns": []}, "--columns takes names"),
        ({"features": False}, "nothing to write"),
        ({"depth": 101}, "depth must be 1 to 100"),
        ({"sample": "1x"}, "--sample takes a time"),
        ({"variant": "p99"}, "no variant named"),
    ],
)
def test_refuses_before_any_work(feed: str, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(lobench.UsageError, match=said):
        lobench.rows(feed, **arguments)


@pytest.mark.normal
def test_a_part_of_a_feed(feed: str, records: npt.NDArray[np.void]) -> None:
    source = lobench.open(feed, instruments=[7])
    outcome = lobench.replay(source, variant=TOP.name)
    assert outcome.events == np.count_nonzero(records["instrument_id"] == 7)
    assert sum(len(run) for run in source.records()) == outcome.events
    assert set(lobench.features(source)["instrument_id"].to_pylist()) == {7}


def test_features_are_named() -> None:
    assert lobench.rows("synth:liquid-future,n=10").schema.names[4:] == list(FEATURES)
