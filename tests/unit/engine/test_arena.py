"""Blocks of an arena: zeroed, on lines of their own, and on large pages once there are many."""

from __future__ import annotations

import ctypes
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobench.engine.aligned_alloc import LARGE, LINE_BYTES
from lobench.engine.arena import ARENA, FIRST_BYTES, release, take
from lobench.engine.compiling import entry
from lobench.engine.native import view
from tests.conftest import examples

pytestmark = pytest.mark.normal


@entry
def block(arena: int, size: int) -> int:
    return take(view(arena, ARENA), size)


@entry
def give_back(arena: int) -> None:
    release(view(arena, ARENA))


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.one_of(st.integers(1, 3000), st.integers(FIRST_BYTES - 100, FIRST_BYTES + 100)), max_size=60))
def test_blocks_are_zeroed_and_apart(sizes: list[int]) -> None:
    arena = np.zeros(1, ARENA)
    address = int(arena.ctypes.data)
    found = []
    for size in sizes:
        start = block(address, size)
        assert start % LINE_BYTES == 0
        assert not any(ctypes.string_at(start, size))
        ctypes.memset(start, 0xFF, size)
        found.append((start, start + size))
    assert all(before[1] <= after[0] for before, after in pairwise(sorted(found)))
    give_back(address)
    assert arena.tobytes() == bytes(ARENA.itemsize)


def test_many_blocks_are_on_large_pages_and_few_are_not() -> None:
    arena = np.zeros(1, ARENA)
    address = int(arena.ctypes.data)
    first = block(address, FIRST_BYTES)
    assert int(arena["end"][0]) - first == FIRST_BYTES
    block(address, 1)
    chunk = int(arena["chunks"][0])
    # An allocation on whole large pages begins a line behind its first one.
    assert chunk % LARGE == LINE_BYTES
    assert (int(arena["end"][0]) - chunk + LINE_BYTES) % LARGE == 0
    large = block(address, 3 * LARGE)
    ctypes.memset(large, 1, 3 * LARGE)
    give_back(address)
