"""Shapes of feeds: the worst that prices, ids, books and actions may look like, each drawn or named."""

from __future__ import annotations

import random
from dataclasses import dataclass

from lobench.engine.records import ADD, ASK, BID, CANCEL, CLEAR, F_LAST, F_TOB, MODIFY, NO_SIDE, UNDEF_PRICE
from lobench.variants.p7_cache_layout.parameters import DEFAULTS
from tests.support.scattered import scatter_of
from tests.support.streams import Records, made

SPACINGS = ("grid", "off grid", "sparse", "ends", "clusters")
WALKS = ("up", "down", "shuffled", "inward", "flip", "drift")
SIDES = ("bid", "ask", "both")
LEAVING = ("oldest", "newest", "any", "modify", "clear", "top")
IDS = ("sequence", "stride", "colliding", "alike", "reused")
_UNSCATTERED = pow(scatter_of(DEFAULTS.least_lines), -1, 2**64)
_TICK = 10_000_000


@dataclass(frozen=True)
class Shape:
    """A feed of any length.

    ``points``: the prices in use; ``spacing``: their distances; ``walk``: the order in which events visit them.
    ``resting``: orders that come first, from the lowest price up, and stay. Then a book fills up to ``live`` further
    orders, and each later event removes one, in the way of ``leaving``. ``run``: consecutive events of one book;
    ``publishers``: books of an instrument. ``last``: whether each record closes an event.
    """

    points: int = 80_000
    spacing: str = "grid"
    walk: str = "up"
    sides: str = "bid"
    resting: int = 0
    live: int = 1 << 30
    leaving: str = "any"
    ids: str = "sequence"
    stride: int = 1
    books: int = 1
    publishers: int = 1
    run: int = 1
    last: bool = False


CLIFFS = {
    "prices in order": Shape(),
    "prices in order, downwards": Shape(walk="down"),
    "prices off the grid": Shape(spacing="off grid"),
    "prices far apart": Shape(spacing="sparse"),
    "a best price from end to end, bids between": Shape(points=20_000, resting=4_200, walk="flip", live=1),
    "an order moved from end to end": Shape(points=20_000, resting=4_200, walk="flip", live=1, leaving="modify"),
    "a side cleared and filled, other side deep": Shape(
        points=20_000, resting=4_200, walk="flip", live=1, leaving="clear"
    ),
    "tops at prices far apart": Shape(points=5_000, spacing="sparse", walk="shuffled", leaving="top", sides="both"),
    "the same ids after each clear": Shape(points=1_000, live=1, leaving="clear", ids="reused"),
    "orders that move among far prices": Shape(
        points=1_000, spacing="sparse", walk="shuffled", live=100, leaving="modify"
    ),
    "two prices at the ends of an int64": Shape(
        points=2, spacing="ends", walk="flip", resting=4_000, live=5, leaving="newest"
    ),
    "books of few events": Shape(points=70, live=10, books=900, run=15),
    "ids that books share": Shape(points=70, live=300, books=20, ids="alike"),
    "ids that collide": Shape(points=1_000, live=1_000, ids="colliding"),
    "many books of one instrument": Shape(points=5, live=5, books=400, publishers=400),
}
"""The worst shapes that were found, by name, for feeds of some ten thousand records
(tests/unit/variants/test_cliffs.py)."""


def drawn(draw: random.Random) -> Shape:
    """A shape at random."""
    many = draw.random() < 0.25
    return Shape(
        points=draw.choice((2, 5, 20, 70, 200, 1_000, 5_000, 20_000, 80_000)),
        spacing=draw.choice(SPACINGS),
        walk=draw.choice(WALKS),
        sides=draw.choice(SIDES),
        resting=draw.choice((0, 0, 0, 100, 1_000, 6_000, 15_000)) if not many else draw.choice((0, 0, 5)),
        live=draw.choice((1, 1, 2, 5, 20, 100, 1_000, 10_000, 1 << 30)),
        leaving=draw.choice(LEAVING),
        ids=draw.choice(IDS),
        stride=1 << draw.choice((1, 8, 16, 32, 48, 60)),
        books=draw.choice((2, 10, 30, 300, 5_000)) if many else 1,
        publishers=draw.choice((1, 1, 2, 20, 65_535)),
        run=draw.choice((1, 3, 15)),
        last=draw.random() < 0.3,
    )


