"""The proof by which replays are compared, and the comparison of two.

The build that is timed is the one that proves itself: its running trace at every batch boundary, its whole state at
boundaries that double and at the end, and answers about random books at random boundaries. A deep proof adds the
digests of everything at every boundary, which take a build of their own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lobench.engine.feeds import LoadedFeed
from lobench.engine.records import BATCH
from lobench.engine.result import DIGEST_NAMES, Result
from lobench.engine.scope import Scope
from lobench.engine.stages import STAGES

Books = tuple[tuple[int, int], ...]
"""(instrument_id, publisher_id) of some books."""

_ASKED = 4
"""One boundary out of this many gets questions."""
_BOOKS = 3
_UNTRACED = 64
"""Boundaries at which the whole state is compared if there is no trace."""


class Questions:
    """The books of the questions at each boundary: drawn anew for each verification, so that no variant can know them,
    and the same for all variants of it."""

    def __init__(self, feed: LoadedFeed, seed: int | None = None) -> None:
        self._feed = feed
        self.seed = random.SystemRandom().getrandbits(32) if seed is None else seed

    def at(self, records: int) -> Books:
        """Books to ask about after ``records`` records: those of some of them; mostly none."""
        drawn = random.Random(self.seed * 2**32 + records)
        if records == 0 or drawn.randrange(_ASKED):
            return ()
        chosen = self._feed.records[[drawn.randrange(records) for _ in range(_BOOKS)]]
        return tuple(zip(chosen["instrument_id"].tolist(), chosen["publisher_id"].tolist(), strict=True))

    def calls(self, count: int) -> Iterator[tuple[int, int]]:
        """(first record, record after the last) of calls over the first ``count`` records, of any length from 1 on,
        short ones as likely as long ones: no variant can tell a verification by how many records a call brings. Half
        of them end at a batch boundary."""
        drawn = random.Random(self.seed)
        done = 0
        while done < count:
            stop = done + 1 + drawn.randrange(1 << drawn.randrange(6, 18))
            if drawn.randrange(2):
                stop = -(-stop // BATCH) * BATCH
            yield done, min(stop, count)
            done = stop


def is_whole(records: int, traced: bool = True) -> bool:
    """Whether the whole state is compared at this boundary: the first, second, fourth, eighth and so on; without a
    trace, at each of the first ones."""
    batches, rest = divmod(records, BATCH)
    return rest == 0 and (batches & (batches - 1) == 0 or (not traced and batches <= _UNTRACED))


@dataclass(frozen=True)
class Proof:
    """One replay's side of a comparison.

    ``traces``: uint64, shape (boundaries,), the running trace at every batch boundary, empty without one. ``states``:
    number of records to the digest of the whole state (books, newest features, accounts) after them; ``answers``:
    number of records to the answer about the chosen books. Entries that one of two proofs lacks are not compared.
    """

    result: Result
    traces: npt.NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    states: dict[int, int] = field(default_factory=dict)
    answers: dict[int, int] = field(default_factory=dict)
    calls: dict[int, int] = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)
    """The compared parts of it."""
    called: int | None = None
    """Of a second replay, in calls of other lengths: number of records to the trace after them, at batch boundaries
    and at the end, and the whole state at the end."""

    def as_json(self) -> dict[str, str]:
        """Hex digests by kind, as far as there are: ``trace``, ``state`` at the end, those of a deep proof."""
        found = {} if self.result.trace is None else {"trace": f"{self.result.trace:016x}"}
        if self.states:
            found["state"] = f"{self.states[max(self.states)]:016x}"
        return found | (self.result.digests.as_json() if self.result.digests else {})


def compare(expected: Proof, actual: Proof) -> tuple[str, ...]:
    """The differences between two proofs: traces, states, answers, digests of a deep proof, counts."""
    kinds = []
    one, other = expected.result, actual.result
    decodes = other.decoded is not None
    if decodes and one.decoded != other.decoded:
        kinds.append("fields")
    traced = None not in (one.trace, other.trace)
    if traced and not (one.trace == other.trace and np.array_equal(expected.traces, actual.traces)):
        kinds.append("trace")
    if not decodes and first_difference(expected.states, actual.states) is not None:
        kinds.append("state")
    if first_difference(expected.answers, actual.answers) is not None:
        kinds.append("answers")
    if one.digests is not None and other.digests is not None:
        for column, name in enumerate(DIGEST_NAMES):
            if name in other.digests.taken:
                same = np.array_equal(one.samples[:, column], other.samples[:, column])
                if not same or getattr(one.digests, name) != getattr(other.digests, name):
                    kinds.append(name)
    kinds += [name for name in _counted(actual.scope, decodes) if getattr(one, name) != getattr(other, name)]
    # Any other difference also shows between calls of other lengths: report calls only if nothing else differs.
    if not kinds and _call_difference(expected, actual) is not None:
        kinds.append("calls")
    return tuple(kinds)


def _counted(scope: Scope, decodes: bool) -> tuple[str, ...]:
    """Which counts are compared. Where nothing is evaluated there is nothing to count."""
    if decodes:
        return ("events",)
    evaluates = STAGES.index(scope.until) > 1
    counts = ("events", "evaluations") if evaluates else ("events",)
    return (*(counts if scope.counts else ()), *(("anomalies",) if scope.anomalies else ()))


def first_difference(expected: dict[int, int], actual: dict[int, int]) -> int | None:
    """Number of records of the first common entry that differs; None if there is none."""
    return min((count for count in expected.keys() & actual.keys() if expected[count] != actual[count]), default=None)


def _call_difference(expected: Proof, actual: Proof) -> int | None:
    """Number of records after which ``actual``'s replay in other calls departs from the expected one; None if never."""
    end = expected.result.events
    known = {(place + 1) * BATCH: int(trace) for place, trace in enumerate(expected.traces)}
    if expected.result.trace is not None:
        known[end] = expected.result.trace
    parted = first_difference(known, actual.calls)
    if parted is None and actual.called is not None and expected.states.get(end, actual.called) != actual.called:
        parted = end
    return parted


def bracket(expected: Proof, actual: Proof, count: int) -> tuple[int, int]:
    """Numbers of records (same, different) between which two proofs part, as far as they tell: after ``different`` they
    differ; ``same`` is the last boundary before at which nothing compared differs."""
    parted = [count, *_boundaries(expected.traces, actual.traces)]
    taken = actual.result.digests.taken if expected.result.digests and actual.result.digests else ()
    for column, name in enumerate(DIGEST_NAMES):
        if name in taken:
            parted += _boundaries(expected.result.samples[:, column], actual.result.samples[:, column])
    for one, other in ((expected.states, actual.states), (expected.answers, actual.answers)):
        found = first_difference(one, other)
        parted += [] if found is None else [found]
    called = _call_difference(expected, actual)
    different = min(parted if called is None else [*parted, called])
    return max(0, (different - 1) // BATCH * BATCH), different


def _boundaries(expected: npt.NDArray[Any], actual: npt.NDArray[Any]) -> list[int]:
    """Records of the first boundary at which samples differ, or that only one has."""
    both = min(len(expected), len(actual))
    differs = np.flatnonzero(expected[:both] != actual[:both])
    if len(differs):
        return [(int(differs[0]) + 1) * BATCH]
    return [(both + 1) * BATCH] if len(expected) != len(actual) else []
