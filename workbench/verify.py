"""Do two machines compute the same? Their proofs, and the first event after which they differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.feeds import LoadedFeed
from engine.records import MBO
from engine.result import Result
from workbench.differences import Difference, differing
from workbench.machines import Machine, State
from workbench.proof import Proof, bracket, compare


@dataclass(frozen=True)
class Verification:
    """Whether one machine agrees with the reference on one feed. ``kinds`` names what differs; ``difference`` says
    where."""

    name: str
    workers: int
    proof: Proof
    kinds: tuple[str, ...]
    difference: Difference | None = None

    @property
    def result(self) -> Result:
        return self.proof.result

    @property
    def agrees(self) -> bool:
        return not self.kinds

    def as_json(self) -> dict[str, Any]:
        """The verification as JSON."""
        return {
            "variant": self.name,
            "workers": self.workers,
            "agrees": self.agrees,
            "kinds": list(self.kinds),
            **self.proof.result.as_json(),
            "digests": self.proof.as_json(),
            "difference": self.difference.as_json() if self.difference else None,
        }


def verify(
    feed: LoadedFeed,
    reference: Machine,
    expected: Proof,
    machine: Any,
    advance: Callable[[int], None] | None = None,
) -> Verification:
    """Replay ``feed`` on ``machine`` and compare with what ``reference`` gave; on a difference, find where it
    begins."""
    actual = machine.replay(feed, feed.count, advance)
    kinds = compare(expected, actual)
    difference = locate(feed, reference, expected, machine, actual) if kinds else None
    return Verification(machine.name, machine.workers, actual, kinds, difference)


def locate(feed: LoadedFeed, reference: Machine, expected: Proof, machine: Machine, actual: Proof) -> Difference | None:
    """The first event after which the two differ, by bisection: over what the proofs hold first, then over replays of
    prefixes.

    None if no prefix differs when it is replayed again: then the machine gives other results from run to run.
    """

    def kinds_after(count: int) -> tuple[str, ...]:
        return compare(reference.replay(feed, count), machine.replay(feed, count)) if count else ()

    same, different = bracket(expected, actual, feed.count)
    if kinds_after(same):
        # A proof does not hold everything at every boundary: they parted earlier, after the last whole state that was
        # the same. Of counts there is no earlier trace.
        whole = [
            count for count in expected.states if count < same and expected.states[count] == actual.states.get(count)
        ]
        same, different = max(whole, default=0), same
        if kinds_after(same):
            same, different = 0, same
    kinds = kinds_after(different)
    if not kinds:
        return None
    # Invariant: after `same` records the two agree, after `different` they do not.
    while different - same > 1:
        middle = (same + different) // 2
        found = kinds_after(middle)
        if found:
            different, kinds = middle, found
        else:
            same = middle
    event = feed.records[different - 1]
    book = (int(event["instrument_id"]), int(event["publisher_id"]))
    before = reference.state(feed, same, *book)
    one, other = reference.state(feed, different, *book), machine.state(feed, different, *book)
    return Difference(
        record=different - 1,
        event={name: int(event[name]) for name in MBO.names or ()},
        kinds=named(kinds, one, other),
        before=before,
        expected=one,
        actual=other,
    )


def named(kinds: tuple[str, ...], expected: State, actual: State) -> tuple[str, ...]:
    """Kinds of a difference with what the event's book shows of it (books, features, strategies) in place of the proofs
    that told of it, where it shows anything."""
    shown = {
        "books": (expected.bids, expected.asks) != (actual.bids, actual.asks),
        "features": bool(differing(expected.features, actual.features)),
        "strategies": expected.accounts != actual.accounts,
    }
    found = tuple(name for name, differs in shown.items() if differs)
    rest = [kind for kind in kinds if kind not in shown and kind not in ("trace", "state", "answers")]
    return (*found, *rest) if found else kinds
