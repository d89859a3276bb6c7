"""The book rules: the effect of one market-by-order record on its book."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from lobench.engine.oracle.side import Order, Side
from lobench.engine.records import ADD, ASK, BID, CANCEL, CLEAR, F_TOB, FILL, MODIFY, NONE, TRADE, UNDEF_PRICE

LevelView = tuple[int, int, int, list[tuple[int, int]]]
"""price, size, count, [(order id, size), ...] from front to tail."""


class Record(NamedTuple):
    """The fields of an MBO record that a replay looks at. Price in 1e-9 units, ``action`` and ``side`` codes."""

    ts_event: int
    instrument_id: int
    publisher_id: int
    action: int
    side: int
    price: int
    size: int
    order_id: int
    flags: int


class Loss(NamedTuple):
    """Size that an order lost at a place in a queue which it had joined at event ``arrival``."""

    side: int
    price: int
    arrival: int
    size: int


@dataclass(slots=True)
class Effect:
    """The effect of one record.

    ``ignored``: it broke a rule and changed nothing. ``added``: an A that added size to the book. ``cancelled``: size
    actually removed by a C; ``removed``: the order that this removed. ``losses``: size lost by orders, from any cause.
    ``reset``: sides that were emptied or replaced as a whole. ``lookups``: searches for an order by its id; ``walk``:
    orders that they would pass from the queue's front.
    """

    anomalies: list[str] = field(default_factory=list)
    ignored: bool = False
    added: bool = False
    cancelled: int = 0
    removed: Order | None = None
    losses: list[Loss] = field(default_factory=list)
    reset: tuple[int, ...] = ()
    lookups: int = 0
    walk: int = 0

    def ignore(self, anomaly: str) -> None:
        """Count an anomaly of a record that does nothing."""
        self.anomalies.append(anomaly)
        self.ignored = True


class Book:
    """All resting orders of one instrument at one publisher. ``n`` is the number of its last event, from 1."""

    def __init__(self, instrument_id: int, publisher_id: int) -> None:
        self.instrument_id = instrument_id
        self.publisher_id = publisher_id
        self.n = 0
        self.sides = {BID: Side(BID), ASK: Side(ASK)}
        self.orders: dict[int, Order] = {}

    def levels(self, side: int) -> list[LevelView]:
        """Levels of a side (character code) from best to worst."""
        return [
            (level.price, level.size, len(level.queue), [(order.id, order.size) for order in level.queue.values()])
            for level in self.sides[side]
        ]

    def best_price(self, side: int) -> int | None:
        """Best price of a side in 1e-9 units, None where the side is empty."""
        level = self.sides[side].best
        return None if level is None else level.price

    def apply(self, record: Record) -> Effect:
        """Apply the record as the book's next event. Broken rules are no errors: the effect reports them."""
        self.n += 1
        effect = Effect()
        if record.action == ADD and record.flags & F_TOB:
            self._top_of_book(record, effect)
        elif record.action == ADD:
            self._add(record, effect)
        elif record.action == MODIFY:
            self._modify(record, effect)
        elif record.action == CANCEL:
            self._cancel(record, effect)
        elif record.action == CLEAR:
            self._clear(BID)
            self._clear(ASK)
            effect.reset = (BID, ASK)
        elif record.action == TRADE:
            if record.price == UNDEF_PRICE:
                effect.ignore("trade_undefined_price")
        elif record.action not in (FILL, NONE):
            effect.ignore("unknown_action")
        return effect

    def _top_of_book(self, record: Record, effect: Effect) -> None:
        if record.side not in self.sides:
            effect.ignore("invalid_side")
        elif record.price == UNDEF_PRICE:
            self._clear(record.side)
            effect.reset = (record.side,)
        elif record.size == 0:
            effect.ignore("zero_size")
        else:
            self._clear(record.side)
            self.sides[record.side].replace(record.price, record.size)
            effect.reset = (record.side,)
            effect.added = True

    def _add(self, record: Record, effect: Effect) -> None:
        if not self._checked(record, effect):
            return
        resting = self._look_up(record.order_id, effect)
        if resting is not None:
            effect.anomalies.append("add_existing_order")
            self._remove(resting, effect)
        self._create(record)
        effect.added = True

    def _modify(self, record: Record, effect: Effect) -> None:
        if not self._checked(record, effect):
            return
        order = self._look_up(record.order_id, effect)
        if order is None:
            effect.anomalies.append("modify_unknown_order")
            self._create(record)
        elif record.side != order.side:
            self._remove(order, effect)
            self._create(record)
        elif record.price != order.price or record.size > order.size:
            self._remove(order, effect)
            order.price, order.size, order.arrival = record.price, record.size, self.n
            self._join(order)
        else:
            self._reduce(order, order.size - record.size, effect)

    def _cancel(self, record: Record, effect: Effect) -> None:
        order = self._look_up(record.order_id, effect)
        if order is None:
            effect.ignore("cancel_unknown_order")
            return
        if record.price != order.price or record.side != order.side:
            effect.anomalies.append("cancel_mismatch")
        if record.size > order.size:
            effect.anomalies.append("cancel_oversize")
        if record.size < order.size:
            effect.cancelled = record.size
            self._reduce(order, record.size, effect)
        else:
            effect.cancelled = order.size
            effect.removed = order
            self._remove(order, effect)

    def _checked(self, record: Record, effect: Effect) -> bool:
        if record.side not in self.sides:
            effect.ignore("invalid_side")
        elif record.price == UNDEF_PRICE:
            effect.ignore("undefined_price")
        elif record.size == 0:
            effect.ignore("zero_size")
        return not effect.ignored

    def _look_up(self, order_id: int, effect: Effect) -> Order | None:
        effect.lookups += 1
        order = self.orders.get(order_id)
        if order is not None:
            effect.walk += self.sides[order.side][order.price].place(order_id)
        return order

    def _create(self, record: Record) -> None:
        self._join(Order(record.order_id, record.side, record.price, record.size, birth=self.n, arrival=self.n))

    def _join(self, order: Order) -> None:
        self.orders[order.id] = order
        self.sides[order.side].join(order)

    def _remove(self, order: Order, effect: Effect) -> None:
        effect.losses.append(Loss(order.side, order.price, order.arrival, order.size))
        del self.orders[order.id]
        self.sides[order.side].leave(order)

    def _reduce(self, order: Order, size: int, effect: Effect) -> None:
        effect.losses.append(Loss(order.side, order.price, order.arrival, size))
        order.size -= size

    def _clear(self, side: int) -> None:
        self.sides[side].clear()
        self.orders = {order.id: order for order in self.orders.values() if order.side != side}
