"""Memory layout of a replay's state: books, levels, orders, instruments, and the engine that owns them.

All of it lives on the C heap and is reached by address, so that state of any size grows where it is used. Integer
fields are int64 (order ids keep their 64 bits), so that kernels never mix signed and unsigned numbers. Sizes are in
the venue's units, prices in 1e-9.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lobench.engine.anomalies import ANOMALIES


def record(*fields: tuple[object, ...]) -> np.dtype[np.void]:
    """An aligned structured dtype."""
    return np.dtype(list(fields), align=True)


def integers(*names: str) -> list[tuple[str, str]]:
    return [(name, "i8") for name in names]


LINKS: Final = record(*integers("next", "previous"))
"""The common start of orders and levels. A queue is a ring: from its level to the first order … the last order, and
back to the level, so that no order has to test for an end."""

ORDER: Final = record(*integers("next", "previous", "level", "order_id", "size", "birth", "arrival"))
"""A resting order, a node of its level's queue; its price and side are the level's. ``level`` is an address."""

LEVEL: Final = record(*integers("next", "previous", "price", "size", "count", "side"))
"""A price level: ``next`` is the first order of its queue, ``previous`` the last; ``size`` of all its orders and of
anonymous size, ``count`` of orders."""

RUNG: Final = record(*integers("key", "level"))
"""One entry of a side's price ladder, sorted by ``key`` ascending so that the best level is the last."""

QUEUE_POSITION: Final = record(*integers("valid", "price", "joined", "ahead"))
"""The hypothetical order that joined the best level's tail when its price last became best."""

SIDE: Final = record(
    *integers("rungs", "count", "capacity", "reset", "best", "stale"),
    ("position", QUEUE_POSITION),
)
"""One side of a book: its price ladder; ``best`` level's address as of the last event; ``reset`` by R or F_TOB in
this event. ``stale``: the layout's additional data about it must be read again."""

TABLE: Final = record(*integers("slots", "mask", "shift", "count", "found"))
"""An open-addressing hash table from a 64-bit key to a non-zero value; ``found``: the slot where the last search
ended."""

SLOT: Final = record(*integers("key", "value"))

WINDOW: Final = record(
    *integers("adds", "added_size", "modifies", "cancelled_size"),
    *[(name, "f8") for name in ("arrival", "modification_rate", "cancellation")],
)
"""Counts of the present window of 100 events, and the three values of the last full one."""

TRACKERS: Final = record(
    ("window", WINDOW),
    *[(name, "f8") for name in ("lifetime", "trade_flow", "trade_price", "trade_spread")],
    *[(name, "f8") for name in ("previous_bid_price", "previous_bid_size", "previous_ask_price", "previous_ask_size")],
)
"""Recurrent values, updated by events and read by evaluations."""

BACKTEST: Final = record(("position", "i8"), ("trades", "i8"), ("cash", "f8"), ("equity", "f8"), ("memory", "f8", (4,)))
"""One strategy of one book: the backtester's account and four doubles of the strategy's own memory, 0 at first."""

DIGESTS: Final = record(*[(name, "u8") for name in ("books", "features", "strategies")])

BOOK: Final = record(
    *integers("key", "instrument_id", "publisher_id", "events", "instrument", "next_of_instrument"),
    *integers("dirty", "sampled", "features", "strategies", "newest"),
    ("bid", SIDE),
    ("ask", SIDE),
    ("orders", TABLE),
    ("trackers", TRACKERS),
    ("hash", DIGESTS),
    ("entered", DIGESTS),
)
"""One book. ``features`` and ``strategies`` are addresses of its feature store and of an array of ``BACKTEST``;
``dirty`` while it had an event since its last digest sample; ``newest``: where a shape keeps its last evaluation.
``hash``: its own digests; ``entered``: its part of the replay's."""

QUOTE: Final = record(
    *integers("bid_price", "bid_size", "bid_count", "ask_price", "ask_size", "ask_count"), ("mid", "f8")
)
"""Best bid and offer; a side of size 0 is empty. ``mid``: (bid + ask) / 2e9, NaN if a side is empty."""

