"""The containers of a packed book's levels, tested alone: the overflow tree and the window's bitmap with its marks,
against a sorted list; and books of thousands of prices against the general layout."""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from lobench.engine import arena
from lobench.engine.native import view
from lobench.engine.replay import Replay
from lobench.variants.p7_cache_layout import overflow
from lobench.variants.p7_cache_layout.layout import HEAD, OVERFLOW, PACKED
from lobench.variants.p7_cache_layout.levels import drop_bit, next_place, put_bit
from lobench.variants.p7_cache_layout.overflow import FANOUT, NODE_BYTES
from lobench.variants.p7_cache_layout.window import drop_window, lay_grid
from tests.support.replays import PHASE, chunks, each
from tests.support.shapes import Shape, records

pytestmark = pytest.mark.normal

LEAST, MOST = -(2**63), 2**63 - 1


@njit()
def put(address: int, key: int, level: int) -> None:
    overflow.put(view(address, OVERFLOW), key, level)


@njit()
def take(address: int, key: int) -> None:
    overflow.take(view(address, OVERFLOW), key)


@njit()
def find(address: int, key: int) -> int:
    return overflow.find(view(address, OVERFLOW), key)


@njit()
def below(address: int, key: int) -> int:
    return overflow.level_below(view(address, OVERFLOW), key)


@njit()
def last(address: int) -> int:
    return overflow.last_level(view(address, OVERFLOW))


@njit()
def held(address: int) -> int:
    return overflow.bytes_of(view(address, OVERFLOW))


@njit()
def clear(address: int) -> None:
    overflow.clear(view(address, OVERFLOW))


@njit()
def release(address: int) -> None:
    overflow.release(view(address, OVERFLOW))


@njit()
def write_all(address: int, keys: Any, upward: bool) -> int:
    """Keys of all levels by a walk over the leaves; returns how many."""
    far = view(address, OVERFLOW)
    total = 0
    leaf = overflow.first_leaf(far) if upward else overflow.last_leaf(far)
    while leaf != 0:
        count = overflow.count_of(leaf)
        for step in range(count):
            keys[total] = overflow.rung_of(leaf, step if upward else count - 1 - step)["key"]
            total += 1
        leaf = overflow.next_leaf(leaf) if upward else overflow.previous_leaf(leaf)
    return total


class Tree:
    """A tree and the list that it should equal. A key's level is made of it, so that each is known by its key."""

    def __init__(self) -> None:
        self.record = np.zeros(1, OVERFLOW)
        self.address = int(self.record.ctypes.data)
        self.keys: list[int] = []

    @staticmethod
    def level(key: int) -> int:
        return key % 1_000_003 + 1

    def put(self, key: int) -> None:
        put(self.address, key, self.level(key))
        insort(self.keys, key)

    def take(self, key: int) -> None:
        take(self.address, key)
        self.keys.remove(key)

    def check(self, probes: list[int]) -> None:
        assert int(self.record["count"][0]) == len(self.keys)
        assert not self.keys or int(self.record["last"][0]) == self.keys[-1]
        for upward in (True, False):
            found = np.zeros(len(self.keys), np.int64)
            assert write_all(self.address, found, upward) == len(self.keys)
            assert found.tolist() == self.keys[:: 1 if upward else -1]
        if self.keys:
            assert last(self.address) == self.level(self.keys[-1])
        for key in probes:
            index = bisect_left(self.keys, key)
            present = index < len(self.keys) and self.keys[index] == key
            assert find(self.address, key) == (self.level(key) if present else 0)
            assert below(self.address, key) == (self.level(self.keys[index - 1]) if index else 0)


