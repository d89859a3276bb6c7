"""Variants that cheat or are wrong somewhere, one after the other: a verification finds each on the feed of the default
set that reaches the fault, by its trace or state, at the right record, or by the end of its process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from lobench.engine.errors import UsageError
from lobench.engine.feeds import LoadedFeed, load, open_feed
from lobench.engine.oracle import Oracle
from lobench.engine.records import ADD, ASK, BID, CANCEL, CLEAR, F_LAST, MODIFY
from lobench.engine.stages import STAGES
from lobench.engine.workload import Workload
from lobench.variants import REFERENCE, load_file
from lobench.workbench.ladder import load_ladder
from lobench.workbench.verification.compare import Verification
from lobench.workbench.verification.coverage import DEFAULT_FEEDS
from lobench.workbench.verification.variants import Settings, verify_all
from tests.support.paths import ROOT

CHEATS = ROOT / "tests" / "cheats"
SMALL = "synth:every-rule,n=30000"
CHANGING = (ADD, CANCEL, MODIFY, CLEAR)

LONG = pytest.mark.long
pytestmark = [pytest.mark.normal, pytest.mark.xdist_group("cheats")]


def feed_of(spec: str) -> LoadedFeed:
    return load(open_feed([spec]))


def verified(
    name: str, spec: str = SMALL, workers: tuple[int, ...] = (1,), until: str = STAGES[-1], seconds: float | None = None
) -> list[Verification]:
    """The cheat's outcomes; the reference's own is there too, and agrees."""
    path = str(CHEATS / f"{name}.py")
    settings = Settings(Workload(until=until, files=(path,)), workers, seconds=seconds)
    first, *others = verify_all(feed_of(spec), [load_file(path)], settings)
    assert first.name == REFERENCE
    assert first.agrees
    return others


@dataclass(frozen=True)
class Event:
    """A record before which the books are known; ``book`` is None for the first record of one."""

    number: int
    fields: dict[str, int]
    book: Any
    oracle: Oracle

    @property
    def n(self) -> int:
        """The book's event number."""
        return 1 if self.book is None else int(self.book.n) + 1

    @property
    def order(self) -> Any:
        return None if self.book is None else self.book.orders.get(self.fields["order_id"])


def walk(spec: str) -> Iterator[Event]:
    """Every record of a feed, with its book before it."""
    records = feed_of(spec).records
    oracle = Oracle()
    for number in range(len(records)):
        fields = {name: int(records[name][number]) for name in records.dtype.names or ()}
        yield Event(number, fields, oracle.book(fields["instrument_id"], fields["publisher_id"]), oracle)
        oracle.apply(records[number : number + 1])


def left_out(event: Event) -> bool:
    """Whether it is a C that changes a book or counts an anomaly: leaving it out shows at once."""
    fields, order = event.fields, event.order
    if fields["action"] != CANCEL:
        return False
    mismatch = order is not None and (fields["price"], fields["side"]) != (order.price, order.side)
    return order is None or fields["size"] > 0 or mismatch


def is_second_book(event: Event) -> bool:
    instrument = event.oracle.instrument(event.fields["instrument_id"])
    if instrument is None:
        return False
    return event.book is None or instrument.books.index(event.book) > 0


WRONG = {
    "skips_rows": lambda event: event.n % 64 == 0,
    "wrong_with_two_books": is_second_book,
    "wrong_on_an_anomaly": lambda event: event.fields["side"] not in (BID, ASK),
}
"""Which cancels a cheat leaves out."""


def first(name: str) -> int:
    """The first record at which a cheat shows."""
    return next(event.number for event in walk(SMALL) if left_out(event) and WRONG[name](event))


@pytest.mark.parametrize("name", [name if name == "skips_rows" else pytest.param(name, marks=LONG) for name in WRONG])
def test_a_cancel_left_out_is_found_at_its_record(name: str) -> None:
    (outcome,) = verified(name, until="book")
    assert not outcome.agrees
    assert outcome.difference is not None
    assert outcome.difference.record == first(name)
    assert outcome.difference.event["action"] == CANCEL


