"""Phase 4: an order id leads straight to its order, through a hash table. No walk along the queue."""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.containers import table_erase, table_get, table_insert
from lobench.engine.counters import LOOKUP_PROBES, TABLE_UPDATE_PROBES
from lobench.engine.layout import ORDER
from lobench.engine.native import Record, view
from lobench.engine.policy import Lookup
from lobench.variants import p3_indexed_features


@kernel
def find(book: Record, order_id: int, probe: Record) -> int:
    return table_get(book["orders"], order_id, LOOKUP_PROBES, probe)


@kernel
def insert(book: Record, order: int, probe: Record) -> None:
    table_insert(book["orders"], view(order, ORDER)["order_id"], order, TABLE_UPDATE_PROBES, probe)


@kernel
def move(book: Record, order: int, probe: Record) -> None:
    pass


@kernel
def erase(book: Record, order_id: int, probe: Record) -> None:
    table_erase(book["orders"], order_id, TABLE_UPDATE_PROBES, probe)


HASH = Lookup(name="hash", find=find, insert=insert, move=move, erase=erase)

VARIANT = p3_indexed_features.VARIANT.derive("an order id leads straight to its order", lookup=HASH)
