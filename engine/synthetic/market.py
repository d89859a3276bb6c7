"""The generator's memory: its clock and counters, books, price ladders, and orders."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lobench.engine.synthetic.catalogue import FeedModel
from lobench.engine.synthetic.tables import SHORT_AFTER_SHORT, SHORT_SHARE, expand

START: Final = 1_704_205_800_000_000_000
"""ts_event at which feeds begin: 2 January 2024, 14:30 UTC."""

GROUP: Final = 256
"""Records that a group has at most."""
FILLS: Final = 40
"""Orders that a trade fills at most."""
LONGEST_QUEUE: Final = 100

SNAPSHOT, CONTINUOUS, PREOPEN, UNCROSS, REBUILD, CLEAR = range(6)
"""The state of a feed. REBUILD and CLEAR last for one group."""

_TABLES: Final = ("books", "best", "levels", "orders", "ids", "fills", "tables", "alias", "stages")

STATE: Final = np.dtype(
    [
        *((name, np.uint64) for name in ("random", "event", "received", "sequence")),
        *((name, np.int64) for name in ("delta", "speed", "short", "short_entries", "short_again", "short_first")),
        *((name, np.int64) for name in ("count", "produced", "live", "free", "book", "books")),
        *((name, np.int64) for name in ("ids_sparse", "ids_late")),
        *((name, np.int64) for name in ("mode", "stage", "price", "walk_book", "walk_side", "walk_slot")),
        *((name, np.int64) for name in ("irregular", "kind", "turn")),
        ("side_id", np.uint64),
        *((f"{table}_at", np.int64) for table in _TABLES),
        *(("buffer_at", np.int64), ("levels", np.int64), ("slots", np.int64)),
    ]
)
"""``count``: records in the current buffer; ``produced``: in the whole feed; ``free``: the first unused order;
``…_at``: addresses."""

BOOK: Final = np.dtype(
    [
        *(("instrument", np.int64), ("publisher", np.int64), ("venue", np.int64), ("style", np.int64)),
        *(("tick", np.int64), ("base", np.int64), ("first", np.int64), ("width", np.int64)),
        *(("target", np.int64), ("live", np.int64), ("stretch", np.int64)),
        *(("queue", np.float64), ("reach", np.float64)),
    ]
)
"""``base``: price of ladder step 0; ``first``: its bid ladder's place among all levels, the ask ladder follows;
``queue``, ``reach``: the target for orders per level is queue / (1 + (distance / reach)²); ``stretch``: the factor for
drawn distances, times 256."""

LEVEL: Final = np.dtype([("head", np.int32), ("tail", np.int32), ("count", np.int32)])
ORDER: Final = np.dtype(
    [
        *(("id", np.uint64), ("size", np.int32), ("tick", np.int32), ("next", np.int32), ("previous", np.int32)),
        *(("side", np.int32), ("pad", np.int32)),
    ]
)
"""Order 0 is not used: a link of 0 leads nowhere."""
FILL: Final = np.dtype([("slot", np.int64), ("size", np.int64), ("tick", np.int64)])

IDS: Final = np.dtype([("next", np.uint64), ("late", np.uint64)])
ALIAS: Final = np.dtype([("threshold", np.int64), ("other", np.int64)])
STAGE: Final = np.dtype([("at", np.int64), ("mode", np.int64)])

Array = npt.NDArray[Any]


class Market:
    """The generator's mutable data: ``state`` (dtype STATE, shape (1,)) and the tables whose addresses it holds."""

    def __init__(self, state: Array, tables: dict[str, Array]) -> None:
        self.state = state
        self.tables = tables
        for name in _TABLES:
            state[f"{name}_at"] = tables[name].ctypes.data
        state["levels"] = len(tables["levels"])
        state["slots"] = len(tables["orders"])


def mix(seed: int) -> int:
    """64 random bits of a seed: splitmix64's finalizer (Steele, Lea and Flood 2014)."""
    z = (seed + 1) * 0x9E3779B97F4A7C15 % 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31


def _alias(weights: list[float]) -> Array:
    """Walker's alias table (Walker 1977): rows (threshold of 2^32, other choice), int64."""
    size = len(weights)
    total = math.fsum(weights)
    scaled = [weight * size / total for weight in weights]
    table = np.empty((size, 2), np.int64)
    table[:, 0] = 2**32
    table[:, 1] = np.arange(size)
    small = [i for i, s in enumerate(scaled) if s < 1.0]
    large = [i for i, s in enumerate(scaled) if s >= 1.0]
    while small and large:
        poor, rich = small.pop(), large[-1]
        table[poor] = int(scaled[poor] * 2**32), rich
        scaled[rich] -= 1.0 - scaled[poor]
        if scaled[rich] < 1.0:
            small.append(large.pop())
    return table


