"""Plain heap memory: every order and every level is allocated when it appears and freed when it goes."""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.counters import LEVELS_ALLOCATED, ORDERS_ALLOCATED, tally
from lobench.engine.layout import LEVEL, ORDER
from lobench.engine.native import Record, free, malloc
from lobench.engine.policy import Memory

ORDER_BYTES = ORDER.itemsize
LEVEL_BYTES = LEVEL.itemsize


@kernel
def new_order(state: Record, probe: Record) -> int:
    tally(probe, ORDERS_ALLOCATED, 1)
    return malloc(ORDER_BYTES)


@kernel
def free_order(state: Record, order: int) -> None:
    free(order)


@kernel
def new_level(state: Record, probe: Record) -> int:
    tally(probe, LEVELS_ALLOCATED, 1)
    return malloc(LEVEL_BYTES)


@kernel
def free_level(state: Record, level: int) -> None:
    free(level)


@kernel
def destroy(state: Record) -> None:
    pass


HEAP = Memory(
    name="heap",
    new_order=new_order,
    free_order=free_order,
    new_level=new_level,
    free_level=free_level,
    destroy=destroy,
)
