"""Phase 5: orders and levels come from slabs and return to free lists; a book's own data is in slabs, too.

Before each batch the pool provides as many free orders and levels as the batch can need, so that the loop only takes
the head of a list. Slabs grow with the number of resting orders (by an eighth each) and are freed at the end: in steady
state nothing is allocated or freed.
"""

from __future__ import annotations

from lobench.engine.aligned_alloc import LINE_BYTES
from lobench.engine.arena import ARENA, release, take
from lobench.engine.compiling import kernel
from lobench.engine.counters import SLABS_ALLOCATED, tally
from lobench.engine.layout import LEVEL, ORDER, integers, record
from lobench.engine.native import INTEGER, Record, free, int64, malloc, view, zeroed
from lobench.engine.policy import Memory
from lobench.variants import p4_hash_lookup

# Objects are as large as a cache line, and begin where one does.
assert max(ORDER.itemsize, LEVEL.itemsize) <= LINE_BYTES

POOL = record(
    *integers("order", "free_orders", "all_orders", "level", "free_levels", "all_levels"),
    *integers("slabs", "held"),
    ("blocks", ARENA),
)
"""One worker's pool, at ``state["memory_state"]``. ``order``, ``level``: heads of the free lists, each object's first
word is the next; ``slabs``: head of the list of slabs; ``held``: their bytes and those of ``blocks``, books' data."""
POOL_BYTES = POOL.itemsize
SPARE = 512
"""Objects that a slab has at least beyond the immediate need."""


@kernel
def new_slab(pool: Record, size: int, probe: Record) -> int:
    """Address of ``size`` new bytes on lines of their own."""
    slab = malloc(size + 2 * LINE_BYTES)
    view(slab, INTEGER)["value"] = pool["slabs"]
    pool["slabs"] = slab
    pool["held"] += size + 2 * LINE_BYTES
    tally(probe, SLABS_ALLOCATED, 1)
    return (slab + 2 * LINE_BYTES - 1) & ~int64(LINE_BYTES - 1)


@kernel
def chain(first: int, count: int, last: int) -> None:
    """Link ``count`` objects from address ``first`` on, in order of address, in front of object ``last``."""
    for index in range(count - 1):
        view(first + index * LINE_BYTES, INTEGER)["value"] = first + (index + 1) * LINE_BYTES
    view(first + (count - 1) * LINE_BYTES, INTEGER)["value"] = last


@kernel
def pool_of(state: Record) -> Record:
    return view(state["memory_state"], POOL)


@kernel
def open_pool(state: Record) -> Record:
    if state["memory_state"] == 0:
        state["memory_state"] = zeroed(POOL_BYTES)
    return pool_of(state)


@kernel
def reserve(state: Record, count: int, probe: Record) -> None:
    pool = open_pool(state)
    if pool["free_orders"] < count:
        more = max(count - pool["free_orders"] + SPARE, pool["all_orders"] >> 3)
        slab = new_slab(pool, more * LINE_BYTES, probe)
        chain(slab, more, pool["order"])
        pool["order"] = slab
        pool["free_orders"] += more
        pool["all_orders"] += more
    if pool["free_levels"] < count:
        more = max(count - pool["free_levels"] + SPARE, pool["all_levels"] >> 3)
        slab = new_slab(pool, more * LINE_BYTES, probe)
        chain(slab, more, pool["level"])
        pool["level"] = slab
        pool["free_levels"] += more
        pool["all_levels"] += more


@kernel
def new_order(state: Record, probe: Record) -> int:
    pool = pool_of(state)
    order = pool["order"]
    pool["order"] = view(order, INTEGER)["value"]
    pool["free_orders"] -= 1
    return order


@kernel
def free_order(state: Record, order: int) -> None:
    pool = pool_of(state)
    view(order, INTEGER)["value"] = pool["order"]
    pool["order"] = order
    pool["free_orders"] += 1


@kernel
def new_level(state: Record, probe: Record) -> int:
    pool = pool_of(state)
    level = pool["level"]
    pool["level"] = view(level, INTEGER)["value"]
    pool["free_levels"] -= 1
    return level


@kernel
def free_level(state: Record, level: int) -> None:
    pool = pool_of(state)
    view(level, INTEGER)["value"] = pool["level"]
    pool["level"] = level
    pool["free_levels"] += 1


@kernel
def new_block(state: Record, size: int, probe: Record) -> int:
    pool = open_pool(state)
    pool["held"] += size
    chunk = pool["blocks"]["chunks"]
    block = take(pool["blocks"], size)
    if pool["blocks"]["chunks"] != chunk:
        tally(probe, SLABS_ALLOCATED, 1)
    return block


@kernel
def free_block(state: Record, block: int) -> None:
    pass


@kernel
def destroy(state: Record) -> None:
    if state["memory_state"] != 0:
        slab = pool_of(state)["slabs"]
        while slab != 0:
            following = view(slab, INTEGER)["value"]
            free(slab)
            slab = following
        release(pool_of(state)["blocks"])
        free(state["memory_state"])
        state["memory_state"] = 0


@kernel
def held(state: Record, orders: int, levels: int) -> int:
    return pool_of(state)["held"] if state["memory_state"] != 0 else int64(0)


POOLED = Memory(
    name="pooled",
    new_order=new_order,
    free_order=free_order,
    new_level=new_level,
    free_level=free_level,
    destroy=destroy,
    reserve=reserve,
    new_block=new_block,
    free_block=free_block,
    held=held,
)

VARIANT = p4_hash_lookup.VARIANT.derive("nothing is allocated in steady state", memory=POOLED)