def _shape(target: int, width: int) -> tuple[float, float, int]:
    """queue, reach and ladder width of a book that shall hold ``target`` orders."""
    half = target / 2
    queue = min(max(1.0, target**0.5 / 2), LONGEST_QUEUE)
    reach = max(1.0, half / (1.5707963 * queue))
    while width < 10 * reach:
        width *= 2
    total = sum(1 / (1 + (d / reach) * (d / reach)) for d in range(width // 2))
    return half / total, reach, width


def _stages(model: FeedModel, n: int, snapshot: int) -> Array:
    """Rows (records produced, mode): the start of each mode."""
    if not model.auction:
        return np.array([[2**62, CONTINUOUS]], np.int64)
    return np.array(
        [
            *([snapshot, PREOPEN], [max(snapshot, n * 3 // 10), UNCROSS]),
            *([n * 6 // 10, REBUILD], [n * 8 // 10, CLEAR], [2**62, CONTINUOUS]),
        ],
        np.int64,
    )


def _wanted(shares: list[float], live: int, room: int) -> Array:
    """Orders of each book's snapshot, ``live`` in all, or fewer if R and As would take more than ``room`` records."""
    scale = min(1.0, room / (live + len(shares)))
    while True:
        wanted = np.array([int(share * live * scale) for share in shares], np.int64)
        wanted[: int(live * scale) - int(wanted.sum())] += 1
        if scale == 1.0 or int(wanted.sum()) + np.count_nonzero(wanted) <= room:
            return wanted
        scale *= 0.95


def build(model: FeedModel, n: int, seed: int, irregular: float, sparse: bool) -> tuple[Market, Array]:
    """An empty market, and how many orders each book's snapshot shall have, int64.

    A snapshot takes at most a quarter of the ``n`` records; books are smaller where that is not enough for all orders.
    """
    ranks = np.repeat(np.arange(1, model.instruments + 1), len(model.venues))
    shares = np.tile([venue.share for venue in model.venues], model.instruments)
    weights = (shares / ranks).tolist()
    total = math.fsum(weights)
    count = len(weights)
    wanted = _wanted([weight / total for weight in weights], model.live, n // 4)

    books = np.zeros(count + 1, BOOK)
    books["instrument"][:count] = model.first_instrument + ranks - 1
    books["instrument"][count] = model.first_instrument + model.instruments
    books["venue"][:count] = np.tile(np.arange(len(model.venues)), model.instruments)
    books["publisher"] = np.array([venue.publisher_id for venue in model.venues])[books["venue"]]
    books["style"] = np.array([venue.style for venue in model.venues])[books["venue"]]
    books["tick"] = model.tick
    books["target"][:count] = np.maximum(wanted, 12)
    low, high = model.prices
    start = np.repeat([low + mix(seed + i) % (high - low + 1) for i in range(model.instruments)], len(model.venues))
    shapes: dict[int, tuple[float, float, int]] = {}
    first = 0
    for book, middle in zip(books[:count], start.tolist(), strict=True):
        target = int(book["target"])
        shapes.setdefault(target, _shape(target, model.width))
        book["queue"], book["reach"], book["width"] = shapes[target]
        book["base"] = max(1, middle - int(book["width"]) // 2) * model.tick
        # ESH4's distances were measured on a book whose levels reach 28 ticks out.
        book["stretch"] = max(8, round(float(book["reach"]) / 28 * 256))
        book["first"] = first
        first += 2 * int(book["width"])
    books["base"][count] = start[0] * model.tick

    slots = int(books["target"].sum()) * 2 + 64 * count + 65_536
    orders = np.zeros(slots, ORDER)
    orders["next"][1:-1] = np.arange(2, slots)
    ids = np.zeros(len(model.venues), IDS)
    ids["next"] = [venue.first_id for venue in model.venues]

    state = np.zeros(1, STATE)
    state["random"] = mix(mix(seed) + n)
    state["event"] = state["received"] = START
    state["sequence"] = 1
    state["speed"] = model.speed
    state["short_entries"] = round(SHORT_SHARE / 100 * 1024)
    state["short_again"] = round(SHORT_AFTER_SHORT / 100 * 1024)
    state["short_first"] = round(SHORT_SHARE * (100 - SHORT_AFTER_SHORT) / (100 - SHORT_SHARE) / 100 * 1024)
    state["books"] = count
    state["free"] = 1
    state["ids_sparse"] = sparse
    state["ids_late"] = model.late_ids
    state["mode"] = SNAPSHOT
    state["irregular"] = round(irregular * 2**53)
    tables = {
        "books": books,
        "best": np.full((count + 1, 2), -1, np.int64),
        "levels": np.zeros(first, LEVEL),
        "orders": orders,
        "ids": ids,
        "fills": np.zeros(FILLS + 1, FILL),
        "tables": expand(model.tables),
        "alias": _alias(weights),
        "stages": _stages(model, n, int(wanted.sum()) + int(np.count_nonzero(wanted))),
    }
    return Market(state, tables), wanted
