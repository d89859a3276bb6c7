"""The oracle on a real day of CME E-mini futures: no rule is broken, and fills hit the fronts of its queues."""

from __future__ import annotations

import os
from pathlib import Path

import databento
import numpy as np
import numpy.typing as npt
import pytest

from lobench.engine.anomalies import ANOMALIES
from lobench.engine.oracle import Oracle
from lobench.engine.records import ASK, BID, F_LAST, FILL, MBO

DAY = "glbx_es/esh4-glbx-mdp3-20231225.mbo.dbn.zst"


@pytest.fixture(scope="module")
def day() -> npt.NDArray[np.void]:
    folder = os.environ.get("LOBENCH_REAL_DATA")
    if not folder:
        pytest.skip("LOBENCH_REAL_DATA does not name the folder of real market data")
    records = databento.DBNStore.from_bytes((Path(folder) / DAY).read_bytes()).to_ndarray()
    assert isinstance(records, np.ndarray)
    return records.view(MBO)


@pytest.mark.long
def test_a_day_without_anomalies(day: npt.NDArray[np.void]) -> None:
    oracle = Oracle()
    oracle.apply(day)
    result = oracle.finish()
    assert result.events == 68_792
    assert result.anomalies == dict.fromkeys(ANOMALIES, 0)
    assert result.samples.shape == (16, 3)
    (book,) = result.books
    assert book.events == 68_792
    assert result.evaluations == int(np.count_nonzero((day["flags"] & 0xA0) == F_LAST))


def test_fills_hit_the_fronts_of_queues(day: npt.NDArray[np.void]) -> None:
    """An F names an order that was hit; the C or M that reduces it comes after all F records of the event.

    A *fill group* is all F records of one event (the records up to and including F_LAST) on one side at one price,
    where the order of the first of them rests on that side at that price. The group agrees if its orders, each once, in
    the order in which they were first hit, are exactly the front of the queue at the time of the group's first F.

    Another 108 groups are not fills of a queue: 107 name the aggressor, an order that rested at another price until it
    was moved across the spread, and one is the opening auction's, without a side.
    """
    oracle = Oracle()
    groups: dict[tuple[int, int], tuple[list[int], dict[int, None]]] = {}
    agreeing = total = absent = start = 0
    for i, (action, flags) in enumerate(zip(day["action"].tolist(), day["flags"].tolist(), strict=True)):
        if action == FILL:
            oracle.apply(day[start:i])
            start = i
            side, price = int(day["side"][i]), int(day["price"][i])
            if (side, price) not in groups:
                groups[side, price] = (_queue(oracle, day[i], side, price), {})
            groups[side, price][1][int(day["order_id"][i])] = None
        if flags & F_LAST:
            for queue, hit in groups.values():
                orders = list(hit)
                if orders[0] not in queue:
                    absent += 1
                    continue
                total += 1
                agreeing += queue[: len(orders)] == orders
            groups.clear()
    assert (agreeing, total, absent) == (2_729, 2_882, 108)


def _queue(oracle: Oracle, record: np.void, side: int, price: int) -> list[int]:
    """Order ids at a price from front to tail, empty where there is no such side or level."""
    if side not in (BID, ASK):
        return []
    book = oracle.book(int(record["instrument_id"]), int(record["publisher_id"]))
    assert book is not None
    return [order_id for level in book.sides[side] if level.price == price for order_id in level.queue]
