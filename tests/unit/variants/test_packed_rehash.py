"""Orders are found again after a table was rebuilt, in new memory or in place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobench.engine.aligned_alloc import LARGE, aligned_free
from lobench.engine.compiling import entry
from lobench.engine.layout import BOOK
from lobench.engine.native import INTEGER, view
from lobench.variants.p7_cache_layout.layout import LEVEL, LEVEL_BITS, LEVEL_MASK, MOST_OVER, PACKED, SLOT, SLOTS, STAMP
from lobench.variants.p7_cache_layout.orders import STAMP_BYTES, erase, find, home_of, insert, scatter_for
from lobench.variants.p7_cache_layout.rehash import rehash, spread
from tests.conftest import examples
from tests.support.scattered import scatter_of

pytestmark = pytest.mark.normal

SCATTER = scatter_of(100)
UNHASHED = pow(SCATTER, -1, 1 << 64)
"""``hash * UNHASHED`` is the id with that hash."""
KEY = 77


@entry
def scatter(lines: int) -> int:
    return scatter_for(lines)


@pytest.mark.parametrize("lines", [16, 100, 2048, 163_000, 1 << 22])
def test_consecutive_ids_are_on_consecutive_lines_of_any_table(lines: int) -> None:
    assert scatter(lines) % 2**64 == scatter_of(lines)
    for grown in (1, 3, 8):
        # Two cycles, from anywhere.
        homes = [
            ((order_id * scatter_of(lines)) % 2**64 * lines * grown) >> 64
            for order_id in range(10**12, 10**12 + 2 * min(lines, 1000))
        ]
        assert all(
            (after - before) % (lines * grown) in (grown - 1, grown, grown + 1) for before, after in pairwise(homes)
        )
    # In as many cycles as a grown table has lines for each of the first, every line of them gets its share.
    taken = Counter(((number * lines * scatter_of(lines)) % 2**64 * lines * 8) >> 64 for number in range(80))
    assert max(taken.values()) <= 3


@entry
def put(state: int, order_id: int, size: int, stamp: int) -> None:
    table = view(state, PACKED)
    place = insert(table, home_of(table, order_id, KEY), order_id, size, 1, None)
    view(table["stamps"] + place * STAMP_BYTES, INTEGER)["value"] = stamp


@entry
def home(state: int, order_id: int) -> int:
    return home_of(view(state, PACKED), order_id, KEY)


@entry
def place_of(state: int, order_id: int) -> int:
    table = view(state, PACKED)
    return find(table, home_of(table, order_id, KEY), order_id, 1, None)


@entry
def take(state: int, order_id: int) -> None:
    table = view(state, PACKED)
    home = home_of(table, order_id, KEY)
    erase(table, home, find(table, home, order_id, 1, None))


@entry
def spread_over(state: int, lines: int) -> None:
    spread(view(state, PACKED), lines)


@entry
def build(state: int, lines: int) -> None:
    rehash(view(state, PACKED), lines, None)


@entry
def give_back(state: int) -> None:
    aligned_free(view(state, PACKED)["slots"])
    aligned_free(view(state, PACKED)["stamps"])


@dataclass
class Table:
    """One book's order table, with addresses for ``most`` lines; salted: its hash knows the book."""

    lines: int
    most: int
    salted: bool
    kept: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.slots, self.stamps = np.zeros(self.most * SLOTS, SLOT), np.zeros(self.most * SLOTS, STAMP)
        levels, books, book = np.zeros(2, LEVEL), np.zeros(2, np.int64), np.zeros(1, BOOK)
        levels["owner"][1] = 2
        book["key"] = KEY
        books[1] = book.ctypes.data
        self.state = np.zeros(1, PACKED)
        for name, array in (("levels", levels), ("books", books)):
            self.state[name] = array.ctypes.data
        if self.most:  # A table without lines has no memory, and must not free any.
            self.state["slots"], self.state["stamps"] = self.slots.ctypes.data, self.stamps.ctypes.data
        self.state["lines"], self.state["most_lines"] = self.lines, self.most
        self.state["level_room"] = self.state["level_count"] = 2
        self.state["book_room"] = self.state["book_count"] = 2
        self.state["scatter"] = SCATTER
        self.state["salt"] = 12345 if self.salted else 0
        self.kept = [levels, books, book]

    @property
    def address(self) -> int:
        return int(self.state.ctypes.data)

    def order(self, order_id: int) -> tuple[int, int]:
        """Size and stamps of a resting order."""
        place = place_of(self.address, np.uint64(order_id))
        assert place >= 0
        assert self.slots["order_id"][place] == order_id
        return int(self.slots["size"][place]), int(self.stamps.view(np.int64)[place])

    def elsewhere(self) -> int:
        """Orders that are not in their own line; of a line as many as it can count."""
        taken = np.flatnonzero(self.slots["level"] & LEVEL_MASK)
        homes = np.array([home(self.address, self.slots["order_id"][place]) for place in taken], np.int64)
        counts = np.bincount(homes[taken // SLOTS != homes], minlength=1)
        return int(np.minimum(counts, MOST_OVER).sum())


# With hashes near the end, orders that do not fit wrap around to the first lines.
HASHES = st.one_of(st.integers(0, 2**64 - 1), st.integers(2**64 - 50, 2**64 - 1), st.integers(0, 50))


@settings(max_examples=examples(300), deadline=None)
@given(st.data(), st.integers(1, 40), st.booleans())
def test_every_order_is_found_after_a_table_was_spread(data: st.DataObject, lines: int, salted: bool) -> None:
    hashes = data.draw(st.lists(HASHES, unique=True, max_size=lines * SLOTS - 1))
    steps = data.draw(st.lists(st.integers(1, 40), min_size=1, max_size=3))
    table = Table(lines, lines + sum(steps), salted)
    orders = {hashed * UNHASHED % 2**64: (index + 1, index * 977) for index, hashed in enumerate(hashes)}
    for order_id, (size, stamp) in orders.items():
        put(table.address, np.uint64(order_id), size, stamp)
    for step in steps:
        lines += step
        spread_over(table.address, lines)
        assert table.state["lines"] == lines
        assert table.state["used"] == len(orders) == np.count_nonzero(table.slots["level"] & LEVEL_MASK)
        assert {order_id: table.order(order_id) for order_id in orders} == orders
        assert table.elsewhere() == (table.slots["level"] >> LEVEL_BITS)[::SLOTS].sum()
    for order_id in orders:
        take(table.address, np.uint64(order_id))
        assert place_of(table.address, np.uint64(order_id)) == -1
    assert table.state["used"] == np.count_nonzero(table.slots["level"] & LEVEL_MASK) == 0


def test_a_large_table_grows_where_it_stands() -> None:
    table = Table(0, 0, salted=False)
    few, many, most = 100, 2 * LARGE // 64, 7 * 2 * LARGE // 64
    build(table.address, few)
    small = int(table.state["slots"][0])
    assert table.state["most_lines"] == few
    orders = {number * 31: (number, -number) for number in range(1, 300)}
    for order_id, (size, stamp) in orders.items():
        put(table.address, np.uint64(order_id), size, stamp)
    found = []
    for lines in (many, most, 2 * most):
        build(table.address, lines)
        assert table.state["lines"] == lines <= table.state["most_lines"]
        found.append(int(table.state["slots"][0]))
        for order_id in orders:
            assert place_of(table.address, np.uint64(order_id)) >= 0
    assert small != found[0] == found[1] != found[2]
    give_back(table.address)


def test_a_line_with_more_orders_elsewhere_than_it_can_count() -> None:
    table = Table(100, 100, salted=False)
    orders = {hashed * UNHASHED % 2**64: (hashed + 1, hashed) for hashed in range(75 * SLOTS)}
    for order_id, (size, stamp) in orders.items():
        assert place_of(table.address, np.uint64(order_id)) == -1
        put(table.address, np.uint64(order_id), size, stamp)
    assert home(table.address, np.uint64(list(orders)[-1])) == 0
    assert table.state["reach"] == 74
    for order_id, stays in zip(list(orders), np.random.default_rng(7).random(len(orders)) < 0.2, strict=True):
        if not stays:
            take(table.address, np.uint64(order_id))
            assert place_of(table.address, np.uint64(order_id)) == -1
            del orders[order_id]
    assert {order_id: table.order(order_id) for order_id in orders} == orders
