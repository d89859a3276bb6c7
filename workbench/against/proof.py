"""A feed replayed, and its books compared with a vendor's rows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lobench.engine.feeds import Feed
from lobench.engine.policy import Variant
from lobench.engine.records import UNDEF_PRICE
from lobench.engine.replay import SLICE, Replay
from lobench.engine.rows import Rows
from lobench.workbench.against.answer import PLACES, Answer
from lobench.workbench.against.comparing import BEYOND, DIFFERENT, EQUAL, UNMATCHED, Comparison

Levels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Proof:
    """The outcome of a comparison. ``first`` is the first row that does not agree, or None; ``ours`` the book that it
    was compared with, ``theirs`` the row's own, both int64, shape (depth, 6)."""

    feed: str
    answer: Answer
    variant: str
    records: int
    outcomes: npt.NDArray[np.uint8]
    differing: npt.NDArray[np.int64]
    first: int | None
    record: int
    ours: Levels | None

    def count(self, outcome: int) -> int:
        return int(np.count_nonzero(self.outcomes == outcome))

    @property
    def agrees(self) -> bool:
        """Whether there are rows, each has its record, and no row differs within the extent of its file."""
        return len(self.answer) > 0 and self.count(UNMATCHED) == 0 and self.count(DIFFERENT) == 0

    @property
    def levels(self) -> int:
        """Sides of levels that were compared."""
        return 2 * self.answer.depth * (len(self.answer) - self.count(UNMATCHED))

    @property
    def theirs(self) -> Levels | None:
        return None if self.first is None else self.answer.levels[self.first]

    def as_json(self) -> dict[str, Any]:
        found = {
            "feed": self.feed,
            "against": self.answer.name,
            "kind": self.answer.kind,
            "depth": self.answer.depth,
            "variant": self.variant,
            "agree": self.agrees,
            "records": self.records,
            "rows": len(self.answer),
            "rows_equal": self.count(EQUAL),
            "rows_different": self.count(DIFFERENT),
            "rows_different_beyond": self.count(BEYOND),
            "rows_without_record": self.count(UNMATCHED),
            "levels": self.levels,
            "levels_equal": self.levels - int(self.differing.sum()),
            "levels_different": int(self.differing.sum()),
            "first_difference": None,
        }
        if self.first is not None:
            found["first_difference"] = {
                "row": self.first + 1,
                "sequence": int(self.answer.sequence[self.first]),
                "ts_event": int(self.answer.time[self.first]),
                "instrument_id": int(self.answer.instrument[self.first]),
                "record": self.record if self.record >= 0 else None,
                "ours": None if self.ours is None else _told(self.ours),
                "theirs": None if self.theirs is None else _told(self.theirs),
            }
        return found


def prove(feed: Feed, answer: Answer, variant: Variant, progress: Callable[[int], None] | None = None) -> Proof:
    """Replay ``feed`` and compare. ``progress`` is called with the records of each chunk. Raises the feed's errors."""
    comparison = Comparison(answer)
    records = _replay(feed, variant, answer.depth, comparison.take, progress or (lambda count: None))
    wrong = np.flatnonzero((comparison.outcomes == DIFFERENT) | (comparison.outcomes == UNMATCHED))
    if not len(wrong):
        wrong = np.flatnonzero(comparison.outcomes == BEYOND)
    first = int(wrong[0]) if len(wrong) else None
    record = -1 if first is None else int(comparison.at[first])
    return Proof(
        feed=feed.name,
        answer=answer,
        variant=variant.name,
        records=records,
        outcomes=comparison.outcomes,
        differing=comparison.differing,
        first=first,
        record=record,
        ours=None if record < 0 else _book_after(feed, variant, answer.depth, record),
    )


Take = Callable[[npt.NDArray[np.void], int, Levels], None]


class _FoundError(Exception):
    """The record that was looked for has come."""


def _book_after(feed: Feed, variant: Variant, depth: int, record: int) -> Levels:
    """The book of a record's instrument after it, in a replay of its own: books are kept of no other record."""
    found: list[Levels] = []

    def look(records: npt.NDArray[np.void], first: int, levels: Levels) -> None:
        if first <= record < first + len(records):
            found.append(levels[record - first].copy())
            raise _FoundError

    with suppress(_FoundError):
        _replay(feed, variant, depth, look, lambda count: None)
    return found[0]


def _replay(feed: Feed, variant: Variant, depth: int, take: Take, progress: Callable[[int], None]) -> int:
    """Replay, and hand over the books after every record, slice by slice; returns the number of records."""
    current: list[Any] = [np.zeros(0), 0]

    def on_rows(rows: Rows) -> None:
        records, first = current
        levels = np.stack([rows.levels[place] for place in PLACES], axis=-1).astype(np.int64)
        take(records, first, levels)
        current[0], current[1] = None, first + len(records)

    with Replay(
        variant, evaluate="every", observe=True, deep=False, depth=depth, on_rows=on_rows, until="features"
    ) as replay:
        for chunk in feed:
            whole = chunk.array()
            for start in range(0, chunk.count, SLICE):
                part = whole[start : start + SLICE]
                current[0] = part
                address = chunk.address + start * chunk.stride
                replay.apply(type(chunk)(address, chunk.stride, len(part), chunk.owner))
            progress(chunk.count)
        return replay.records


def _told(levels: Levels) -> list[dict[str, int | None]]:
    """Levels for JSON: no price if there is no level."""
    return [
        {name: None if number == UNDEF_PRICE else int(number) for name, number in zip(PLACES, level, strict=True)}
        for level in levels
    ]
