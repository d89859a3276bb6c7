"""Trades: aggressors that hit the front of the best queues, and the opening uncross."""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.native import Record
from lobench.engine.records import ADD, CANCEL, FILL, MODIFY, NO_SIDE, TRADE
from lobench.engine.synthetic.book import chance, create, crossed, destroy, draw, next_level
from lobench.engine.synthetic.catalogue import CME
from lobench.engine.synthetic.flow import add, touch
from lobench.engine.synthetic.market import CONTINUOUS, FILLS
from lobench.engine.synthetic.tables import TRADED
from lobench.engine.synthetic.views import best_of, book_at, fill_at, level_at, order_at
from lobench.engine.synthetic.writer import LAST, NO_ID, emit, emit_order, fresh_id, next_packet, price_at, side_code

F_LAST_ALONE = 128


@kernel
def aggressor_side(market: Record, book: int) -> int:
    """Side of the next aggressor: mostly the one that leads the price back to the middle of the ladder."""
    quarter = book_at(market, book)["width"] // 4
    drift = touch(market, book, 0) - quarter * 2
    buys = 512 - drift * 512 // quarter
    return 0 if chance(market, min(max(buys, 32), 992)) else 1


@kernel
def match(market: Record, book: int, side: int, size: int) -> int:
    """Note in ``fills`` the fills of an aggressor of ``size`` on ``side``, best first; returns the number of orders."""
    count = 0
    step = best_of(market, book, side)["value"]
    while step >= 0 and size > 0 and count < FILLS:
        slot = level_at(market, book, side, step)["head"]
        while slot != 0 and size > 0 and count < FILLS:
            fill = fill_at(market, count)
            fill["slot"] = slot
            fill["tick"] = step
            fill["size"] = min(size, order_at(market, slot)["size"])
            size -= fill["size"]
            slot = order_at(market, slot)["next"]
            count += 1
        # Few aggressors continue to the next price.
        if not chance(market, 260):
            break
        step = next_level(market, book, side, step + 2 * side - 1)
    return count


@kernel
def settle(market: Record, book: int, index: int, flags: int) -> None:
    """The record that takes a fill off the book: CME has C or M to the rest, others C of the filled size."""
    fill = fill_at(market, index)
    slot = fill["slot"]
    order = order_at(market, slot)
    whole = fill["size"] == order["size"]
    if whole or book_at(market, book)["style"] != CME:
        emit_order(market, book, CANCEL, slot, fill["size"], flags)
    else:
        emit_order(market, book, MODIFY, slot, order["size"] - fill["size"], flags)
    if whole:
        destroy(market, book, slot)
    else:
        order["size"] -= fill["size"]


@kernel
def one_by_one(market: Record, book: int, count: int) -> None:
    """An equity venue's fills: T, F and C of each are a group of their own; the aggressor stays unknown."""
    for index in range(count):
        fill = fill_at(market, index)
        slot = fill["slot"]
        side = order_at(market, slot)["side"]
        price = price_at(market, book, fill["tick"])
        emit(market, book, TRADE, side_code(1 - side), NO_ID, price, fill["size"], 0)
        emit_order(market, book, FILL, slot, fill["size"], 0)
        settle(market, book, index, LAST)
        market["sequence"] += 1


@kernel
def together(market: Record, book: int, side: int, size: int, count: int) -> None:
    """CME's fills: per price a T with the aggressor's id and the Fs, then all Cs and Ms; a rest may join the book."""
    aggressor = fresh_id(market, book)
    index = 0
    filled = 0
    while index < count:
        step = fill_at(market, index)["tick"]
        end = index
        here = 0
        while end < count and fill_at(market, end)["tick"] == step:
            here += fill_at(market, end)["size"]
            end += 1
        emit(market, book, TRADE, side_code(side), aggressor, price_at(market, book, step), here, 0)
        while index < end:
            fill = fill_at(market, index)
            emit_order(market, book, FILL, fill["slot"], fill["size"], 0)
            index += 1
        filled += here
    next_packet(market)
    last = fill_at(market, count - 1)
    step = last["tick"]
    # The rest of an aggressor may stay in the book at a price where it took everything.
    level_end = order_at(market, last["slot"])["next"] == 0 and last["size"] == order_at(market, last["slot"])["size"]
    rests = filled < size and level_end and chance(market, 400)
    for fill_index in range(count):
        settle(market, book, fill_index, LAST if fill_index == count - 1 and not rests else 0)
    if rests:
        slot = create(market, book, side, step, size - filled, aggressor)
        emit_order(market, book, ADD, slot, size - filled, LAST)


@kernel
def trade(market: Record, book: int) -> None:
    """An aggressor meets the best queue of the other side; an empty side gets an order instead."""
    side = aggressor_side(market, book)
    size = draw(market, TRADED)
    if best_of(market, book, 1 - side)["value"] < 0:
        add(market, book, 1 - side, touch(market, book, 1 - side), size)
        return
    count = match(market, book, 1 - side, size)
    if book_at(market, book)["style"] == CME:
        together(market, book, side, size, count)
    else:
        one_by_one(market, book, count)


@kernel
def opening_price(market: Record, book: int) -> int:
    """The price of the uncross, 1e-9 units: midway between the last bid and ask that find each other."""
    bid, ask = best_of(market, book, 0)["value"], best_of(market, book, 1)["value"]
    buy = level_at(market, book, 0, bid)["head"]
    sell = level_at(market, book, 1, ask)["head"]
    to_buy, to_sell = order_at(market, buy)["size"], order_at(market, sell)["size"]
    price = 0
    while bid >= ask and bid >= 0 and ask >= 0:
        price = price_at(market, book, (bid + ask) // 2)
        size = min(to_buy, to_sell)
        to_buy -= size
        to_sell -= size
        if to_buy == 0:
            buy = order_at(market, buy)["next"]
            if buy == 0:
                bid = next_level(market, book, 0, bid - 1)
                buy = level_at(market, book, 0, bid)["head"] if bid >= 0 else 0
            to_buy = order_at(market, buy)["size"]
        if to_sell == 0:
            sell = order_at(market, sell)["next"]
            if sell == 0:
                ask = next_level(market, book, 1, ask + 1)
                sell = level_at(market, book, 1, ask)["head"] if ask >= 0 else 0
            to_sell = order_at(market, sell)["size"]
    return price


@kernel
def uncross(market: Record, book: int) -> None:
    """One group of the opening: the fronts of both sides' best queues, at the opening price, without a side as on ESH4.

    Regular trading starts when nothing is crossed any more.
    """
    if not crossed(market, book):
        market["mode"] = CONTINUOUS
        market["price"] = 0
        return
    if market["price"] == 0:
        market["price"] = opening_price(market, book)
    price = market["price"]
    buy = level_at(market, book, 0, best_of(market, book, 0)["value"])["head"]
    sell = level_at(market, book, 1, best_of(market, book, 1)["value"])["head"]
    size = min(order_at(market, buy)["size"], order_at(market, sell)["size"])
    emit(market, book, TRADE, NO_SIDE, NO_ID, price, size, 0)
    for index in range(2):
        fill = fill_at(market, index)
        fill["slot"] = buy if index == 0 else sell
        fill["size"] = size
        emit(market, book, FILL, NO_SIDE, order_at(market, fill["slot"])["id"], price, size, 0)
    next_packet(market)
    settle(market, book, 0, 0)
    settle(market, book, 1, F_LAST_ALONE)
