"""Do two machines compute the same? Digests of everything, and the first event after which they differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.feeds import LoadedFeed
from engine.records import BATCH, MBO
from engine.result import DIGEST_NAMES, Result
from workbench.differences import Difference
from workbench.machines import Machine


@dataclass(frozen=True)
class Verification:
    """Whether one machine agrees with the reference on one feed. ``kinds`` names what differs; ``difference`` says
    where."""

    name: str
    workers: int
    result: Result
    kinds: tuple[str, ...]
    difference: Difference | None = None

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
            **self.result.as_json(),
            "difference": self.difference.as_json() if self.difference else None,
        }


def compare(expected: Result, actual: Result) -> tuple[str, ...]:
    """What differs between two results: digests at any batch boundary or at the end, counts, anomalies.

    Where ``actual`` stopped before a stage, what that stage computes is not compared. Of a replay that only decodes,
    the sum of the fields is.
    """
    kinds = []
    taken = actual.digests.taken if actual.digests else ()
    for column, name in enumerate(DIGEST_NAMES):
        if name not in taken:
            continue
        same = np.array_equal(expected.samples[:, column], actual.samples[:, column])
        if not same or getattr(expected.digests, name) != getattr(actual.digests, name):
            kinds.append(name)
    if actual.decoded is not None and expected.decoded != actual.decoded:
        kinds.append("fields")
    counted = ["events"]
    if actual.decoded is None:
        counted += ["evaluations", "anomalies"] if "features" in taken else ["anomalies"]
    for name in counted:
        if getattr(expected, name) != getattr(actual, name):
            kinds.append(name)
    return tuple(kinds)


def verify(
    feed: LoadedFeed,
    reference: Machine,
    expected: Result,
    machine: Any,
    advance: Callable[[int], None] | None = None,
) -> Verification:
    """Replay ``feed`` on ``machine`` and compare with what ``reference`` gave; on a difference, find where it
    begins."""
    actual = machine.replay(feed, feed.count, advance)
    kinds = compare(expected, actual)
    difference = locate(feed, reference, expected, machine, actual) if kinds else None
    return Verification(machine.name, machine.workers, actual, kinds, difference)


def locate(
    feed: LoadedFeed, reference: Machine, expected: Result, machine: Machine, actual: Result
) -> Difference | None:
    """The first event after which the two differ, by bisection: over the samples first, then over replays of prefixes.

    None if no prefix differs when it is replayed again: then the machine gives other results from run to run.
    """
    same, different = _bracket(expected, actual, feed.count)

    def kinds_after(count: int) -> tuple[str, ...]:
        return compare(reference.replay(feed, count), machine.replay(feed, count))

    if not set(compare(expected, actual)) <= set(DIGEST_NAMES) and kinds_after(same):
        # Counts are not sampled: they parted before the digests did.
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
    return Difference(
        record=different - 1,
        event={name: int(event[name]) for name in MBO.names or ()},
        kinds=kinds,
        before=reference.state(feed, same, *book),
        expected=reference.state(feed, different, *book),
        actual=machine.state(feed, different, *book),
    )


def _bracket(expected: Result, actual: Result, count: int) -> tuple[int, int]:
    """Records (same, different) between which the two part, as far as the samples tell."""
    both = min(len(expected.samples), len(actual.samples))
    taken = [name in (actual.digests.taken if actual.digests else ()) for name in DIGEST_NAMES]
    differs = np.any((expected.samples[:both] != actual.samples[:both])[:, taken], axis=1)
    first = int(np.argmax(differs)) if differs.any() else both
    return first * BATCH, min((first + 1) * BATCH, count)
