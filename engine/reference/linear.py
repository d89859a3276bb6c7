"""Finding an order by walking its level's queue.

A directory tells on which level an order id rests, as a C record alone does not (an M carries the new price, an A may
repeat an id). From the front of that level's queue, orders are then compared one by one: simple, no pointer into the
queue to keep right, and fast while queues are short.
"""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.containers import slot_at, table_erase, table_find, table_get, table_insert
from lobench.engine.counters import DIRECTORY_PROBES, LOOKUP_PROBES, TABLE_UPDATE_PROBES, tally
from lobench.engine.layout import LEVEL, ORDER
from lobench.engine.native import Record, int64, view
from lobench.engine.policy import Lookup


@kernel
def find(book: Record, order_id: int, probe: Record) -> int:
    level = table_get(book["orders"], order_id, DIRECTORY_PROBES, probe)
    found = int64(0)
    if level != 0:
        found = view(level, LEVEL)["next"]
        looks = int64(1)
        while view(found, ORDER)["order_id"] != order_id:
            found = view(found, ORDER)["next"]
            looks += 1
        tally(probe, LOOKUP_PROBES, looks)
    return found


@kernel
def insert(book: Record, order: int, probe: Record) -> None:
    node = view(order, ORDER)
    table_insert(book["orders"], node["order_id"], node["level"], TABLE_UPDATE_PROBES, probe)


@kernel
def move(book: Record, order: int, probe: Record) -> None:
    node = view(order, ORDER)
    index = table_find(book["orders"], node["order_id"], TABLE_UPDATE_PROBES, probe)
    slot_at(book["orders"], index)["value"] = node["level"]


@kernel
def erase(book: Record, order_id: int, probe: Record) -> None:
    table_erase(book["orders"], order_id, TABLE_UPDATE_PROBES, probe)


LINEAR = Lookup(name="linear", find=find, insert=insert, move=move, erase=erase)
