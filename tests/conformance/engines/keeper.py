"""A Python engine that keeps every rule: the oracle behind an ENGINE. ``LOBENCH_TEST_FAULT`` makes it wrong in one rule
(``tests/conformance/faults.toml``), or has it crash, hang or raise at an F."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from lobench.engine.oracle import Oracle
from lobench.engine.oracle.features import FEATURES
from lobench.engine.records import ASK, BID, FILL

FAULT = os.environ.get("LOBENCH_TEST_FAULT", "")


def oracle() -> Any:
    """The class of the oracle, wrong or right."""
    from tests.conformance.mutants import FAULTS, loaded

    return loaded(FAULTS[FAULT]) if FAULT in FAULTS else Oracle


class Engine:
    name = "Keeper"
    version = "1"
    offers = "bbo levels queues features strategies anomalies"

    def __init__(self, options: Any) -> None:
        self.oracle = oracle()("every" if options.evaluate_every else "last", keep_rows=True)

    def apply(self, records: Any) -> None:
        if FAULT in ("crash", "hang", "raise") and (records["action"] == FILL).any():
            if FAULT == "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            if FAULT == "hang":
                time.sleep(1000)
            raise ValueError("an F")
        self.oracle.apply(records)

    def levels(self, instrument_id: int, publisher_id: int, side: str, first: int, n: int) -> list[Any]:
        return [level[:3] for level in self._levels(instrument_id, publisher_id, side)[first : first + n]]

    def orders(self, instrument_id: int, publisher_id: int, side: str, price: int, first: int, n: int) -> list[Any]:
        levels = self._levels(instrument_id, publisher_id, side)
        return next((level[3][first : first + n] for level in levels if level[0] == price), [])

    def features(self, instrument_id: int, publisher_id: int) -> Any:
        if self.oracle.book(instrument_id, publisher_id) is None:
            return None
        rows = [row[3] for row in self.oracle.rows if row[1:3] == (instrument_id, publisher_id)]
        return rows[-1] if rows else [float("nan")] * len(FEATURES)

    def accounts(self, instrument_id: int, publisher_id: int) -> Any:
        for end in self.oracle.finish().books:
            if (end.instrument_id, end.publisher_id) == (instrument_id, publisher_id):
                return [(one.position, one.cash, one.equity, one.trades) for one in end.strategies]
        return None

    def trace(self) -> int:
        return int(self.oracle.finish().trace)

    def counts(self) -> Any:
        result = self.oracle.finish()
        return result.events, result.evaluations, list(result.anomalies.values())

    def _levels(self, instrument_id: int, publisher_id: int, side: str) -> list[Any]:
        book = self.oracle.book(instrument_id, publisher_id)
        return [] if book is None else list(book.levels(BID if side == "B" else ASK))


ENGINE = Engine
