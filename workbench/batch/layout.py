"""The place of a feed's rows in a dataset: the folder of its day, and in it files that share its instruments.

A file holds a contiguous range of instruments in the order of their names (of their ids, without names), so that the
statistics in its footer let a reader of one symbol skip the other files. The ranges follow from the beginning of the
feed, so every replay gives the same ones.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path, PurePath
from typing import Final
from urllib.parse import quote

import numpy as np

from lobench.engine.errors import LobenchError
from lobench.engine.feeds import Feed, first_records
from lobench.engine.feeds.dates import dates_in
from lobench.engine.feeds.selection import SelectedFeed, key_of
from lobench.engine.feeds.settings import split
from lobench.workbench.batch.feeds import BatchFeed
from lobench.workbench.batch.request import MOST_SYMBOLS, SYMBOL, BatchRequest

_INSTRUMENTS: Final = 16
"""Number of a file, if a day has several."""
_BEGINNING: Final = 1 << 19
"""Records that say how busy instruments are."""
_FILES: Final = 8
"""Files of a day at most, unless the user says how many: each is written by a thread with memory of its own."""


@dataclass(frozen=True)
class Shares:
    """Files of a feed by the first key of each but the first; this task writes those from ``first`` up to ``stop``."""

    starts: tuple[str, ...]
    first: int
    stop: int

    def of(self, key: str) -> int:
        return bisect_right(self.starts, key)

    @property
    def keys(self) -> tuple[str, str | None]:
        """From which key to before which one this task's instruments are."""
        low = self.starts[self.first - 1] if self.first else ""
        return low, self.starts[self.stop - 1] if self.stop <= len(self.starts) else None


def shares_of(feed: Feed, request: BatchRequest, part: int, parts: int) -> Shares:
    """The files of a feed, and which of them task ``part`` of ``parts`` writes."""
    weights = _weights(feed)
    wanted = request.files or min(_FILES, -(-len(weights) // _INSTRUMENTS))
    files = min(max(1, parts, wanted), max(1, len(weights)))
    keys = sorted(weights)
    sums = np.cumsum([weights[key] for key in keys])
    places = [0]
    for number in range(1, files):
        # As even as the beginning suggests, with at least one instrument in each file.
        even = int(np.searchsorted(sums, sums[-1] * number / files)) + 1
        places.append(min(max(even, places[-1] + 1), len(keys) - files + number))
    return Shares(tuple(keys[place] for place in places[1:]), files * part // parts, files * (part + 1) // parts)


def _weights(feed: Feed) -> dict[str, int]:
    """The activity of each instrument at the start of a feed, by key; 1 for named instruments without any yet.

    Nothing that depends on how far a thread has read ahead.
    """
    # Limited to the beginning, even if the selection leaves few of its records.
    records = first_records(feed.beginning(_BEGINNING) if isinstance(feed, SelectedFeed) else feed, _BEGINNING)
    symbols = feed.symbols
    known = {} if getattr(feed, "learns_symbols", False) else selected_symbols(feed)
    weights = {key_of(number, name): 1 for number, name in known.items()}
    ids, counts = np.unique(records["instrument_id"], return_counts=True)
    for number, count in zip(ids.tolist(), counts.tolist(), strict=True):
        weights[key_of(number, symbols.get(number))] = 1 + count
    return weights


def selected_symbols(feed: Feed) -> Mapping[int, str]:
    """Names of the instruments that rows may be of, as far as they are known."""
    return feed.selected_symbols if isinstance(feed, SelectedFeed) else feed.symbols


def check_symbols(symbols: Mapping[int, str], request: BatchRequest) -> None:
    """Raise LobenchError where each symbol of a feed would have a folder, and there are too many."""
    if request.partition_by == SYMBOL and len(set(symbols.values())) > MOST_SYMBOLS:
        raise LobenchError(too_many_symbols(len(set(symbols.values()))))


def too_many_symbols(count: int) -> str:
    return f"{count:,} symbols: --partition-by symbol allows {MOST_SYMBOLS} at most; without it files share instruments"


def day_of_feed(words: Sequence[str], feed: Feed) -> date:
    """The day of a feed: the given one, else the one in its name, else that of its first record, in UTC. Raises
    LobenchError for a feed without records, and errors of the feed."""
    paths, settings = split(words)
    if settings.day is not None:
        return settings.day
    said = set.union(*(dates_in(PurePath(path).name) for path in paths))
    if len(said) == 1:
        return said.pop()
    first = first_records(feed, 1)
    times = [int(first[name][0]) for name in ("ts_event", "ts_recv") if len(first) and first[name][0] < 2**63]
    if not times:
        what = "its first record has no time, and its name contains no date" if len(first) else "holds no record"
        raise LobenchError(f"{feed.name}: {what}; give its date with --date")
    return datetime.fromtimestamp(times[0] // 10**9, UTC).date()


def place_of_share(dataset: str, day: date, feed: BatchFeed, number: int) -> Path:
    return Path(dataset, f"date={day}", f"{feed.stem}-{number:03d}.parquet")


def place_of_symbol(dataset: str, day: date, feed: BatchFeed, key: str) -> Path:
    return Path(dataset, f"date={day}", f"symbol={quote(key, safe='')}", f"{feed.stem}-000.parquet")


def files_of(dataset: str, feed: BatchFeed) -> list[Path]:
    """All files of a feed in a dataset, whichever task wrote them."""
    return sorted(Path(dataset).glob(f"date=*/**/{feed.stem}-[0-9][0-9][0-9].parquet"))
