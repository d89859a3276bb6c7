"""Engines from outside beside the oracle: everything that they offer, at unforeseeable places of a feed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lobench.engine.anomalies import ANOMALIES
from lobench.engine.feeds import open_feed
from lobench.engine.foreign.abi import Counts, Options
from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.oracle import Oracle
from lobench.engine.records import ASK, BID, MBO

Records = npt.NDArray[np.void]
SIDES = {"B": BID, "A": ASK}


def feed(spec: str) -> Records:
    """All records of a feed."""
    return np.concatenate([chunk.array().copy() for chunk in open_feed([spec])])


def check(engine: ForeignEngine, records: Records, *, evaluate: str = "last", seed: int = 1) -> None:
    """Replay the records in pieces of random length; after each, engine and oracle agree in all that is offered."""
    rng = np.random.default_rng(seed)
    oracle = Oracle(evaluate, keep_rows=True)
    stage = 3 if "strategies" in engine.offered else 1
    face = engine.start(Options(stage=stage, evaluate_every=evaluate == "every", workers=1))
    done, rows, newest = 0, 0, dict[tuple[int, int], tuple[float, ...]]()
    while done < len(records):
        piece = np.ascontiguousarray(records[done : done + rng.integers(1, len(records) // 3)])
        face.apply(piece.ctypes.data, MBO.itemsize, len(piece))
        oracle.apply(piece)
        done += len(piece)
        newest |= {(row[1], row[2]): row[3] for row in oracle.rows[rows:]}
        rows = len(oracle.rows)
        result = oracle.finish()
        anomalies = tuple(result.anomalies[name] for name in ANOMALIES)
        if "anomalies" in engine.offered:
            assert face.counts() == Counts(result.events, result.evaluations, anomalies)
        for book in result.books:
            key = book.instrument_id, book.publisher_id
            queues = "queues" in engine.offered
            assert books(face, *key, queues) == books_of_oracle(oracle, *key, queues)
            if stage == 3:
                np.testing.assert_array_equal(bits(face.features(*key)), bits(newest.get(key, [np.nan] * 24)))
                accounts = [(end.position, end.cash, end.equity, end.trades) for end in book.strategies]
                found = face.accounts(*key)
                assert found is not None
                assert found.tolist() == accounts
        if stage == 3:
            assert face.trace() == result.trace
    face.close()


def books(face: Any, instrument_id: int, publisher_id: int, queues: bool) -> list[Any]:
    """Every level of both sides, best first, and its orders, front first, if asked for."""
    key = instrument_id, publisher_id
    return [
        (price, size, count, face.orders(*key, side, price).tolist() if queues else [])
        for side in SIDES
        for price, size, count in face.levels(*key, side, 1 << 16).tolist()
    ]


def books_of_oracle(oracle: Oracle, instrument_id: int, publisher_id: int, queues: bool) -> list[Any]:
    """The same of the oracle."""
    book = oracle.book(instrument_id, publisher_id)
    assert book is not None
    return [
        (level.price, level.size, len(level.queue), [(o.id, o.size) for o in level.queue.values() if queues])
        for side in SIDES.values()
        for level in book.sides[side]
    ]


def bits(row: Any) -> npt.NDArray[np.uint64]:
    """The bits of doubles; all NaNs are one."""
    row = np.array(row, np.float64)
    return np.where(np.isnan(row), np.uint64(0x7FF8 << 48), row.view(np.uint64))