TRADES: Final = record(*integers("price", "size", "side", "count", "sum"), ("mean", "f8"))
"""Last trade, number of trades so far, sum of the last 64 prices, and their mean (NaN before the 64th)."""

TRADE_WINDOW: Final = 64

INSTRUMENT: Final = record(
    ("quote", QUOTE),
    ("dirty", "i8"),
    ("trades", TRADES),
    *integers("instrument_id", "books", "published"),
    ("recent", "i8", (TRADE_WINDOW,)),
)
"""One instrument: BBO over all its books, trades, its books (a linked list, ordered by first record), and a ring of
recent trade prices. What every event needs is in one cache line, if it begins with one, and the mean of trades in the
next."""

PUBLISHED: Final = record(("quote", QUOTE), ("trades", TRADES))
"""The published data of an instrument, as of the last batch boundary."""

LIST: Final = record(*integers("items", "count", "capacity"))
"""A growable array of addresses."""

SHARED: Final = record(*integers("workers", "barrier", "boards", "context", "owners"))
"""Data shared by all workers of a replay. ``boards``: array of one ``TABLE`` for each worker, from instrument id to
``PUBLISHED``. ``owners``: the worker of each slot of instruments (``lobench.engine.shards``)."""

STATE: Final = record(
    *integers("shared", "worker", "workers", "context", "peer_lock", "peer_locks_taken"),
    *integers("records", "events", "evaluations", "flag_mask", "flag_value"),
    *integers("strict", "stopped", "stop_index", "anomaly"),
    ("anomalies", "i8", (len(ANOMALIES),)),
    ("book_table", TABLE),
    ("instrument_table", TABLE),
    *integers("last_key", "last_book"),
    ("books", LIST),
    ("dirty_books", LIST),
    ("dirty_instruments", LIST),
    ("batch", LIST),
    *integers("inputs", "row", "decoded", "turns", "listed"),
    *integers("memory_state", "layout_state", "layout_parameters", "shape_state", "pending"),
    ("trace", "u8"),
    ("digests", DIGESTS),
)
"""One worker's replay. ``records`` counts the feed's records, ``events`` those of this worker's instruments.
``decoded``: sum of all fields read by a replay that does no more than decode. ``turns``: room to list
which records of a batch are this worker's; ``listed``: the list in force, 0 when all are, in their order.
``memory_state``, ``layout_state``, ``shape_state``: words of these policies' own, 0 at first, and ``pending``, the
shape's too: how many evaluations it still has to compute. ``layout_parameters``: address of the layout's run-time
parameters (``lobench.engine.parameters``). ``trace``: the running trace
(``lobench.engine.trace``)."""

MEMORY: Final = record(*integers("orders", "levels", "order_bytes", "table_bytes", "ladder_bytes"))
"""Memory of books: resting orders and levels, bytes of both, of tables that find orders, and of price ladders."""

TAP: Final = record(
    *integers("places", "first", "chosen", "columns", "rows", "column_step", "levels", "level_step", "depth"),
    *integers("samples", "sample_count", "deep"),
)
"""Where an observed replay writes: rows of evaluations, and a ``DIGESTS`` sample for each batch boundary.

``places``: address of a ``PLACE`` for each record of the call: the index of the row for its evaluation, or -1 if it
becomes no row; 0 if no rows are written. ``first``: the number of the call's first record. ``rows``: address of the
features, doubles in ``columns`` columns, ``column_step`` bytes apart; ``chosen``: address of their numbers among all
features, int64. ``levels``: address of the rows' ``depth`` levels, each row ``level_step`` bytes after the previous
one. ``deep``: digests are taken of every evaluation and at every boundary."""

PLACE: Final = record(("place", "i4"))
PLACE_BYTES: Final = PLACE.itemsize

OUTPUT_LEVEL: Final = record(*integers("bid_px", "ask_px", "bid_sz", "ask_sz", "bid_ct", "ask_ct"))
"""One depth of the book after an evaluation, as in Databento's mbp-10; price ``UNDEF_PRICE``, size and count 0 where
there is no level."""
