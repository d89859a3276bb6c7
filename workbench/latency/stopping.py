"""A pass that stops at random records and asks there: is the work of a call done when it ends?

A question at the end of a feed exposes an engine that works only when queried. One that collects records, and works
every few dozen of them, owes next to nothing there, and most of its calls look short. So it is also queried at random
records, about a few books, twice in a row (``measurement.questions``): after one to 127 records since the last
question, and after a single one more. Cold caches cost both answers the same; the excess of the first over the second
is deferred work.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from lobench.engine.feeds import LoadedFeed
from lobench.engine.foreign.start import Running
from lobench.workbench.measurement.design import Slice
from lobench.workbench.measurement.questions import Examiner, draw, put_off

PLACES: Final = 128
"""Where it is asked, at most."""
_FEWEST: Final = 16
"""With fewer places, the debt of answers cannot be judged; they are compared all the same."""
_STRETCH: Final = 192
"""Records for each place, at least."""
_MOST: Final = 128
"""Records between two questions at one place, below that many."""
_LEAST: Final = 1_000.0
"""Nanoseconds of an answer that are no work that was put off."""
_TRIMMED: Final = 0.1
"""Of calls at either end, left out of their mean: some were interrupted."""


def stops(opening: int, count: int, rng: random.Random) -> list[Slice]:
    """Parts of the records from ``opening`` to ``count``, each after the last one; a question comes after each. Three
    for every place: the records before it, one to 127 records, and one."""
    places = min(PLACES, (count - opening) // _STRETCH)
    found: list[Slice] = []
    start = opening
    for place in range(places):
        length = (count - opening) // places
        before = opening + place * length + rng.randrange(1, length - _MOST)
        many = before + rng.randrange(1, _MOST)
        for stop in (before, many, many + 1):
            found.append(Slice(start, start, stop))
            start = stop
    return found


def stopped(
    feed: LoadedFeed,
    opening: int,
    replay: Running,
    hand: Callable[[int, int], float],
    examiner: Examiner,
    seed: int,
) -> tuple[list[str], str | None]:
    """All answers of a replay that took the records before ``opening``, the same for the same state, and why it is
    refused, if it is. ``hand`` passes on the records between two numbers, and returns the time of their calls in ns."""
    rng = random.Random(seed)
    parts = stops(opening, feed.count, rng)
    answers: list[str] = []
    owed: list[int] = []
    spent: list[float] = []
    for part, question in zip(parts, draw(feed, parts, rng) if parts else (), strict=True):
        spent.append(hand(part.start, part.stop))
        nanoseconds, answer = examiner.ask(replay, question)
        owed.append(nanoseconds)
        answers.append(answer)
    return answers, judged(owed, spent)


def judged(owed: Sequence[float], spent: Sequence[float]) -> str | None:
    """Why an engine is refused with these owed times and call times, in ns, by part; None if it is not."""
    many, one = owed[1::3], owed[2::3]
    if len(one) < _FEWEST:
        return None
    more = float(np.median(many) - np.median(one))
    return put_off(more, _mean(spent[1::3]) + more, _LEAST)


def _mean(found: Sequence[float]) -> float:
    out = int(len(found) * _TRIMMED)
    return float(np.sort(found)[out : len(found) - out].mean())
