"""The outcome of a replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lobench.engine.result import BookEnd, Result
from lobench.workbench.processes.interrupts import WORDS


@dataclass(frozen=True)
class WrittenFile:
    """A file of rows: its path and row count."""

    path: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class ReplayOutcome:
    """The outcome of a replay. ``signal``: of an interrupt that ended it before its feed, 0 for none; ``seconds``: from
    the first records to the last row in its file, with the kernels compiled; ``book_count``: also known for an engine
    from outside, whose books' end states are not kept."""

    feed: str
    variant: str
    workers: int
    evaluate: str
    until: str
    events: int
    book_count: int
    seconds: float
    signal: int
    files: tuple[WrittenFile, ...]
    result: Result
    digests: Mapping[str, str]
    memory: Mapping[str, int | float] | None
    other_records: Mapping[int, int]
    skipped: Mapping[str, int] = field(default_factory=dict)
    tuning: Mapping[str, Any] | None = None

    @property
    def complete(self) -> bool:
        """Whether the feed was replayed to its end."""
        return not self.signal

    @property
    def evaluations(self) -> int:
        return self.result.evaluations

    @property
    def anomalies(self) -> dict[str, int]:
        """Broken rules by kind, counted."""
        return dict(self.result.anomalies)

    @property
    def books(self) -> tuple[BookEnd, ...]:
        """End states of all books, in order of instrument and publisher."""
        return self.result.books

    @property
    def trace(self) -> str | None:
        """The running trace, 16 hex digits: equal for equal results."""
        return self.digests.get("trace")

    @property
    def events_per_second(self) -> float:
        return self.events / self.seconds if self.seconds else 0.0

    def as_json(self) -> dict[str, Any]:
        """As `lobench replay --json` prints it."""
        outcome = {
            "feed": self.feed,
            "variant": self.variant,
            "workers": self.workers,
            "evaluate": self.evaluate,
            "until": self.until,
            **self.result.as_json(),
            "events": self.events,
            "books": self.book_count,
            "digests": dict(self.digests),
            "seconds": self.seconds,
            "events_per_second": self.events_per_second,
            "other_records": dict(self.other_records),
            "skipped": dict(self.skipped),
            "memory": self.memory,
        }
        if self.result.counters is not None:
            events = max(self.result.events, 1)
            outcome["counters"] = self.result.counters
            outcome["counters_per_event"] = {name: count / events for name, count in self.result.counters.items()}
        outcome["files"] = [{"path": file.path, "rows": file.rows} for file in self.files]
        outcome["tuning"] = self.tuning
        return outcome

    def interrupted(self) -> str:
        """One line for a person: the cause of the end, and the saved rows."""
        kept = [f"{file.path} keeps {file.rows:,} rows" for file in self.files]
        return "; ".join([f"{WORDS[self.signal]} after {self.events:,} events", *kept])
