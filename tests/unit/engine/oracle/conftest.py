"""Small feeds written as lines of text, and the oracle run over them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pytest

from lobench.engine.oracle import Oracle
from lobench.engine.records import F_LAST, F_SNAPSHOT, F_TOB, MBO, UNDEF_PRICE

FLAGS = {"LAST": F_LAST, "SNAPSHOT": F_SNAPSHOT, "TOB": F_TOB}


def parse(*lines: str) -> npt.NDArray[np.void]:
    """One record a line: ``action id side price size`` (missing: N or 0); flags; ``on=instrument/publisher``.

    Prices are in 1e-9 units; ``100e9`` and ``undef`` are understood. Record number i has ts_event i.
    """
    records = np.zeros(len(lines), MBO)
    for i, line in enumerate(lines):
        words = line.split()
        flags = sum(FLAGS[word] for word in words if word in FLAGS)
        book = next((word[3:] for word in words if word.startswith("on=")), "1/1")
        fields = [word for word in words if word not in FLAGS and not word.startswith("on=")]
        action, order_id, side, price, size = fields + ["N", "0", "N", "0", "0"][len(fields) :]
        record = records[i]
        record["ts_event"] = i
        record["instrument_id"], record["publisher_id"] = (int(number) for number in book.split("/"))
        record["action"], record["side"] = ord(action), ord(side)
        record["price"] = UNDEF_PRICE if price == "undef" else int(Decimal(price))
        record["order_id"], record["size"], record["flags"] = int(order_id), int(size), flags
    return records


@pytest.fixture
def records() -> Callable[..., npt.NDArray[np.void]]:
    return parse


@pytest.fixture
def replay() -> Callable[..., Oracle]:
    """An oracle that has replayed the given lines."""

    def run(*lines: str, evaluate: str = "last") -> Oracle:
        oracle = Oracle(evaluate, keep_rows=True)
        oracle.apply(parse(*lines))
        return oracle

    return run
