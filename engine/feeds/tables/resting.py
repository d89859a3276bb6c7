"""Resting orders while a table is read, for mappings whose rows omit facts: memory in proportion to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lobench.engine.feeds.tables.mapping import DELETE, UPDATE
from lobench.engine.records import ADD, CANCEL, CLEAR, MODIFY


class Resting:
    """Orders that rest, by instrument and id: side, price and size, by the book's own rules (docs/semantics.md)."""

    def __init__(self) -> None:
        self._books: dict[int, dict[int, tuple[int, int, int]]] = {}

    def follow(self, records: npt.NDArray[np.void], actions: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
        """Complete ``records`` whose ``actions`` are ``DELETE`` or ``UPDATE``, in order; returns which ones mean
        something."""
        kept = np.ones(len(records), np.bool_)
        fields = [records[name].tolist() for name in ("instrument_id", "order_id", "side", "price", "size")]
        for i, (action, instrument, order, side, price, size) in enumerate(zip(actions.tolist(), *fields, strict=True)):
            book = self._books.setdefault(instrument, {})
            found = book.get(order)
            if action in (DELETE, UPDATE) and found is None:
                kept[i] = False
            elif action == DELETE:
                records[i]["action"] = CANCEL
                records[i]["side"], records[i]["price"], records[i]["size"] = book.pop(order)
            elif action in (ADD, MODIFY, UPDATE):
                if action == UPDATE:
                    records[i]["action"] = MODIFY
                if size:
                    book[order] = side, price, size
            elif action == CANCEL and found is not None:
                if size < found[2]:
                    book[order] = *found[:2], found[2] - size
                else:
                    del book[order]
            elif action == CLEAR:
                book.clear()
        return kept
