"""Rows of the books: a feed's best levels after the records that change them, as the vendor's mbp-1 and mbp-10.

A row belongs to a record that changed one of the best levels, with that record's own fields and the levels after it.
For a trade with its fills and cancels of resting orders, in one run of T, F and C of one sequence number, only the T
gives a row: it has the side of the resting order, and the levels after them. docs/feeds.md has the rules in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from lobench.engine.errors import LobenchError
from lobench.engine.feeds import Feed
from lobench.engine.feeds.base import Chunk
from lobench.engine.layout import OUTPUT_LEVEL
from lobench.engine.records import ADD, ASK, BID, CANCEL, CLEAR, F_LAST, FILL, MODIFY, TRADE, UNDEF_PRICE, book_keys
from lobench.engine.replay import SLICE, Replay
from lobench.engine.rows import Rows
from lobench.workbench.converting.events import EventMarker
from lobench.workbench.converting.schemas import Schema

_BELOW = 2
"""Levels below those of a row that are looked at: the vendor's mbp-10 has rows of some of them."""
_FILLED = 2
"""Records after a trade that fills a resting order: its fill, and the cancel of the filled size."""
_OWN = (
    *("publisher_id", "instrument_id", "ts_event", "ts_recv", "ts_in_delta", "sequence"),
    *("action", "price", "size", "flags"),
)
"""Fields that a row has of its record."""
_NONE = np.zeros(1, OUTPUT_LEVEL)
_NONE["bid_px"] = _NONE["ask_px"] = UNDEF_PRICE

Void = npt.NDArray[np.void]


def book_rows(
    feed: Feed, schema: Schema, advance: Callable[[int], object], *, merged: bool = True, events: bool = False
) -> Iterator[Void]:
    """Rows of ``schema`` for a feed's records, in runs. ``merged`` is False: each record of a trade has its own row.
    ``events``: rows of whole events. Raises what the feed raises, and LobenchError for a size that does not fit."""
    from lobench.variants import discover

    variant = max(discover().values(), key=lambda known: -1 if known.phase is None else known.phase)
    found: list[Rows] = []
    marker = _Events(schema) if events else _Marker(schema, merged)
    settings: dict[str, Any] = {"depth": schema.depth + _BELOW, "on_rows": found.append}
    with Replay(variant, evaluate="every", observe=True, deep=False, **settings) as replay:
        for chunk in feed:
            for start in range(0, chunk.count, SLICE):
                count = min(SLICE, chunk.count - start)
                piece = Chunk(chunk.address + start * chunk.stride, chunk.stride, count, chunk.owner)
                replay.apply(piece)
                made = marker.rows(piece.array(), found.pop().levels)
                if len(made):
                    yield made
            advance(chunk.count)
    made = marker.rest()
    if len(made):
        yield made


class _Marker:
    """Makes rows of records and of the levels after each, run by run; the last records of a run wait for the next."""

    def __init__(self, schema: Schema, merged: bool) -> None:
        self._schema, self._merged = schema, merged
        self._newest = _Newest()
        self._waiting: tuple[Void, Void, Void] | None = None

    def rows(self, records: Void, levels: Void) -> Void:
        """Rows of the waiting records and of all but the last of these: ``records`` (n,), ``levels`` (n, depth)."""
        runs = records, levels, self._newest.before(records, levels)
        if self._waiting is not None:
            old = self._waiting
            runs = np.append(old[0], runs[0]), np.concatenate((old[1], runs[1])), np.concatenate((old[2], runs[2]))
        known = max(0, len(runs[0]) - _FILLED)
        self._waiting = runs[0][known:].copy(), runs[1][known:].copy(), runs[2][known:].copy()
        return self._made(*runs, known)

    def rest(self) -> Void:
        """Rows of the records that still wait."""
        return self._made(*self._waiting, len(self._waiting[0])) if self._waiting else self._schema.empty(0)

    def _made(self, records: Void, levels: Void, before: Void, known: int) -> Void:
        """Rows of the first ``known`` records."""
        action = records["action"]
        is_trade = action == TRADE
        shown = np.isin(action, (ADD, MODIFY, CANCEL)) & self._changed(records, levels, before)
        shown |= is_trade | (action == CLEAR)
        source = np.arange(len(records))
        if self._merged and len(records) > _FILLED:
            filled = np.flatnonzero(self._fills(records))
            shown[filled + _FILLED] = False
            source[filled] += _FILLED
        chosen = np.flatnonzero(shown[:known])
        source = source[chosen]
        depth = np.where(is_trade[chosen], 0, _depth(records[chosen], levels[chosen]))
        return _rows_of(self._schema, records[chosen], records["side"][source], depth, levels[source])

    def _changed(self, records: Void, levels: Void, before: Void) -> npt.NDArray[np.bool_]:
        """Whether a record changed a level that is shown. The vendor's mbp-10 also has the one below the ten, and of
        bids the second below where it vanishes."""
        depth = self._schema.depth
        looked = depth + (depth > 1)
        changed: npt.NDArray[np.bool_] = (levels[:, :looked] != before[:, :looked]).any(axis=1)
        if depth > 1:
            price = records["price"]
            gone = (before["bid_px"][:, looked] == price) & (levels["bid_px"][:, looked] != price)
            changed |= gone & (records["side"] == BID) & (records["action"] == CANCEL)
        return changed

    def _fills(self, records: Void) -> npt.NDArray[np.bool_]:
        """Where a trade, the fill of a resting order and its cancel follow one another; shape (n - 2,)."""
        trade, fill, cancel = records[:-2], records[1:-1], records[2:]
        found: npt.NDArray[np.bool_] = (
            (trade["action"] == TRADE) & (fill["action"] == FILL) & (cancel["action"] == CANCEL)
        )
        for name in ("sequence", "instrument_id", "publisher_id", "size"):
            found &= (trade[name] == fill[name]) & (fill[name] == cancel[name])
        found &= fill["order_id"] == cancel["order_id"]
        return found


