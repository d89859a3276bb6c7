"""A Python engine that keeps every rule: the oracle behind an ENGINE. ``LOBENCH_TEST_FAULT`` makes it wrong in one rule
(``tests/conformance/faults.toml``), or has it crash, hang or raise at an F."""

from __future__ import annotations

import os
import signal
import time
from typing import Any
from weakref import WeakSet

from lobench.engine.oracle import Oracle
from lobench.engine.oracle.features import FEATURES
from lobench.engine.records import ASK, BID, FILL

FAULT = os.environ.get("LOBENCH_TEST_FAULT", "")
LIVING: WeakSet[Any] = WeakSet()
"""The engines that are alive."""


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
        if FAULT == "engines-apart":
            self.oracle = next((other.oracle for other in LIVING), self.oracle)
        LIVING.add(self)
        self.result: Any = None
        self.newest: dict[tuple[int, int], Any] = {}
        self.ends: dict[tuple[int, int], Any] = {}

    def apply(self, records: Any) -> None:
        if FAULT in ("crash", "hang", "raise") and (records["action"] == FILL).any():
            if FAULT == "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            if FAULT == "hang":
                time.sleep(1000)
            raise ValueError("an F")
        self.oracle.apply(records)
        self.result = None

    def look(self) -> Any:
        """The oracle's outcome so far, taken once."""
        if self.result is None:
            self.result = self.oracle.finish()
            self.newest = {row[1:3]: row[3] for row in self.oracle.rows}
            self.ends = {(end.instrument_id, end.publisher_id): end.strategies for end in self.result.books}
        return self.result

    def levels(self, instrument_id: int, publisher_id: int, side: str, first: int, n: int) -> list[Any]:
        return [level[:3] for level in self._levels(instrument_id, publisher_id, side)[first : first + n]]

    def orders(self, instrument_id: int, publisher_id: int, side: str, price: int, first: int, n: int) -> list[Any]:
        levels = self._levels(instrument_id, publisher_id, side)
        return next((level[3][first : first + n] for level in levels if level[0] == price), [])

    def features(self, instrument_id: int, publisher_id: int) -> Any:
        if self.oracle.book(instrument_id, publisher_id) is None:
            return None
        self.look()
        return self.newest.get((instrument_id, publisher_id), [float("nan")] * len(FEATURES))

    def accounts(self, instrument_id: int, publisher_id: int) -> Any:
        self.look()
        ends = self.ends.get((instrument_id, publisher_id))
        return None if ends is None else [(end.position, end.cash, end.equity, end.trades) for end in ends]

    def trace(self) -> int:
        return int(self.look().trace)

    def counts(self) -> Any:
        result = self.look()
        return result.events, result.evaluations, list(result.anomalies.values())

    def _levels(self, instrument_id: int, publisher_id: int, side: str) -> list[Any]:
        book = self.oracle.book(instrument_id, publisher_id)
        return [] if book is None else list(book.levels(BID if side == "B" else ASK))


ENGINE = Engine