def order_of(name: str, count: int) -> list[int]:
    keys = [7 * k - 5 * count for k in range(count)]
    if name == "down":
        keys.reverse()
    elif name == "inward":
        keys = [keys[k // 2 if k % 2 else -1 - k // 2] for k in range(count)]
    elif name == "shuffled":
        random.Random(3).shuffle(keys)
    elif name == "blocks":
        keys = [keys[(k * 37) % count] for k in range(count)]
    return keys


@pytest.mark.parametrize("leaving", ["up", "down", "shuffled"])
@pytest.mark.parametrize("coming", ["up", "down", "inward", "shuffled", "blocks"])
def test_a_tree_of_thousands(coming: str, leaving: str) -> None:
    count = 4_001
    tree = Tree()
    for _ in range(2):
        for step, key in enumerate(order_of(coming, count)):
            tree.put(key)
            if step % 1_000 == 999:
                tree.check([key - 1, key, key + 1, LEAST, MOST])
        # While levels are only added, nodes are at least half full.
        assert held(tree.address) <= (count / (FANOUT // 2)) * 1.2 * NODE_BYTES + 2 * NODE_BYTES
        for step, key in enumerate(order_of(leaving, count)):
            tree.take(key)
            if step % 1_000 == 999:
                tree.check([key - 1, key, key + 1, LEAST, MOST])
        tree.check([0])
        assert held(tree.address) == NODE_BYTES
        assert int(tree.record["height"][0]) == 0
    release(tree.address)
    assert int(tree.record["root"][0]) == 0


KEYS = st.one_of(st.integers(-120, 120), st.integers(LEAST, MOST), st.sampled_from((LEAST, LEAST + 1, -1, 0, MOST)))


@given(st.lists(st.tuples(st.integers(0, 9), KEYS), max_size=600), st.booleans())
@settings(deadline=None, max_examples=60)
def test_any_keys_in_a_tree(steps: list[tuple[int, int]], cleared: bool) -> None:
    tree = Tree()
    for number, (what, key) in enumerate(steps):
        if key not in tree.keys:
            tree.put(key)
        elif what < 5:
            tree.take(key)
        if cleared and number == len(steps) // 2:
            clear(tree.address)
            tree.keys.clear()
    tree.check([key + off for _, key in steps[:20] for off in (-1, 0, 1) if LEAST <= key + off <= MOST])
    release(tree.address)


@njit()
def lay(packed: int, address: int, width: int) -> None:
    lay_grid(view(packed, PACKED), view(address, HEAD), 1, 0, 0, width)


@njit()
def drop(packed: int, address: int) -> None:
    drop_window(view(packed, PACKED), view(address, HEAD))


@njit()
def give_back(packed: int) -> None:
    arena.release(view(packed, PACKED)["arena"])


@njit()
def change(address: int, place: int, there: bool) -> None:
    if there:
        put_bit(view(address, HEAD), place)
    else:
        drop_bit(view(address, HEAD), place)


@njit()
def following(address: int, which: int, place: int) -> int:
    return next_place(view(address, HEAD), which, place)


@pytest.mark.parametrize("width", [64, 128, 2_048, 4_096, 65_536])
def test_the_next_level_of_a_window(width: int) -> None:
    """Both sides' places, many empty words between, and words that fill and empty again and again."""
    draw = random.Random(width)
    head, other, packed = np.zeros(1, HEAD), np.zeros(1, HEAD), np.zeros(1, PACKED)
    address, state = int(head.ctypes.data), int(packed.ctypes.data)
    lay(state, address, width)
    places: set[int] = set()
    edges = [0, 63, 64, width - 1, width, width + 63, 2 * width - 1]
    for step in range(3_000):
        place = draw.choice(edges) if draw.random() < 0.3 else draw.randrange(2 * width)
        if len(places) > draw.choice((0, 3, 200)) and places:
            place = draw.choice(sorted(places))
        there = place not in places
        change(address, place, there)
        (places.add if there else places.discard)(place)
        if step % 10 == 0:
            for start in (*edges, draw.randrange(2 * width)):
                which = int(start >= width)
                behind = [p for p in places if (p <= start if which == 0 else p >= start)]
                expected = -1 if not behind else (min(behind) if which else max(behind))
                assert following(address, which, start) == expected
    window = int(head["window"][0])
    drop(state, address)
    # Another book gets the memory, and finds it empty.
    lay(state, int(other.ctypes.data), width)
    assert int(other["window"][0]) == window
    assert following(int(other.ctypes.data), 1, width) == -1
    lay(state, address, width)
    assert int(head["window"][0]) >= window + 8 * width or int(head["window"][0]) < window
    give_back(state)


LARGE = {
    "in order": Shape(points=9_000, sides="both", walk="up"),
    "in order, downwards": Shape(points=9_000, walk="down", live=5_000, leaving="any"),
    "shuffled": Shape(points=6_000, walk="shuffled", sides="both", live=4_000),
    "off the grid": Shape(
        points=9_000, spacing="off grid", walk="shuffled", sides="both", live=3_000, leaving="modify"
    ),
    "far apart": Shape(points=6_000, spacing="sparse", walk="shuffled", live=4_000, sides="both", last=True),
    "from end to end": Shape(points=8_000, spacing="ends", walk="flip", resting=4_000, live=3, sides="both"),
    "two clusters": Shape(points=8_000, spacing="clusters", resting=3_000, walk="inward", live=9, leaving="modify"),
    "cleared": Shape(points=5_000, walk="shuffled", live=4_000, leaving="clear", ids="reused", sides="both"),
    "tops": Shape(points=5_000, walk="flip", resting=6_000, leaving="top", sides="both", spacing="off grid"),
    "venues": Shape(points=50, books=60, publishers=50, live=20, ids="alike", sides="both"),
}


@pytest.mark.parametrize("variant", each([PHASE[7]]))
@pytest.mark.parametrize("name", LARGE)
def test_large_books(variant: Any, name: str) -> None:
    """Thousands of prices, digests after every batch, against the layout of sorted arrays."""
    made = records(LARGE[name], 20_000, 2)
    outcomes = []
    for other in (PHASE[6], variant):
        with Replay(other) as replay:
            for chunk in chunks(made):
                replay.apply(chunk)
            memory = replay.memory()
            result = replay.finish()
            outcomes.append((result.digests, result.anomalies, result.samples.tolist(), result.books, memory["levels"]))
    assert outcomes[0] == outcomes[1]
