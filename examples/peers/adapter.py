"""Shared by all adapters: the adapter's own part is kept apart from the library's, so that its cost can be measured.

An adapter turns records into a library's input (``prepare``) and passes it on (``feed``). The cost of preparing is the
adapter's, not the library's. ``NAME_twice.py`` is the same engine that prepares everything twice, each time with memory
of its own, and feeds the second outcome: it computes the same, is verified like any other engine, and its additional
time is the adapter's part.
"""

from __future__ import annotations

from typing import Any


class Adapter:
    """An ``ENGINE`` (docs/engine-abi.md) that prepares ``rounds`` times and feeds once."""

    rounds = 1

    def __init__(self, options: Any) -> None:
        self._preparers = [self.preparer() for _ in range(self.rounds)]

    def preparer(self) -> Any:
        """A callable that turns records into the input of ``feed``. It holds the state that preparing needs."""
        raise NotImplementedError

    def feed(self, prepared: Any) -> None:
        """Hand over to the library."""
        raise NotImplementedError

    def apply(self, records: Any) -> None:
        for prepare in self._preparers:
            prepared = prepare(records)
        self.feed(prepared)


def book_key(instrument_id: int, publisher_id: int) -> int:
    return instrument_id << 16 | publisher_id
