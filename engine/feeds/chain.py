"""Several feeds as one replay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lobench.engine.feeds.base import Chunk, Feed


class ChainedFeed:
    """The records of ``feeds``, one feed after the other, in the given order.

    Times are not compared: the user decides the order.
    """

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds = tuple(feeds)
        self._current = 0

    @property
    def name(self) -> str:
        return " + ".join(feed.name for feed in self._feeds)

    @property
    def expected(self) -> int | None:
        """The sum, where each feed knows its number."""
        counts = [feed.expected for feed in self._feeds]
        return None if None in counts else sum(count or 0 for count in counts)

    @property
    def progress(self) -> float:
        """Fraction of the last iteration, 0 to 1, each feed taken as an equal part."""
        if self._current == len(self._feeds):
            return 1.0
        within: float = getattr(self._feeds[self._current], "progress", 0.0)
        return (self._current + within) / len(self._feeds)

    @property
    def stable(self) -> bool:
        return all(getattr(feed, "stable", False) for feed in self._feeds)

    @property
    def other_records(self) -> dict[int, int]:
        total: dict[int, int] = {}
        for feed in self._feeds[: self._current + 1]:
            for rtype, count in feed.other_records.items():
                total[rtype] = total.get(rtype, 0) + count
        return dict(sorted(total.items()))

    @property
    def skipped(self) -> dict[str, int]:
        total: dict[str, int] = {}
        for feed in self._feeds[: self._current + 1]:
            for kind, count in getattr(feed, "skipped", {}).items():
                total[kind] = total.get(kind, 0) + count
        return total

    @property
    def learns_symbols(self) -> bool:
        return any(getattr(feed, "learns_symbols", False) for feed in self._feeds)

    @property
    def symbols(self) -> Mapping[int, str]:
        """Of all feeds; of two names of an instrument the later feed's."""
        return {instrument: name for feed in self._feeds for instrument, name in feed.symbols.items()}

    def __iter__(self) -> Iterator[Chunk]:
        self._current = 0
        for feed in self._feeds:
            yield from feed
            self._current += 1
