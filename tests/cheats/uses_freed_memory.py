"""Looks at an order's size after the order was freed."""

from dataclasses import replace

from lobench.engine.compiling import kernel
from lobench.engine.layout import ORDER
from lobench.engine.native import free, int64, view
from lobench.engine.reference.heap import HEAP
from lobench.variants import p4_hash_lookup


@kernel
def free_order(state, order):
    size = view(order, ORDER)["size"]
    free(order)
    state["evaluations"] += int64(view(order, ORDER)["size"] != size)


VARIANT = p4_hash_lookup.VARIANT.derive(
    "uses freed memory", memory=replace(HEAP, name="uses_freed_memory", free_order=free_order)
)
