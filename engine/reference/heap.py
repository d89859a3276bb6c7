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
def new_order(engine: Record, probe: Record) -> int:
    tally(probe, ORDERS_ALLOCATED, 1)
    return malloc(ORDER_BYTES)


@kernel
def free_order(engine: Record, order: int) -> None:
    free(order)


@kernel
def new_level(engine: Record, probe: Record) -> int:
    tally(probe, LEVELS_ALLOCATED, 1)
    return malloc(LEVEL_BYTES)


@kernel
def free_level(engine: Record, level: int) -> None:
    free(level)


@kernel
def destroy(engine: Record) -> None:
    pass


HEAP = Memory("heap", new_order, free_order, new_level, free_level, destroy)
