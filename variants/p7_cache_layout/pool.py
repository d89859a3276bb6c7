"""Level records by number: taken, returned, and set aside while orders of theirs are still in the table."""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.native import Record, element, int64, view
from lobench.variants.p7_cache_layout.layout import DEAD, LEVEL

LEVEL_BYTES = LEVEL.itemsize


@kernel
def level_at(packed: Record, number: int) -> Record:
    return view(element(packed["levels"], number, packed["level_room"], LEVEL_BYTES), LEVEL)


@kernel
def new_level(packed: Record, price: int, owner: int, place: int) -> int:
    """Number of an empty level; there is room for it (``growth``)."""
    number = packed["free_level"]
    if number != 0:
        packed["free_level"] = int64(level_at(packed, number)["next"])
    else:
        number = packed["level_count"]
        packed["level_count"] += 1
    level = level_at(packed, number)
    level["price"] = price
    level["size"] = 0
    level["count"] = 0
    level["owner"] = owner
    level["place"] = place
    return number


@kernel
def free_level(packed: Record, number: int) -> None:
    level = level_at(packed, number)
    level["owner"] = 0
    level["size"] = 0
    level["count"] = 0
    level["next"] = packed["free_level"]
    packed["free_level"] = number


@kernel
def kill(packed: Record, number: int) -> None:
    """A level goes with its orders. These stay in the table until it is purged or their slots are needed, and the
    number is not used again before."""
    level = level_at(packed, number)
    if level["count"] != 0:
        packed["live"] -= int64(level["count"])
        level["owner"] = int64(level["owner"]) | DEAD
        level["size"] = 0
        following = packed["dead_level"]
        level["next"] = following
        level["place"] = 0
        if following != 0:
            level_at(packed, following)["place"] = number
        packed["dead_level"] = number
    else:
        free_level(packed, number)


@kernel
def lose_dead_order(packed: Record, number: int) -> None:
    """An order of a dead level has left the table; with the last one the number is free."""
    level = level_at(packed, number)
    level["count"] = int64(level["count"]) - 1
    if level["count"] == 0:
        before, following = int64(level["place"]), int64(level["next"])
        if before != 0:
            level_at(packed, before)["next"] = following
        else:
            packed["dead_level"] = following
        if following != 0:
            level_at(packed, following)["place"] = before
        free_level(packed, number)
