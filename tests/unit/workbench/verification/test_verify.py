"""Finding the first event after which two machines differ, on machines that follow a script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lobench.engine.feeds import LoadedFeed
from lobench.engine.feeds.base import Chunk
from lobench.engine.records import BATCH
from lobench.engine.registry import FEATURES
from lobench.engine.result import Digests, Result, StrategyEnd
from lobench.workbench.verification.compare import locate, named, verify
from lobench.workbench.verification.difference import Difference
from lobench.workbench.verification.machines import State
from lobench.workbench.verification.proof import Proof, Questions, compare, is_whole
from tests.support.dbn_files import records

pytestmark = pytest.mark.normal

COUNT = 2 * BATCH + 1000
PLAIN = State([(10, 5, 1, [(1, 5)])], [], None)


def feed_of(count: int) -> LoadedFeed:
    made = records(count)
    return LoadedFeed("made", Chunk(made.ctypes.data, made.itemsize, count, made), {})


class Scripted:
    """A machine whose proof depends on the number of records alone; ``kinds`` differ from record ``wrong`` on."""

    workers = 1

    def __init__(self, name: str, wrong: int | None = None, kinds: tuple[str, ...] = ("books",)) -> None:
        self.name = name
        self.wrong, self.kinds = wrong, kinds
        self.replays: list[int] = []

    def differs(self, count: int) -> bool:
        return self.wrong is not None and count > self.wrong

    def digests(self, count: int) -> dict[str, int]:
        shift = 1 << 63 if self.differs(count) else 0
        return {
            name: place * 1_000_000 + count + (shift if name in self.kinds else 0)
            for place, name in enumerate(("books", "features", "strategies"))
        }

    def proven(self, kind: str, count: int) -> int:
        return count + (1 << 63 if self.differs(count) and kind in self.kinds else 0)

    def replay(self, feed: LoadedFeed, count: int, advance: Callable[[int], None] | None = None) -> Proof:
        self.replays.append(count)
        more = int(self.differs(count))
        if advance is not None:
            advance(count)
        boundaries = range(BATCH, count + 1, BATCH)
        samples = np.array([list(self.digests(boundary).values()) for boundary in boundaries], np.uint64)
        result = Result(
            events=count + more * ("events" in self.kinds),
            evaluations=count + more * ("evaluations" in self.kinds),
            anomalies={"zero_size": more * ("anomalies" in self.kinds)},
            books=(),
            digests=Digests(**self.digests(count)),
            samples=samples.reshape(-1, 3),
            trace=self.proven("trace", count),
        )
        states = {
            whole: self.proven("state", whole) for whole in (*boundaries, count) if is_whole(whole) or whole == count
        }
        return Proof(
            result,
            np.array([self.proven("trace", boundary) for boundary in boundaries], np.uint64),
            states,
            {boundary: self.proven("answers", boundary) for boundary in boundaries},
        )

    def state(self, feed: LoadedFeed, count: int, instrument_id: int, publisher_id: int) -> State:
        event = feed.records[count - 1]
        size = 7 if self.differs(count) else 5
        price = 10 if (event["instrument_id"], event["publisher_id"]) == (instrument_id, publisher_id) else 11
        return State([(price, size, 1, [(count, size)])], [], None)


class Moody(Scripted):
    """Differs in its first replay only."""

    def differs(self, count: int) -> bool:
        return len(self.replays) == 1


def found(feed: LoadedFeed, machine: Scripted) -> Difference:
    reference = Scripted("reference")
    outcome = verify(feed, reference, reference.replay(feed, feed.count), machine)
    assert not outcome.agrees
    assert outcome.difference is not None
    return outcome.difference


BLOCKS = [0, 1, 17, BATCH - 2]
BOUNDARIES = [BATCH - 1, BATCH, BATCH + 1, 2 * BATCH - 1, 2 * BATCH]
TAIL = [2 * BATCH + 1, COUNT - 2, COUNT - 1]


COUNTS = ["anomalies", "evaluations", "events"]


@pytest.mark.parametrize("kind", ["trace", "state", "books", "features", "strategies", *COUNTS])
@pytest.mark.parametrize("record", BLOCKS + BOUNDARIES + TAIL)
def test_finds_the_first_record(record: int, kind: str) -> None:
    feed = feed_of(COUNT)
    machine = Scripted("machine", record, (kind,))
    difference = found(feed, machine)
    assert difference.record == record
    # The event's book differs as well, so the difference is in the books, not only in the trace.
    assert difference.kinds == ("books", *([kind] if kind in COUNTS else []))
    event = feed.records[record]
    assert difference.event == {name: int(event[name]) for name in event.dtype.names}
    # The book around the event: before it (the reference's), and after it (of both).
    assert difference.before.bids[0][1:] == (5, 1, [(record, 5)])
    assert difference.expected.bids == [(10, 5, 1, [(record + 1, 5)])]
    assert difference.actual.bids == [(10, 7, 1, [(record + 1, 7)])]


@pytest.mark.parametrize("record", [0, BATCH - 1, BATCH, 2 * BATCH - 1])
@pytest.mark.parametrize("kind", ["books", "anomalies"])
def test_a_feed_that_ends_at_a_boundary(record: int, kind: str) -> None:
    assert found(feed_of(2 * BATCH), Scripted("machine", record, (kind,))).record == record


@pytest.mark.parametrize("count", [1, 2, 100])
def test_a_feed_without_a_boundary(count: int) -> None:
    for record in {0, count // 2, count - 1}:
        assert found(feed_of(count), Scripted("machine", record)).record == record


def test_replays_few_prefixes() -> None:
    machine = Scripted("machine", 5000)
    found(feed_of(COUNT), machine)
    # Once in full, once to each end of the block, then bisection.
    assert len(machine.replays) <= 3 + 12
    assert machine.replays[0] == COUNT
    assert all(BATCH <= count <= 2 * BATCH for count in machine.replays[1:])


@pytest.mark.parametrize("kind", ["trace", "state", "strategies", "anomalies"])
def test_a_difference_that_does_not_repeat(kind: str) -> None:
    feed = feed_of(COUNT)
    reference = Scripted("reference")
    outcome = verify(feed, reference, reference.replay(feed, COUNT), Moody("moody", kinds=(kind,)))
    assert outcome.kinds == (kind,)
    assert not outcome.agrees
    assert outcome.difference is None
    assert outcome.as_json()["difference"] is None


def test_agreement() -> None:
    feed = feed_of(COUNT)
    reference, machine = Scripted("reference"), Scripted("machine")
    told: list[int] = []
    outcome = verify(feed, reference, reference.replay(feed, COUNT), machine, told.append)
    assert outcome.agrees
    assert machine.replays == [COUNT]
    assert sum(told) == COUNT
    assert outcome.as_json()["agrees"] is True


def test_results_of_other_lengths() -> None:
    """A machine that skips whole batches has fewer samples."""
    feed = feed_of(COUNT)
    whole = Scripted("reference").replay(feed, COUNT)
    short = replace(whole, traces=whole.traces[:1], result=replace(whole.result, samples=whole.result.samples[:1]))
    assert compare(whole, short) == ("trace", "books", "features", "strategies")
    assert locate(feed, Scripted("reference"), whole, Scripted("machine", BATCH + 7), short) is not None


def test_kinds() -> None:
    feed = feed_of(10)
    reference = Scripted("reference").replay(feed, 10)
    everything = ("trace", "state", "books", "features", "strategies", "events", "evaluations", "anomalies")
    assert compare(reference, Scripted("machine", 3, everything).replay(feed, 10)) == everything
    assert compare(reference, reference) == ()


def test_parts_missing_from_one_proof_are_not_compared() -> None:
    whole = Scripted("reference").replay(feed_of(COUNT), COUNT)
    other = Scripted("machine", 3, ("trace", "state", "answers", "books")).replay(feed_of(COUNT), COUNT)
    bare = replace(other, states={}, answers={}, result=replace(other.result, trace=None, digests=None))
    assert compare(whole, bare) == ()
    assert compare(whole, other) == ("trace", "state", "answers", "books")


def test_the_state_of_a_book_names_the_kind() -> None:
    expected = replace(PLAIN, features=(1.0,) * len(FEATURES), accounts=(StrategyEnd("one", 1, 2.0, 3.0, 4),))
    assert named(("trace",), expected, replace(expected, bids=[])) == ("books",)
    other = replace(expected, accounts=(StrategyEnd("one", 0, 2.0, 3.0, 4),))
    assert named(("trace", "state", "anomalies"), expected, other) == ("strategies", "anomalies")
    # Only the trace recorded a signal that changed no position, or a row that was overwritten.
    assert named(("trace",), expected, expected) == ("trace",)


def test_questions_are_the_same_for_all_and_drawn_anew() -> None:
    feed = feed_of(COUNT)
    one, again, other = Questions(feed, 7), Questions(feed, 7), Questions(feed, 8)
    boundaries = range(0, COUNT, 16)
    asked = [one.at(boundary) for boundary in boundaries]
    assert asked == [again.at(boundary) for boundary in boundaries]
    assert asked != [other.at(boundary) for boundary in boundaries]
    assert Questions(feed).at(COUNT) is not None
    assert 0 < sum(map(bool, asked)) < len(asked)
    assert one.at(0) == ()


def test_whole_states_are_compared_at_boundaries_that_double() -> None:
    assert [number for number in range(1, 70) if is_whole(number * BATCH)] == [1, 2, 4, 8, 16, 32, 64]
    assert not is_whole(BATCH + 1)


def test_features_are_compared_by_their_bits() -> None:
    nan, inf = float("nan"), float("inf")
    one, other = [0.0] * len(FEATURES), [0.0] * len(FEATURES)
    pairs = {0: (1.0, 1.0), 1: (nan, nan), 2: (0.0, -0.0), 3: (nan, 1.0), 4: (1.0, np.nextafter(1.0, 2)), 5: (inf, 2.0)}
    for place, (wanted, actual) in pairs.items():
        one[place], other[place] = wanted, float(actual)
    names = list(FEATURES)
    event = {"action": 65, "side": 66, "order_id": 1, "price": 2, "size": 3, "flags": 128}
    event |= {"instrument_id": 4, "publisher_id": 5, "ts_event": 6}
    expected = replace(PLAIN, features=tuple(one))
    difference = Difference(7, event, ("features",), PLAIN, expected, replace(PLAIN, features=tuple(other)))
    assert [name for name, _, _ in difference.features()] == [names[place] for place in (2, 3, 4, 5)]
    told = difference.as_json()["features"]
    assert told[1] == {"name": names[3], "expected": None, "actual": 1.0}
    assert told[3] == {"name": names[5], "expected": None, "actual": 2.0}
    lines = difference.lines()
    assert lines[0] == "first difference: event 7 (features)"
    assert f"  feature {names[2]}: expected 0.0, actual -0.0" in lines
    assert f"  feature {names[4]}: expected 1.0, actual 1.0000000000000002" in lines
    assert replace(difference, expected=PLAIN).features() == []


def test_lines_show_the_levels_around_the_difference() -> None:
    levels = [(100 - place, 5, 1, [(place, 5)]) for place in range(20)]
    changed = [*levels[:12], (88, 6, 1, [(12, 6)]), *levels[13:]]
    event = dict.fromkeys(("action", "side", "order_id", "price", "size", "flags"), 65)
    event |= dict.fromkeys(("instrument_id", "publisher_id", "ts_event"), 1)
    lines = Difference(
        0, event, ("books",), State(levels, [], None), State(levels, [], None), State(changed, [], None)
    ).lines()
    bids = lines.index("  bids, best first, from level 10:")
    assert "88x5(1) [12:5]" in lines[bids + 2]
    assert "88x6(1) [12:6]" in lines[bids + 3]
    assert lines[-3:] == ["    before    -", "    expected  -", "    actual    -"]
