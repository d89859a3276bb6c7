"""Rules that records reach regardless of the books' state: counts by rule, with NumPy."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lobench.engine.activity import activity
from lobench.engine.feeds import LoadedFeed
from lobench.engine.layout import TRADE_WINDOW
from lobench.engine.records import (
    ADD,
    ASK,
    BATCH,
    BID,
    CANCEL,
    CLEAR,
    F_LAST,
    F_SNAPSHOT,
    F_TOB,
    FILL,
    MODIFY,
    NONE,
    TRADE,
    UNDEF_PRICE,
    book_keys,
)
from lobench.engine.shards import share_out, slots_of
from lobench.engine.trackers import WINDOW_EVENTS

MANY: Final = 1 << 20
EXTREME: Final = 2**62
SPAN: Final = 1 << 12
"""Price steps that the prices of one book reach over, for ``wide_prices``."""
_BLOCK: Final = 1 << 22
"""Records per block: its memory stays small beside the feed."""

RECORDS: Final = {
    "action_add": "A",
    "action_modify": "M",
    "action_cancel": "C",
    "action_clear": "R",
    "action_trade": "T",
    "action_fill": "F",
    "action_none": "N",
    "action_other": "another action",
    "snapshot": "a record of a snapshot",
    "snapshot_last": "the last record of a snapshot's event",
    "not_last": "a record that does not end its event",
    "boundary_inside_event": "a batch boundary within an event",
    "cancel_no_side": "C without a side",
    "modify_top_of_book": "M with F_TOB, which means nothing there",
    "top_of_book_no_side": "A with F_TOB without a side",
    "top_of_book_zero": "A with F_TOB of size 0",
    "trade_buy": "a trade with side B",
    "trade_sell": "a trade with side A",
    "trade_no_side": "a trade without a side",
    "negative_price": "an order at a negative price",
    "extreme_price": "an order at a price of 2^62 or more, either way",
    "extreme_size": "an order of 2^32 - 1",
    "id_zero": "an order of id 0",
    "id_highest": "an order of id 2^64 - 1",
    "id_high_bit": "an order of an id of 2^63 or more",
    "wide_prices": "a book whose prices reach over more than 4,096 steps",
    "many_records": "more than 2^20 records",
    "several_instruments": "more than one instrument",
    "several_publishers": "an instrument of more than one publisher",
    "two_shares": "instruments of two workers",
    "closed_window": "a book's window of 100 events",
    "trade_mean": "an instrument's 64th trade",
    "trade_leaves_mean": "an instrument's 65th trade, with which the first goes",
}
"""Rule to its condition."""


def count_records(feed: LoadedFeed) -> dict[str, int]:
    """How many records (books, instruments) of a feed reach each rule of ``RECORDS``."""
    counts = dict.fromkeys(RECORDS, 0)
    books: dict[int, int] = {}
    trades: dict[int, int] = {}
    prices: dict[int, list[npt.NDArray[Any]]] = {}
    for start in range(0, feed.count, _BLOCK):
        records = feed.records[start : start + _BLOCK]
        for name, reached in _masks(records, start).items():
            counts[name] += int(np.count_nonzero(reached))
        keys = book_keys(records)
        _tally(books, keys)
        traded = (records["action"] == TRADE) & (records["price"] != UNDEF_PRICE)
        _tally(trades, records["instrument_id"][traded])
        _note_prices(prices, keys, records)
    counts["wide_prices"] = sum(_span(found) > SPAN for found in prices.values())
    counts["many_records"] = max(0, feed.count - MANY)
    instruments = [key >> 16 for key in books]
    counts["several_instruments"] = max(0, len(set(instruments)) - 1)
    counts["several_publishers"] = len(instruments) - len(set(instruments))
    counts["closed_window"] = sum(events // WINDOW_EVENTS for events in books.values())
    counts["trade_mean"] = sum(number >= TRADE_WINDOW for number in trades.values())
    counts["trade_leaves_mean"] = sum(number > TRADE_WINDOW for number in trades.values())
    owners = share_out(activity(feed), 2)["worker"][slots_of(np.array(sorted(set(instruments)), np.uint32))]
    counts["two_shares"] = min(int(np.count_nonzero(owners == worker)) for worker in range(2))
    return counts


def _masks(records: npt.NDArray[np.void], start: int) -> dict[str, npt.NDArray[np.bool_]]:
    """Which records reach a rule; ``start`` is the first one's number."""
    action, side, flags = records["action"], records["side"], records["flags"]
    price, size, order_id = records["price"], records["size"], records["order_id"]
    actions = {name: action == code for name, code in _ACTIONS.items()}
    sided = (side == BID) | (side == ASK)
    top = actions["action_add"] & (flags & F_TOB != 0)
    last = flags & F_LAST != 0
    # Records that pass the checks and put an order into the book.
    entering = actions["action_add"] & ~top | actions["action_modify"]
    entering = entering & sided & (price != UNDEF_PRICE) & (size != 0)
    trade = actions["action_trade"] & (price != UNDEF_PRICE)
    numbers = np.arange(start, start + len(records))
    return {
        **actions,
        "action_other": ~np.logical_or.reduce(list(actions.values())),
        "snapshot": flags & F_SNAPSHOT != 0,
        "snapshot_last": last & (flags & F_SNAPSHOT != 0),
        "not_last": ~last,
        "boundary_inside_event": ~last & ((numbers + 1) % BATCH == 0),
        "cancel_no_side": actions["action_cancel"] & ~sided,
        "modify_top_of_book": actions["action_modify"] & (flags & F_TOB != 0),
        "top_of_book_no_side": top & ~sided,
        "top_of_book_zero": top & sided & (price != UNDEF_PRICE) & (size == 0),
        "trade_buy": trade & (side == BID),
        "trade_sell": trade & (side == ASK),
        "trade_no_side": trade & ~sided,
        "negative_price": entering & (price < 0),
        "extreme_price": entering & ((price >= EXTREME) | (price <= -EXTREME)),
        "extreme_size": entering & (size == 2**32 - 1),
        "id_zero": entering & (order_id == 0),
        "id_highest": entering & (order_id == 2**64 - 1),
        "id_high_bit": entering & (order_id >= 2**63),
    }


