"""Orders that arrive, leave and move: their prices and the records that they give.

The place of each change is drawn from measured distributions; whether an order arrives or leaves there depends on the
numbers of orders there and in the book, compared with the book's targets. So queues and live orders stay near their
targets in feeds of any length.
"""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.native import Record
from lobench.engine.records import ADD, CANCEL, MODIFY
from lobench.engine.synthetic.book import (
    below,
    chance,
    create,
    destroy,
    draw,
    full,
    join,
    leave,
    next_level,
)
from lobench.engine.synthetic.catalogue import ITCH
from lobench.engine.synthetic.market import PREOPEN
from lobench.engine.synthetic.tables import FAR, FLOW, NEAR, SIZE, STEP
from lobench.engine.synthetic.tables import MODIFY as MODIFIED
from lobench.engine.synthetic.views import best_of, book_at, level_at, order_at
from lobench.engine.synthetic.writer import LAST, emit, emit_order, fresh_id, price_at, side_code

OVERLAP = 24
"""Steps by which the pre-open's bids and asks lie across each other, each side's."""
_FAR_FROM = 250
"""Ticks behind the touch from which an order counts among the far crowd."""
_AT_TOUCH = 1.0
"""Aggressors take from there, so that more must come."""
_SMALLER, _LARGER = 310, 3
"""Of 1000 modifies: those that reduce the size, if it is above 1; those that increase it."""


@kernel
def distance(market: Record, book: int, table: int) -> int:
    """A distance drawn from a table; beyond 4 ticks it grows with the reach of the book."""
    ticks = draw(market, table)
    return ticks if ticks < 5 else max(4, int(ticks * book_at(market, book)["stretch"]) >> 8)


@kernel
def touch(market: Record, book: int, side: int) -> int:
    """The step that distances of a side are counted from."""
    middle = book_at(market, book)["width"] // 2
    way = 2 * side - 1
    if market["mode"] == PREOPEN:
        return int(middle - way * OVERLAP)
    best, other = best_of(market, book, side)["value"], best_of(market, book, 1 - side)["value"]
    if best >= 0:
        return int(best)
    return int(other + way if other >= 0 else middle + (side - 1))


@kernel
def place(market: Record, book: int, side: int, ticks: int) -> int:
    """The step ``ticks`` behind the touch, on the ladder and not across the other side; -1 if there is none."""
    step = touch(market, book, side)
    room = step + 1 if side == 0 else book_at(market, book)["width"] - step
    if room <= 0:
        return -1
    step += (2 * side - 1) * (ticks % room)
    other = best_of(market, book, 1 - side)["value"]
    if market["mode"] != PREOPEN and other >= 0:
        step = min(step, other - 1) if side == 0 else max(step, other + 1)
    return step if 0 <= step < book_at(market, book)["width"] else -1


@kernel
def pick(market: Record, book: int, side: int, step: int) -> int:
    """An order of a queue that is not empty, a recent one more likely than not."""
    level = level_at(market, book, side, step)
    slot = level["tail"]
    back = 0
    if chance(market, 940):
        while back < 20 and chance(market, 300):
            back += 1
    else:
        back = below(market, min(level["count"], 32))
    while back > 0 and order_at(market, slot)["previous"] != 0:
        slot = order_at(market, slot)["previous"]
        back -= 1
    return int(slot)


@kernel
def some_order(market: Record, book: int, table: int) -> int:
    """An old order at a distance drawn from a table, or at the nearest level further out; 0 if the book is empty."""
    side = below(market, 2)
    if best_of(market, book, side)["value"] < 0:
        side = 1 - side
    if best_of(market, book, side)["value"] < 0:
        return 0
    step = place(market, book, side, distance(market, book, table))
    found = next_level(market, book, side, step) if step >= 0 else -1
    slot = level_at(market, book, side, found if found >= 0 else best_of(market, book, side)["value"])["head"]
    while chance(market, 512) and order_at(market, slot)["next"] != 0:
        slot = order_at(market, slot)["next"]
    return int(slot)