def test_right_for_one_worker_alone() -> None:
    one, two = verified("one_worker_only", workers=(1, 2), until="book")
    assert one.agrees
    assert not two.agrees
    assert two.difference is not None
    assert two.difference.event["action"] == MODIFY


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "spec", "first_record"),
    [("wrong_late", DEFAULT_FEEDS[1], 1 << 20), ("wrong_in_long_queues", DEFAULT_FEEDS[4], 65)],
)
def test_wrong_where_only_a_large_feed_goes(name: str, spec: str, first_record: int) -> None:
    (outcome,) = verified(name, spec, until="book")
    assert not outcome.agrees
    assert outcome.difference is not None
    assert outcome.difference.record >= first_record
    assert outcome.difference.event["action"] == CANCEL


def test_deferred_work_is_missed_at_the_first_evaluation() -> None:
    (outcome,) = verified("defers", until="book")
    assert "trace" in outcome.kinds
    assert outcome.difference is not None
    records = feed_of(SMALL).records
    assert outcome.difference.record <= int(np.argmax(records["flags"] & F_LAST != 0)) + 8


@pytest.mark.long
def test_a_variant_right_in_full_batches_only_is_found() -> None:
    """It passes the replay in batches, and not the one in calls of other lengths."""
    (outcome,) = verified("knows_when_verified", until="book")
    assert outcome.kinds == ("calls",)


@pytest.mark.long
def test_memory_that_was_freed() -> None:
    (outcome,) = verified("uses_freed_memory", until="features")
    assert "evaluations" in outcome.kinds
    assert outcome.difference is not None


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        pytest.param(
            *("raises", "exception", "raised ValueError: event 5,000 is too much (raises.py, line 20)"), marks=LONG
        ),
        pytest.param("crashes", "signal", "was killed by SIGSEGV", marks=LONG),
        pytest.param(*("never_ends", "time", "did not end within 20 s; --time-limit SECONDS allows more"), marks=LONG),
        pytest.param("takes_all_memory", "memory", "took ", marks=LONG),
    ],
)
def test_a_variant_that_ends_its_process_is_named(name: str, kind: str, reason: str) -> None:
    """It is named with the reason and the record; the reference's outcome is kept."""
    (outcome,) = verified(name, until="book", seconds=20.0)
    assert outcome.kinds == (kind,)
    assert outcome.reason is not None
    assert outcome.reason.startswith(reason)
    number = next(event.number for event in walk(SMALL) if event.n == 5000 and event.fields["action"] in CHANGING)
    assert f"; at event {number}: action " in outcome.reason
    told = outcome.as_json()
    assert told["agrees"] is False
    assert told["record"] == number
    assert told["reason"] == outcome.reason
    assert told["difference"] is None


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2])
def test_a_variant_that_prints_agrees(workers: int, capfd: pytest.CaptureFixture[str]) -> None:
    (outcome,) = verified("prints", workers=(workers,), until="book")
    assert outcome.agrees
    assert capfd.readouterr().out == ""


@pytest.mark.long
def test_a_variant_that_ends_the_compiler_is_named() -> None:
    (outcome,) = verified("ends_when_built", until="book")
    assert outcome.kinds == ("compile",)
    assert outcome.reason is not None
    assert "ended with code 7" in outcome.reason


@pytest.mark.long
@pytest.mark.parametrize("name", ["lazy", "timed_differs"])
def test_rows_that_are_not_computed(name: str) -> None:
    (outcome,) = verified(name)
    assert "trace" in outcome.kinds
    assert outcome.difference is not None


@pytest.mark.long
def test_wrong_features_that_no_strategy_reads_are_found() -> None:
    """All strategies decide as they should; the state tells."""
    (outcome,) = verified("computes_on_read")
    assert outcome.kinds[0] == "state"
    assert outcome.difference is not None
    assert outcome.difference.kinds == ("features",)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ends_when_loaded", "when loaded, ended with code 7"),
        ("exits_when_loaded", "ends the program when it is loaded (exit code 7)"),
    ],
)
def test_a_file_that_ends_its_loader_is_refused(name: str, said: str) -> None:
    path = str(CHEATS / f"{name}.py")
    with pytest.raises(UsageError) as error:
        load_ladder(files=[path])
    assert str(error.value).startswith(path)
    assert said in str(error.value)
