"""A replay frees all that it allocated: the C heap is as full after it as before, however it ended."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from lobench.engine.policy import Variant
from tests.support.replays import LADDER, PHASE, TOP, each, run_python

pytestmark = pytest.mark.normal

HEAP = """
import ctypes, gc, json, sys
import numpy as np
from lobench.engine.layout import LEVEL, ORDER
from lobench.engine.records import ADD, BID, ASK, CLEAR, F_LAST
from lobench.engine.replay import Replay
from tests.support.replays import chunks
from tests.support.streams import Market, made
from lobench.variants import discover

class Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Mallinfo2

def in_use():
    # What a compilation left behind goes now, not some time later.
    gc.collect()
    # One arena for all threads: mallinfo2 tells of the main one alone. What is mapped apart counts, too.
    info = libc.mallinfo2()
    return info.uordblks + info.hblkhd

variant = discover()[sys.argv[1]]
"""

REPLAYS = (
    HEAP
    + """
parts = list(chunks(Market(6, instruments=40).records(9_000)))

def replay(workers, finish=True):
    with Replay(variant, workers=workers) as running:
        for part in parts:
            running.apply(part)
        held = in_use()
        if finish:
            running.finish()
    return held

found = {}
for workers in (1, 3):
    for _ in range(3):
        replay(workers)
    before = in_use()
    held = replay(workers)
    for number in range(12):
        replay(workers, finish=number % 2 == 0)
    found[workers] = {"held": held - before, "left": in_use() - before}
print(json.dumps(found))
"""
)

CLEARS = (
    HEAP
    + """
COUNT = 20_000
adds = made([(1, 1, ADD, (BID, ASK)[i % 2], 1_000 + i % 500 + 1_000 * (i % 2), 1, i + 1, F_LAST) for i in range(COUNT)])
clear = made([(1, 1, CLEAR, 0, 0, 0, 0, F_LAST)])

def book(replay):
    (only,) = replay.books()
    return only.end().orders, only.end().bid_levels, only.end().ask_levels

with Replay(variant) as replay:
    measured = []
    for _ in range(6):
        replay.apply(next(chunks(adds)))
        full, state = in_use(), book(replay)
        replay.apply(next(chunks(clear)))
        measured.append([full, in_use(), state, book(replay)])
print(json.dumps({"measured": measured, "order": ORDER.itemsize, "level": LEVEL.itemsize}))
"""
)

CALLS = """
import ctypes, json, sys
from llvmlite import binding

libc = ctypes.CDLL(None)
calls = dict.fromkeys(("malloc", "realloc", "free"), 0)
kept = []

def count(name, arguments):
    kind = ctypes.CFUNCTYPE(*[ctypes.c_int64] * (1 + arguments))
    real = kind(ctypes.cast(getattr(libc, name), ctypes.c_void_p).value)

    def stand_in(*values):
        calls[name] += 1
        return real(*values)

    kept.append(kind(stand_in))
    # What kernels call by this name from now on.
    binding.add_symbol(name, ctypes.cast(kept[-1], ctypes.c_void_p).value)

count("malloc", 1)
count("realloc", 2)
count("free", 1)

from lobench.engine.replay import Replay
from tests.support.replays import chunks
from tests.support.streams import Market
from lobench.variants import discover

parts = list(chunks(Market(4).records(60_000), 10_000))
with Replay(discover()[sys.argv[1]], observe=False) as replay:
    found = []
    for part in parts:
        replay.apply(part)
        found.append(dict(calls))
    memory = replay.memory()
print(json.dumps({"found": found, "memory": memory}))
"""

ONE_ARENA: dict[str, Any] = {
    "GLIBC_TUNABLES": "glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0",
    "MALLOC_ARENA_MAX": "1",
}
NOISE = 16_384
"""Bytes that the interpreter's own objects may come to."""


@cache
def calls(name: str) -> Any:
    """Calls of the allocator while a variant replays, and the variant's own report of its memory. With a replaced
    allocator kernels are not cached, so each variant is compiled, once."""
    return run_python(CALLS, name)


@pytest.mark.parametrize("variant", [*each([LADDER[0]], pytest.mark.long), *each([TOP])])
def test_destroyed_replays_leave_no_memory(variant: Variant) -> None:
    for workers, heap in run_python(REPLAYS, variant.name, **ONE_ARENA).items():
        assert heap["held"] > 500_000, (workers, heap)
        assert abs(heap["left"]) < NOISE, (workers, heap)


@pytest.mark.parametrize("variant", [*each([LADDER[0]]), *each([PHASE[4]], pytest.mark.long)])
def test_a_clear_frees_all_orders_and_levels(variant: Variant) -> None:
    found = run_python(CLEARS, variant.name, **ONE_ARENA)
    measured = found["measured"]
    for full, cleared, before, after in measured:
        assert before == [20_000, 250, 250]
        assert after == [0, 0, 0]
        # The heap adds an overhead to each.
        assert full - cleared >= 20_000 * found["order"] + 500 * found["level"]
    # Rungs and tables keep their capacity: a book that fills up again takes no more memory than before.
    assert abs(measured[-1][0] - measured[1][0]) < NOISE
    assert abs(measured[-1][1] - measured[1][1]) < NOISE


@pytest.mark.parametrize("variant", each([PHASE[5], PHASE[6], PHASE[7]], pytest.mark.long))
def test_a_pool_allocates_nothing_in_steady_state(variant: Variant) -> None:
    """After some ten thousand records the market has had as many orders as it ever has at a time."""
    _, warm, *_, last = calls(variant.name)["found"]
    assert warm["malloc"] > 0
    more = last["malloc"] - warm["malloc"]
    assert last["free"] - warm["free"] == more
    # Now and then prices leave a packed book's window, which then becomes wider.
    assert more == 0 or (variant.policies["layout"] == "packed" and more < 5)


@pytest.mark.long
@pytest.mark.parametrize("variant", each([PHASE[4]]))
def test_a_heap_allocates_and_frees_all_the_time(variant: Variant) -> None:
    """Else the test above would prove nothing."""
    _, warm, *_, last = calls(variant.name)["found"]
    assert last["malloc"] - warm["malloc"] > 5_000
    assert last["free"] - warm["free"] > 5_000


@pytest.mark.parametrize("variant", each([PHASE[4], PHASE[5]]))
def test_memory_sizes_by_component(variant: Variant) -> None:
    memory = calls(variant.name)["memory"]
    assert memory["orders"] > 300
    assert memory["levels"] > 50
    objects = 64 * (memory["orders"] + memory["levels"])
    if variant is PHASE[4]:
        assert memory["order_bytes"] == objects
    else:
        # Free orders and levels for one batch, and the slab of the books.
        assert objects < memory["order_bytes"] < objects + 2 * 64 * (4096 + 512) + 65_536 + 1_024
    total = memory["order_bytes"] + memory["table_bytes"] + memory["ladder_bytes"]
    assert memory["bytes_per_live_order"] == pytest.approx(total / memory["orders"])
