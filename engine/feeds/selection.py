"""A part of a feed: some of its instruments, some of its time; and names for instruments from a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lobench.engine.errors import UsageError
from lobench.engine.feeds.base import Chunk, Feed
from lobench.engine.feeds.instruments import IdSet
from lobench.engine.records import MBO

_NO_TIME = np.uint64(2**64 - 1)
_SHOWN = 5


@dataclass(frozen=True)
class Selection:
    """``symbols``: patterns as in shells, ``instruments``: ids; with both, their union. ``start`` (included) and
    ``stop`` (excluded): limits for ``ts_recv`` (``ts_event`` if there is none) in nanoseconds since 1970. ``keys``: a
    range of instruments by ``key_of``, from the first (included) to the second (excluded; None: to the last), of which
    the feed may have none. None selects all."""

    symbols: tuple[str, ...] | None = None
    instruments: frozenset[int] | None = None
    start: int | None = None
    stop: int | None = None
    keys: tuple[str, str | None] | None = None

    @property
    def whole(self) -> bool:
        return self == Selection()

    def takes(self, instrument: int, name: str | None) -> bool:
        if self.keys is not None:
            low, high = self.keys
            return low <= (key := key_of(instrument, name)) and (high is None or key < high)
        if self.symbols is None and self.instruments is None:
            return True
        by_name = name is not None and any(fnmatchcase(name, pattern) for pattern in self.symbols or ())
        return by_name or instrument in (self.instruments or ())


def key_of(instrument: int, name: str | None) -> str:
    """The sort key of instruments: the name, or else the id."""
    return name or f"{instrument:010d}"


class SelectedFeed:
    """The selected records of ``feed``, in order, with ``names`` by instrument id before its own.

    If there are none, an iteration ends with UsageError. ``within``: it ends after this many records of the feed,
    counted from the start of the selected time.
    """

    stable = False

    def __init__(
        self, feed: Feed, selection: Selection, names: Mapping[int, str], *, within: int | None = None
    ) -> None:
        self._feed, self._selection, self._names, self._within = feed, selection, names, within

    def beginning(self, count: int) -> SelectedFeed:
        """The same of the first ``count`` records alone, whether they are taken or not; it may have none."""
        return SelectedFeed(self._feed, self._selection, self._names, within=count)

    @property
    def name(self) -> str:
        return self._feed.name

    @property
    def expected(self) -> int | None:
        return self._feed.expected if self._selection.whole else None

    @property
    def progress(self) -> float:
        return getattr(self._feed, "progress", 0.0)

    @property
    def other_records(self) -> dict[int, int]:
        return self._feed.other_records

    @property
    def skipped(self) -> dict[str, int]:
        return getattr(self._feed, "skipped", {})

    @property
    def learns_symbols(self) -> bool:
        return getattr(self._feed, "learns_symbols", False)

    @property
    def metadata(self) -> Any:
        """A DBN file's header, with its names."""
        return None if self._names else getattr(self._feed, "metadata", None)

    @property
    def symbols(self) -> Mapping[int, str]:
        return {**self._feed.symbols, **self._names}

    @property
    def selected_symbols(self) -> dict[int, str]:
        """Of the instruments that are taken."""
        return {number: name for number, name in self.symbols.items() if self._selection.takes(number, name)}

    def __iter__(self) -> Iterator[Chunk]:
        if self._selection.whole and self._within is None:
            yield from self._feed
            return
        met, wanted = IdSet(), IdSet()
        taken = read = 0
        left = self._within
        for chunk in self._feed:
            records = chunk.array()
            if left is not None:
                counted = np.flatnonzero(self._begun(records))[:left]
                left -= len(counted)
                records = records if left else records[: counted[-1] + 1]
            chosen = self._chosen(records, met, wanted)
            count = int(chosen.sum())
            taken += count
            read += chunk.count
            if count == chunk.count:
                yield chunk
            elif count:
                made = records[chosen].astype(MBO)
                made["length"] = MBO.itemsize // 4  # without ts_out
                yield Chunk(made.ctypes.data, MBO.itemsize, count, made)
            if left == 0:
                break
        if read and not taken and self._selection.keys is None and self._within is None:
            raise UsageError(f"{self.name}: no record matches; {self._there()}")

    def _chosen(self, records: npt.NDArray[np.void], met: IdSet, wanted: IdSet) -> npt.NDArray[np.bool_]:
        selection = self._selection
        chosen = np.ones(len(records), np.bool_)
        if (selection.symbols, selection.instruments, selection.keys) != (None, None, None):
            ids = np.ascontiguousarray(records["instrument_id"])
            new = ids[met.first_of_new(ids)]
            if len(new):
                symbols = self.symbols
                taken = [each for each in new.tolist() if selection.takes(each, symbols.get(each))]
                wanted.add(np.array(taken, np.uint32))
            chosen = wanted.holds(ids)
        if selection.start is not None:
            chosen &= self._begun(records)
        if selection.stop is not None:
            chosen &= _times(records) < np.uint64(selection.stop)
        return chosen

    def _begun(self, records: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
        """Which records are not before the selected time."""
        if self._selection.start is None:
            return np.ones(len(records), np.bool_)
        return _times(records) >= np.uint64(self._selection.start)

    def _there(self) -> str:
        names = sorted(set(self.symbols.values()))
        if not names:
            return "none of its instruments has a known symbol"
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        return f"its instruments are {', '.join(names[:_SHOWN])}{more}"


def _times(records: npt.NDArray[np.void]) -> npt.NDArray[np.uint64]:
    return np.where(records["ts_recv"] == _NO_TIME, records["ts_event"], records["ts_recv"])


def read_names(path: str) -> dict[int, str]:
    """Names by instrument id: a CSV with columns ``instrument_id`` and ``symbol``, or the vendor's symbology.json.
    Raises UsageError."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        if text.lstrip().startswith("{"):
            return _of_json(json.loads(text))
        return _of_table(text.splitlines())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        raise UsageError(
            f"--symbol-file {path}: {reason}; a CSV with columns instrument_id and symbol, or symbology.json, expected"
        ) from error


def _of_json(content: Any) -> dict[int, str]:
    names: dict[int, tuple[str, str]] = {}
    for name, intervals in content["result"].items():
        for interval in intervals:
            if interval["s"]:
                number = int(interval["s"])
                names[number] = max(names.get(number, ("", "")), (interval["d0"], name))
    return {number: name for number, (_, name) in names.items()}


def _of_table(lines: Sequence[str]) -> dict[int, str]:
    names = {}
    for row in csv.DictReader(lines):
        number = int(row["instrument_id"])
        if not 0 <= number < 2**32 or not row["symbol"]:
            raise ValueError(f"{row['instrument_id']},{row['symbol']} is not an instrument id and a name")
        names[number] = row["symbol"]
    if not names:
        raise ValueError("it names no instrument")
    return names
