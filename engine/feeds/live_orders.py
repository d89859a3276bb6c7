"""The table of live orders: the facts that an execution, a cancel or a replacement omits.

Open addressing with linear probing; an order is found at the slot of its id or after it, with no empty slot between.
Removing moves later orders back, so that no marks of removed ones are left and the table stays as large as the most
orders that were live at once need: 32 to 64 bytes for each.

A slot is two uint64: the id, and ``size << 32 | ask << 31 | price``. Size 0 is an empty slot, for no order has that.
Prices are ITCH's and LOBSTER's, in 1e-4 dollars; 200,000 dollars, ITCH's greatest, fits in 31 bits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry, kernel
from lobench.engine.native import int64, uint64

Table = npt.NDArray[np.uint64]
"""uint64, shape (slots, 2), slots a power of two; half of them are used at most."""

SLOT_BYTES = 16
SMALLEST = 1 << 12
_GOLDEN = 0x9E3779B97F4A7C15
_SIDE = 31
_PRICE = (1 << 31) - 1


def new_table(slots: int = SMALLEST) -> Table:
    return np.zeros((slots, 2), np.uint64)


@kernel
def home(order_id: int, shift: int) -> int:
    """The slot that an id belongs to in a table of ``2 ** (64 - shift)`` slots."""
    return int64((uint64(order_id) * uint64(_GOLDEN)) >> uint64(shift))


@kernel
def find(table: Table, shift: int, order_id: int) -> int:
    """The slot of an order, or -1 minus the empty slot where the search ended."""
    mask = len(table) - 1
    slot = home(order_id, shift)
    while size_at(table, slot) != 0:
        if table[slot, 0] == uint64(order_id):
            return slot
        slot = (slot + 1) & mask
    return -1 - slot


@kernel
def size_at(table: Table, slot: int) -> int:
    return int64(table[slot, 1] >> uint64(32))


@kernel
def price_at(table: Table, slot: int) -> int:
    return int64(table[slot, 1] & uint64(_PRICE))


@kernel
def is_ask_at(table: Table, slot: int) -> int:
    """1 for an ask, 0 for a bid."""
    return int64((table[slot, 1] >> uint64(_SIDE)) & uint64(1))


@kernel
def put(table: Table, slot: int, order_id: int, size: int, is_ask: int, price: int) -> None:
    table[slot, 0] = uint64(order_id)
    table[slot, 1] = uint64(size) << uint64(32) | uint64(is_ask) << uint64(_SIDE) | uint64(price)


@kernel
def reduce(table: Table, shift: int, slot: int, size: int) -> int:
    """Take ``size`` off the order at a slot; returns 1 where nothing is left and it was removed, else 0."""
    left = size_at(table, slot) - size
    if left <= 0:
        remove(table, shift, slot)
        return 1
    table[slot, 1] = (table[slot, 1] & uint64(0xFFFFFFFF)) | uint64(left) << uint64(32)
    return 0


@kernel
def remove(table: Table, shift: int, slot: int) -> None:
    """Empty a slot, and move into it any order that a search would no longer find."""
    mask = len(table) - 1
    empty = slot
    probe = (slot + 1) & mask
    while size_at(table, probe) != 0:
        # An order moves back unless its home lies after the empty slot on the way to its present slot.
        distance = (probe - home(table[probe, 0], shift)) & mask
        if distance >= (probe - empty) & mask:
            table[empty, 0] = table[probe, 0]
            table[empty, 1] = table[probe, 1]
            empty = probe
        probe = (probe + 1) & mask
    table[empty, 1] = uint64(0)


@entry
def copy_orders(table: Table, larger: Table, shift: int) -> None:
    """Put all orders of a table into an empty one of ``2 ** (64 - shift)`` slots."""
    for slot in range(len(table)):
        if size_at(table, slot) != 0:
            place = -1 - find(larger, shift, table[slot, 0])
            larger[place, 0] = table[slot, 0]
            larger[place, 1] = table[slot, 1]


def grown(table: Table) -> Table:
    """A table of twice the slots that holds the same orders."""
    larger = new_table(2 * len(table))
    copy_orders(table, larger, shift_of(larger))
    return larger


def shift_of(table: Table) -> int:
    """How far a hash is shifted to become a slot."""
    return 65 - len(table).bit_length()
