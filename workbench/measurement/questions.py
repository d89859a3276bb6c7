"""Questions between timed slices: has a variant really done the timed work?

At the end of every slice a variant is asked about a few random books, and at two slices of a pass, one random and the
last, for its whole state. Each question is put twice in a row. The excess of the first answer's time over the second's
is work that the timed call left undone, and belongs to the slice; all variants must give the same answers.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lobench.engine.feeds import LoadedFeed
from lobench.engine.foreign.start import Running
from lobench.workbench.measurement.design import Slice

BOOKS = 3
MOST_OWED = 0.2
"""Share of a pass's time that answers may owe: beyond it lie not cold caches but deferred work."""
LEAST_OWED = 10_000_000
"""Nanoseconds of a pass: on a feed of a few thousand records any first answer may take this long. It counts as time all
the same."""
LEAST_LATE = 2
"""Passes with late answers, at least half of all, that refuse a variant: a single one may have been disturbed."""
_CACHE_BYTES = 1 << 26
"""More than any cache of a core holds. A question about everything reads cold memory both times."""


@dataclass(frozen=True)
class Question:
    """``books``: (instrument_id, publisher_id) that are asked about; ``whole``: so is the state of all of them."""

    books: tuple[tuple[int, int], ...]
    whole: bool


def draw(feed: LoadedFeed, slices: Sequence[Slice], rng: random.Random) -> list[Question]:
    """A question for the end of each slice of a pass: about books of random records up to there."""
    whole = {rng.randrange(len(slices)), len(slices) - 1}
    drawn = []
    for place, part in enumerate(slices):
        records = feed.records[[rng.randrange(part.stop) for _ in range(BOOKS)]]
        books = zip(records["instrument_id"].tolist(), records["publisher_id"].tolist(), strict=True)
        drawn.append(Question(tuple(books), place in whole))
    return drawn


class Examiner:
    """Puts questions, and measures the debt of the answers. ``traced``: the running trace is part of them."""

    def __init__(self, traced: bool = True) -> None:
        self._traced = traced
        self._memory = np.zeros(_CACHE_BYTES // 8, np.int64)

    def ask(self, replay: Running, question: Question) -> tuple[int, str]:
        """CPU time that the answer owed, in ns, and the answer, the same string for the same state."""
        replay.settle()
        owed, answer = self._twice(lambda: replay.question(question.books), cold=False)
        answers = [answer]
        if self._traced:
            more, trace = self._twice(lambda: _trace(replay), cold=False)
            owed, answers = owed + more, [*answers, trace]
        if question.whole:
            more, state = self._twice(replay.end_state, cold=True)
            owed, answers = owed + more, [*answers, state]
        return owed, " ".join(f"{number:016x}" for number in answers)

    def _twice(self, ask: Callable[[], int], cold: bool) -> tuple[int, int]:
        spent, answers = [], []
        for _ in range(2):
            if cold:
                self._memory.sum()
            began = time.process_time_ns()
            answers.append(ask())
            spent.append(time.process_time_ns() - began)
        # An answer that changes when repeated must agree with none.
        return max(0, spent[0] - spent[1]), answers[0] if answers[0] == answers[1] else ~answers[0]


def put_off(owed: float, spent: float, least: float = LEAST_OWED) -> str | None:
    """Why no figure is shown for a variant that took ``spent`` ns, including ``owed`` ns of work put off until it was
    asked; None if that is tolerated: up to ``least`` ns, or the share ``MOST_OWED``."""
    if owed <= max(least, MOST_OWED * spent):
        return None
    return f"does {owed / spent:.0%} of its work only when it is asked for results"


@dataclass
class Lateness:
    """Of one variant: the number of its passes, and of those whose answers came late."""

    passes: int = 0
    late: int = 0

    def judged(self, owed: float, spent: float) -> str | None:
        """Note a pass (``put_off``). Why the variant is refused after it; None if it is not."""
        late = put_off(owed, spent)
        self.passes += 1
        self.late += late is not None
        return late if 2 * self.late >= max(self.passes, 2 * LEAST_LATE) else None


def _trace(replay: Running) -> int:
    trace = replay.trace
    assert trace is not None, "a session compares traces where all keep one"
    return trace
