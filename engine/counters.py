"""Mechanism counters: exact counts of a variant's operations, collected only by the instrumented build of its kernel.

A kernel takes a ``probe``: None in a timed run, where every ``tally`` compiles to nothing (Numba prunes a branch on
``is None`` by the argument's type), or a record of dtype ``PROBE``. Both builds are the same source text, specialised
by that type.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lobench.engine.compiling import kernel
from lobench.engine.native import Record

COUNTERS: Final = {
    "event_bytes_copied": "bytes copied to read events",
    "event_objects_allocated": "objects allocated to read events",
    "locks_taken": "read-write lock acquisitions",
    "strings_made": "strings allocated to name features",
    "string_bytes_hashed": "bytes of feature names hashed",
    "lookups": "searches for an order id",
    "lookup_probes": "orders or table slots looked at by those searches",
    "directory_probes": "slots looked at in the directory from an order id to its level (linear lookup)",
    "table_update_probes": "slots looked at to insert into, move in or erase from order tables",
    "orders_allocated": "order objects allocated",
    "levels_allocated": "price level objects allocated",
    "slabs_allocated": "slabs allocated for many orders, levels or books together",
    "lines_touched": "cache lines of books, tables, levels and quotes that events touch (of layouts that count them)",
    "far_levels": "searches for a level outside of its book's window",
    "windows_laid": "windows laid over a book's prices",
    "tables_built": "order tables built, the first one included",
}
"""Counter name to its meaning; totals over a replay."""

(
    EVENT_BYTES_COPIED,
    EVENT_OBJECTS_ALLOCATED,
    LOCKS_TAKEN,
    STRINGS_MADE,
    STRING_BYTES_HASHED,
    LOOKUPS,
    LOOKUP_PROBES,
    DIRECTORY_PROBES,
    TABLE_UPDATE_PROBES,
    ORDERS_ALLOCATED,
    LEVELS_ALLOCATED,
    SLABS_ALLOCATED,
    LINES_TOUCHED,
    FAR_LEVELS,
    WINDOWS_LAID,
    TABLES_BUILT,
) = range(len(COUNTERS))

UNCOUNTED: Final = -1
"""For containers that no variant changes; used with probe None."""

PROBE: Final = np.dtype([("counts", "i8", (len(COUNTERS),))], align=True)


@kernel
def tally(probe: Record, counter: int, amount: int) -> None:
    """Add ``amount`` to a counter of an instrumented build; nothing in a timed one."""
    if probe is not None:
        probe["counts"][counter] += amount