def prices(shape: Shape, draw: random.Random) -> list[int]:
    """The points' prices, ascending."""
    count = shape.points
    if shape.spacing == "grid":
        return [_TICK * k for k in range(count)]
    if shape.spacing == "off grid":
        return [_TICK * k + (k % 50 == 7) * draw.randrange(_TICK) for k in range(count)]
    if shape.spacing == "sparse":
        return sorted(draw.sample(range(1 << 40), count))
    if shape.spacing == "ends":
        step = (2**64 - 2) // count
        return [-(2**63) + step * k for k in range(count)]
    return [_TICK * k + (10**15 if 2 * k >= count else 0) for k in range(count)]


class _Walk:
    """The points in the order of a walk, without end."""

    def __init__(self, shape: Shape, draw: random.Random) -> None:
        self._draw, self._count, self._kind = draw, shape.points, shape.walk
        self._order = list(range(shape.points))
        if shape.walk == "shuffled":
            draw.shuffle(self._order)
        self._step = 0

    def next(self) -> int:
        step, count = self._step, self._count
        self._step += 1
        if self._kind == "down":
            return count - 1 - step % count
        if self._kind == "inward":
            half = step // 2 % count
            return half if step % 2 else count - 1 - half
        if self._kind == "flip":
            return (count - 1) * (step % 2)
        if self._kind == "drift":
            return (step // 20 + self._draw.randrange(20)) % count
        return self._order[step % count]


def records(shape: Shape, count: int, seed: int = 0) -> Records:
    """The first ``count`` records of a feed of this shape."""
    draw = random.Random(seed)
    points, walk = prices(shape, draw), _Walk(shape, draw)
    live: list[list[tuple[int, int, int]]] = [[] for _ in range(shape.books)]
    numbered = [0] * shape.books
    rows: list[tuple[int, ...]] = []
    flags = F_LAST if shape.last else 0
    total = 0
    for number in range(count):
        book = number // shape.run % shape.books
        names = (1 + book // shape.publishers, 1 + book % shape.publishers)
        resting = numbered[book] < shape.resting
        at = numbered[book] * shape.points // shape.resting // 4 if resting else walk.next()
        price = min(points[at], 2**63 - 2)
        side = {"bid": BID, "ask": ASK}.get(shape.sides, (BID, ASK)[number % 2])
        mine = live[book]
        if resting or len(mine) < shape.live or shape.leaving == "top":
            order = {
                "sequence": total,
                "stride": total * shape.stride,
                "colliding": total * _UNSCATTERED,
                "alike": numbered[book],
                "reused": numbered[book] % (shape.resting + min(shape.live, count) + 1),
            }[shape.ids] % 2**64
            total += 1
            numbered[book] += 1
            top = shape.leaving == "top" and not resting
            rows.append((*names, ADD, side, price, 1, order, flags | (F_TOB if top else 0)))
            if not resting and not top:
                mine.append((side, price, order))
        elif shape.leaving == "clear":
            rows.append((*names, CLEAR, NO_SIDE, UNDEF_PRICE, 0, 0, flags))
            mine.clear()
            numbered[book] = max(0, shape.resting)
        else:
            index = {"oldest": 0, "newest": len(mine) - 1}.get(shape.leaving, draw.randrange(len(mine)))
            side, old, order = mine[index]
            if shape.leaving == "modify":
                rows.append((*names, MODIFY, side, price, 1, order, flags))
                mine[index] = (side, price, order)
            else:
                mine[index] = mine[-1]
                mine.pop()
                rows.append((*names, CANCEL, side, old, 1, order, flags))
    return made(rows)