@kernel
def adds(market: Record, book: int, count: int, ticks: int) -> bool:
    """Whether an order comes, rather than goes, at a level that holds ``count``."""
    info = book_at(market, book)
    if info["live"] * 2 < info["target"]:
        return True
    ratio = ticks / info["reach"]
    aim = info["queue"] / (1.0 + ratio * ratio)
    if ticks == 0:
        aim *= _AT_TOUCH
    share = 0.5 + 0.5 * (aim - count) / (aim + count + 1.0)
    share += 4.0 * (info["target"] - info["live"]) / info["target"]
    return bool(below(market, 1 << 20) < share * (1 << 20))


@kernel
def add(market: Record, book: int, side: int, step: int, size: int) -> None:
    """A of a new order."""
    slot = create(market, book, side, step, size, fresh_id(market, book))
    emit_order(market, book, ADD, slot, size, LAST)


@kernel
def cancel(market: Record, book: int, slot: int) -> None:
    """C of a resting order; some equities' cancels take a part."""
    order = order_at(market, slot)
    if book_at(market, book)["style"] != 0 and order["size"] > 1 and chance(market, 31):
        part = 1 + below(market, order["size"] - 1)
        emit_order(market, book, CANCEL, slot, part, LAST)
        order["size"] -= part
        return
    emit_order(market, book, CANCEL, slot, order["size"], LAST)
    destroy(market, book, slot)


@kernel
def flow(market: Record, book: int) -> None:
    """One order comes or goes."""
    side = below(market, 2)
    ticks = distance(market, book, FLOW) if best_of(market, book, side)["value"] >= 0 else 0
    step = place(market, book, side, ticks)
    if step < 0:
        return
    if ticks == 0:
        step = closer(market, book, side, step)
    count = level_at(market, book, side, step)["count"]
    if adds(market, book, count, ticks) and not full(market):
        add(market, book, side, step, draw(market, SIZE))
        return
    if count == 0:
        step = next_level(market, book, side, step)
    if step >= 0:
        cancel(market, book, pick(market, book, side, step))


@kernel
def closer(market: Record, book: int, side: int, step: int) -> int:
    """Where an order meant for the touch goes: a spread wider than a tick is mostly narrowed, often closed at once."""
    best, other = best_of(market, book, side)["value"], best_of(market, book, 1 - side)["value"]
    if best < 0 or other < 0 or market["mode"] == PREOPEN:
        return step
    toward = 1 - 2 * side
    spread = (other - best) * toward
    if spread <= 1 or chance(market, 512 if spread == 2 else 128):
        return step
    return int(other - toward if chance(market, 512) else best + toward)


@kernel
def new_step(market: Record, book: int, side: int, step: int) -> int:
    """Where a modify takes an order that rests at ``step``; ``step`` itself if there is no other place."""
    away = 2 * side - 1
    behind = (step - touch(market, book, side)) * away
    far_from = (_FAR_FROM * book_at(market, book)["stretch"]) >> 8
    if behind >= max(far_from, 5):
        target = place(market, book, side, distance(market, book, NEAR))
    elif chance(market, 235):
        target = place(market, book, side, distance(market, book, FAR))
    else:
        ticks = draw(market, STEP)
        target = place(market, book, side, behind + ticks if chance(market, 440) else max(0, behind - ticks))
    if target == step or target < 0:
        target = place(market, book, side, behind + 1)
    return target if target >= 0 else step


@kernel
def modify(market: Record, book: int) -> None:
    """M of a resting order; where the venue has no M, C in part, or C and A."""
    slot = some_order(market, book, MODIFIED)
    if slot == 0:
        flow(market, book)
        return
    order = order_at(market, slot)
    side, step, size = order["side"], order["tick"], order["size"]
    what = below(market, 1000)
    if what < _SMALLER and size > 1:
        size = 1 + below(market, size - 1)
    elif what >= 1000 - _LARGER:
        size += 1 + below(market, 5)
    else:
        step = new_step(market, book, side, step)
        if chance(market, 471):
            other_size = draw(market, SIZE)
            size = other_size if other_size != size else size + 1
    if step == order["tick"] and size == order["size"]:
        flow(market, book)
        return
    if book_at(market, book)["style"] == ITCH:
        emit_order(market, book, CANCEL, slot, order["size"], 0)
        destroy(market, book, slot)
        add(market, book, side, step, size)
        return
    emit(market, book, MODIFY, side_code(side), order["id"], price_at(market, book, step), size, LAST)
    if step != order["tick"] or size > order["size"]:
        leave(market, book, slot)
        join(market, book, side, step, slot)
    order["size"] = size