_ACTIONS: Final = {
    "action_add": ADD,
    "action_modify": MODIFY,
    "action_cancel": CANCEL,
    "action_clear": CLEAR,
    "action_trade": TRADE,
    "action_fill": FILL,
    "action_none": NONE,
}


def _tally(counts: dict[int, int], keys: npt.NDArray[Any]) -> None:
    for key, number in zip(*(part.tolist() for part in np.unique(keys, return_counts=True)), strict=True):
        counts[key] = counts.get(key, 0) + number


def _note_prices(
    prices: dict[int, list[npt.NDArray[Any]]], keys: npt.NDArray[np.int64], records: npt.NDArray[np.void]
) -> None:
    """Add the distinct prices of each book's A records to ``prices``."""
    chosen = (records["action"] == ADD) & (np.abs(records["price"].astype(np.float64)) < EXTREME)
    pairs = np.empty(int(np.count_nonzero(chosen)), [("key", "i8"), ("price", "i8")])
    pairs["key"], pairs["price"] = keys[chosen], records["price"][chosen]
    order = np.lexsort((pairs["price"], pairs["key"]))
    for part in np.split(pairs[order], np.flatnonzero(np.diff(pairs["key"][order])) + 1):
        if len(part):
            prices.setdefault(int(part["key"][0]), []).append(np.unique(part["price"]))


def _span(found: list[npt.NDArray[Any]]) -> float:
    """How many of its smallest steps a book's prices reach over."""
    prices = np.unique(np.concatenate(found))
    if len(prices) < 2:
        return 0.0
    return float(prices[-1] - prices[0]) / float(np.diff(prices).min())