class _Events:
    """Makes rows of whole events, run by run."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._newest = _Newest()
        self._marker = EventMarker(schema.depth)

    def rows(self, records: Void, levels: Void) -> Void:
        found, own = self._marker.mark(records, levels, self._newest.before(records, levels))
        own["flags"] = own["flags"] & ~np.uint8(F_LAST) | np.where(found["last"] != 0, np.uint8(F_LAST), np.uint8(0))
        return _rows_of(self._schema, own, found["side"], found["depth"], levels[found["at"]])

    def rest(self) -> Void:
        """None: an event that has not ended has no row yet."""
        return self._schema.empty(0)


class _Newest:
    """The levels of each book after its last record."""

    def __init__(self) -> None:
        self._levels: dict[int, Void] = {}

    def before(self, records: Void, levels: Void) -> Void:
        """The levels that each record's book had before it, ``levels`` being those after it."""
        keys = book_keys(records)
        order = np.argsort(keys, kind="stable")
        follows = np.append(False, keys[order][1:] == keys[order][:-1])
        before = np.empty_like(levels)
        before[order[1:]] = levels[order[:-1]]
        for place in order[~follows].tolist():
            before[place] = self._levels.get(int(keys[place]), _NONE[0])
        ends = order[np.append(~follows[1:], True)] if len(order) else order
        self._levels |= {int(keys[place]): levels[place].copy() for place in ends.tolist()}
        return before


def _rows_of(schema: Schema, records: Void, side: npt.NDArray[Any], depth: npt.NDArray[np.int64], levels: Void) -> Void:
    """A row for each record, with its own fields but for these; ``levels``: shape (n, at least the schema's depth)."""
    made = schema.empty(len(records))
    for name in _OWN:
        made[name] = records[name]
    made["side"], made["depth"] = side, depth
    for place in range(schema.depth):
        for name in OUTPUT_LEVEL.names or ():
            field = f"{name}_{place:02d}"
            made[field] = _fitting(levels[name][:, place], schema.dtype[field], field)
    return made


def _depth(records: Void, levels: Void) -> npt.NDArray[np.int64]:
    """How many levels of the record's side are better than its price."""
    price = records["price"][:, None]
    bids = (levels["bid_px"] > price) & (levels["bid_px"] != UNDEF_PRICE)
    better = np.where((records["side"] == BID)[:, None], bids, levels["ask_px"] < price)
    found: npt.NDArray[np.int64] = better.sum(axis=1) * np.isin(records["side"], (BID, ASK))
    return np.where(records["action"] == CLEAR, 0, found)


def _fitting(values: npt.NDArray[np.int64], dtype: np.dtype[Any], name: str) -> npt.NDArray[Any]:
    if dtype.itemsize == 4 and len(values) and values.max() >= 2**32:
        raise LobenchError(f"{name} would be {values.max():,}, and a row holds 32 bits of it")
    return values.astype(dtype)
