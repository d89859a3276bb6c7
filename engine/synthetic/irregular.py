"""Violations of the rules: every anomaly that a replay counts, and records of top-of-book venues.

The generator's own books follow the engine's rules for each (docs/semantics.md), so that later records are regular
again. Top-of-book records and clears go to a book of their own, the instrument after the last, of which the generator
keeps no model.
"""

from __future__ import annotations

from lobench.engine.anomalies import ANOMALIES
from lobench.engine.compiling import kernel
from lobench.engine.native import Record
from lobench.engine.records import ADD, ASK, BID, CANCEL, CLEAR, F_LAST, F_TOB, MODIFY, NO_SIDE, TRADE, UNDEF_PRICE
from lobench.engine.synthetic.book import below, chance, create, destroy, draw, full, join, leave
from lobench.engine.synthetic.flow import distance, flow, place, some_order
from lobench.engine.synthetic.tables import FLOW, SIZE, TRADED
from lobench.engine.synthetic.views import book_at, order_at
from lobench.engine.synthetic.writer import LAST, NO_ID, emit, emit_order, fresh_id, price_at, side_code

KINDS = len(ANOMALIES) + 4
"""The anomalies in their order, then: a side change, a cancel of nothing, and twice the book of top-of-book records."""
_EXTREME = 2**62


@kernel
def irregular(market: Record, book: int) -> None:
    """One group that holds the next kind of irregular record; each kind has its turn."""
    kind = market["kind"]
    market["kind"] = (kind + 1) % KINDS
    slot = some_order(market, book, FLOW)
    if kind >= len(ANOMALIES) + 2:
        top_of_book(market)
    elif slot == 0 or full(market):
        flow(market, book)
    elif kind == 0 or kind == 10:
        replaced(market, book, slot, kind == 10)
    elif kind == 1 or kind == 2 or kind == 11:
        wrong_cancel(market, book, slot, kind)
    else:
        refused(market, book, slot, kind)


@kernel
def replaced(market: Record, book: int, slot: int, by_modify: bool) -> None:
    """A of an id that rests already (add_existing_order), or M to the other side, which no rule forbids."""
    order = order_at(market, slot)
    side = 1 - order["side"] if by_modify else below(market, 2)
    step = place(market, book, side, distance(market, book, FLOW))
    if step < 0:
        return
    leave(market, book, slot)
    order["size"] = draw(market, SIZE)
    join(market, book, side, step, slot)
    emit_order(market, book, MODIFY if by_modify else ADD, slot, order["size"], LAST)


@kernel
def wrong_cancel(market: Record, book: int, slot: int, kind: int) -> None:
    """C with another price or side (cancel_mismatch), of too much (cancel_oversize), both, or of nothing (legal)."""
    order = order_at(market, slot)
    side, price, size = side_code(order["side"]), price_at(market, book, order["tick"]), order["size"]
    if kind == 11:
        emit(market, book, CANCEL, side, order["id"], price, 0, LAST)
        return
    if kind == 1:
        what = below(market, 3)
        if what == 0:
            price += book_at(market, book)["tick"]
        else:
            side = NO_SIDE if what == 1 else side_code(1 - order["side"])
    if kind == 2 or chance(market, 256):
        size += 1 + below(market, 100)
    emit(market, book, CANCEL, side, order["id"], price, size, LAST)
    destroy(market, book, slot)


@kernel
def refused(market: Record, book: int, slot: int, kind: int) -> None:
    """Records that an engine ignores, and M of an unknown id, which it adds."""
    order = order_at(market, slot)
    side, step = order["side"], order["tick"]
    code, price = side_code(side), price_at(market, book, step)
    size = draw(market, SIZE)
    known = chance(market, 512)
    order_id = order["id"] if known else fresh_id(market, book)
    action = MODIFY if known else ADD
    if kind == 3:
        emit(market, book, CANCEL, code, fresh_id(market, book), price, size, LAST)
    elif kind == 4:
        emit(market, book, action, NO_SIDE, order_id, price, size, LAST)
    elif kind == 5:
        created = create(market, book, side, step, size, fresh_id(market, book))
        emit_order(market, book, MODIFY, created, size, LAST)
    elif kind == 6:
        emit(market, book, TRADE, code, NO_ID, UNDEF_PRICE, draw(market, TRADED), LAST)
    elif kind == 7:
        emit(market, book, action, code, order_id, UNDEF_PRICE, size, LAST)
    elif kind == 8:
        emit(market, book, ord("X") if known else 0, code, order_id, price, size, LAST)
    else:
        emit(market, book, action, code, order_id, price, 0, LAST)


@kernel
def top_of_book(market: Record) -> None:
    """A record of the top-of-book venue: sides replaced or emptied, orders among them, clears, odd prices."""
    book = market["books"]
    info = book_at(market, book)
    price = info["base"] + (below(market, 41) - 20) * info["tick"]
    odd = below(market, 16)
    if odd == 0:
        price = -price
    elif odd == 1:
        price += 1
    elif odd == 2:
        price = _EXTREME if chance(market, 512) else -_EXTREME
    side = BID if chance(market, 512) else ASK
    size = draw(market, SIZE)
    # Steps of 7 pass through all 16 cases.
    what = market["turn"]
    market["turn"] = (what + 7) % 16
    if what < 4:
        market["side_id"] = fresh_id(market, book)
        emit(market, book, ADD, side, market["side_id"], price, size, LAST)
    elif what < 6:
        emit(market, book, CANCEL, side, market["side_id"], price, size, LAST)
    elif what < 7:
        emit(market, book, MODIFY, side, market["side_id"], price, size, LAST | F_TOB)
    elif what < 11:
        emit(market, book, ADD, side, NO_ID, price, size, F_LAST | F_TOB)
    elif what < 13:
        emit(market, book, ADD, side, NO_ID, UNDEF_PRICE, 0, F_LAST | F_TOB)
    elif what < 14:
        emit(market, book, ADD, side, NO_ID, price, 0, F_LAST | F_TOB)
    elif what < 15:
        emit(market, book, ADD, NO_SIDE, NO_ID, price, size, F_LAST | F_TOB)
    else:
        emit(market, book, CLEAR, NO_SIDE, NO_ID, UNDEF_PRICE, 0, F_LAST)
