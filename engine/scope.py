"""How far the results of a replay are compared: an engine from outside may offer less than the whole pipeline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lobench.engine.stages import STAGES

BOOKS: Final = ("bbo", "levels", "queues")
"""How deep books are looked at: price and size of each side's best level; levels with price, size and count of orders;
and the orders of each level, too."""

ASKED_LEVELS: Final = 10
"""Levels of each side that a question asks about."""

WHOLE_LEVELS: Final = 1000
"""Levels of each side that are part of a whole state without queues."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """``until``: the last stage that is computed; ``books``: one of ``BOOKS``; ``trace``, ``counts`` (of events and
    evaluations), ``anomalies``: whether these are compared."""

    until: str = STAGES[-1]
    books: str = BOOKS[-1]
    trace: bool = True
    counts: bool = True
    anomalies: bool = True


def levels_of(books: str, whole: bool) -> int:
    """Levels of a side that an answer of depth ``books`` looks at: of a question, or of the ``whole`` state; 0 for all
    of them with their queues."""
    if books == BOOKS[0]:
        return 1
    if not whole:
        return ASKED_LEVELS
    return WHOLE_LEVELS if books == BOOKS[1] else 0


def least(scopes: Iterable[Scope]) -> Scope:
    """The results that all of these can show."""
    found = list(scopes)
    return Scope(
        until=STAGES[min(STAGES.index(scope.until) for scope in found)],
        books=BOOKS[min(BOOKS.index(scope.books) for scope in found)],
        trace=all(scope.trace for scope in found),
        counts=all(scope.counts for scope in found),
        anomalies=all(scope.anomalies for scope in found),
    )


def told(scope: Scope, until: str) -> str:
    """A description of the comparison up to ``until``, and of its limits: "levels and queues; offers no features"."""
    stage, depth = STAGES.index(scope.until), BOOKS.index(scope.books)
    compared = ["BBO"] if depth == 0 else ["levels", "queues"][:depth]
    compared += STAGES[2 : stage + 1]
    compared += ["anomalies"] if scope.anomalies else []
    lacking = [] if depth == 2 else [BOOKS[depth + 1]]
    lacking += STAGES[stage + 1 : STAGES.index(until) + 1][:1]
    *most, last = compared
    words = f"{', '.join(most)} and {last}" if most else last
    return f"{words}; offers no {' and no '.join(lacking)}" if lacking else words
