"""For each rule a fault of an engine that breaks this rule and no other."""

from __future__ import annotations

from tests.conformance.mutants import Fault

_CHECKED = """        if record.side not in self.sides:
            effect.ignore("invalid_side")
        elif record.price == UNDEF_PRICE:
            effect.ignore("undefined_price")
        elif record.size == 0:
            effect.ignore("zero_size")
        return"""

_LARGER = "record.size > order.size:\n            self._remove"
_EXISTING = """            effect.anomalies.append("add_existing_order")
            self._remove(resting, effect)"""
_UNKNOWN = """        if order is None:
            effect.ignore("cancel_unknown_order")"""
_TOP = """        else:
            self._clear(record.side)
            self.sides"""

FAULTS: dict[str, Fault] = {
    # Orders.
    "cancel-part": Fault("book", "self._reduce(order, record.size, effect)", "self._reduce(order, 0, effect)"),
    "modify-smaller": Fault(
        "book", "            self._reduce(order, order.size - record.size, effect)", "            pass"
    ),
    "modify-larger": Fault("book", f" or {_LARGER}", " or False:\n            self._remove"),
    "modify-same": Fault("book", _LARGER, _LARGER.replace(">", ">=")),
    "modify-side": Fault("book", "elif record.side != order.side:", "elif False:"),
    "modify-price": Fault(
        "book",
        "order.price, order.size, order.arrival = record.price, record.size, self.n",
        "order.price, order.size, order.arrival = record.price, max(record.size, order.size), self.n",
    ),
    "cancel-nothing": Fault("book", "if record.size < order.size:\n", "if 0 < record.size < order.size:\n"),
    # Other records.
    "fill-leaves-book": Fault(
        "book",
        "elif record.action not in (FILL, NONE):",
        "elif record.action == FILL:\n            self._cancel(record, effect)\n        elif record.action != NONE:",
    ),
    "none-leaves-book": Fault(
        "book",
        "elif record.action not in (FILL, NONE):",
        "elif record.action == NONE:\n            self._clear(record.side)\n        elif record.action != FILL:",
    ),
    "clear-means-both-sides": Fault(
        "book",
        "            self._clear(BID)\n            self._clear(ASK)",
        "            for side in (BID, ASK):\n                if record.side in (side, 78):\n                    self._clear(side)",
    ),
    "clear-frees-ids": Fault(
        "book",
        "            self._clear(BID)\n            self._clear(ASK)",
        "            self.sides[BID].clear()\n            self.sides[ASK].clear()",
    ),
    "modify-top-of-book": Fault(
        "book",
        "if record.action == ADD and record.flags & F_TOB:",
        "if record.action in (ADD, MODIFY) and record.flags & F_TOB:",
    ),
    # Repairs.
    "add-existing-order-elsewhere": Fault(
        "book",
        _EXISTING,
        _EXISTING.replace("            self", "            if resting.side == record.side:\n                self"),
    ),
    "cancel-oversize": Fault("book", "if record.size < order.size:\n", "if record.size != order.size:\n"),
    "cancel-other-price": Fault(
        "book",
        "if record.price != order.price or record.side != order.side:\n",
        "if record.price != order.price and record.side == order.side:\n            return\n        if record.side != order.side:\n",
    ),
    "cancel-other-side": Fault(
        "book", _UNKNOWN, _UNKNOWN.replace("is None:", "is None or (order.side != record.side and record.side != 78):")
    ),
    "cancel-no-side": Fault("book", _UNKNOWN, _UNKNOWN.replace("is None:", "is None or record.side == 78:")),
    "modify-zero-size": Fault(
        "book",
        "        if not self._checked(record, effect):\n            return\n        order",
        "        if record.size == 0:\n            return self._cancel(record._replace(size=2**32), effect)\n        if not self._checked(record, effect):\n            return\n        order",
    ),
}
