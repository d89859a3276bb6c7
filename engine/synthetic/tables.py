"""Measurements of real data, as tables that the generators draw from.

Measured with ``scripts/feed-statistics`` on a day of ESH4 (see docs/synthetic-feeds.md). A distribution is written as
rows (lowest value, highest value, weight): values within a row are equally likely. The longest waits are left out: the
day measured was a holiday.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Rows: TypeAlias = tuple[tuple[int, int, float], ...]

ENTRIES: Final = 1024
"""Entries of a table: the inverse distribution function at equal steps."""

# Ticks behind the touch of added and cancelled orders.
FLOW_DISTANCE: Final[Rows] = (
    *((0, 0, 57.5), (1, 1, 6.8), (2, 2, 2.3), (3, 4, 1.9), (5, 9, 4.5), (10, 19, 9.4), (20, 49, 7.5)),
    *((50, 99, 3.0), (100, 199, 2.6), (200, 399, 2.0), (400, 1000, 2.5)),
)
# The same for modified orders. Far away is a second crowd, which moves between there and the touch.
MODIFY_DISTANCE: Final[Rows] = (
    *((0, 0, 17.4), (1, 1, 15.9), (2, 2, 9.8), (3, 3, 10.1), (4, 4, 7.5), (5, 5, 3.7), (6, 9, 5.1), (10, 19, 5.8)),
    *((20, 49, 3.8), (50, 299, 1.9), (300, 409, 19.0)),
)
NEAR_DISTANCE: Final[Rows] = (
    *((0, 0, 40), (1, 1, 15), (2, 2, 15), (3, 3, 13), (4, 5, 13), (6, 9, 5), (10, 19, 9)),
    (20, 49, 6),
)
FAR_DISTANCE: Final[Rows] = ((300, 395, 15), (396, 409, 85))
MODIFY_STEP: Final[Rows] = ((1, 1, 88), (2, 2, 5), (3, 4, 4), (5, 16, 3))

ORDER_SIZE: Final[Rows] = (
    *((1, 1, 74.8), (2, 2, 8.8), (3, 3, 5.4), (4, 4, 3.4), (5, 6, 1.6), (7, 11, 1.7), (12, 12, 2.6), (13, 17, 1.0)),
    *((18, 50, 0.6), (51, 158, 0.1)),
)
TRADE_SIZE: Final[Rows] = (
    *((1, 1, 59.1), (2, 2, 15.4), (3, 3, 5.7), (4, 4, 4.5), (5, 5, 2.9), (6, 10, 5.9), (11, 14, 2.0), (15, 20, 1.8)),
    *((21, 40, 1.7), (41, 89, 1.0)),
)
# Not measured: the usual shape of US equities, round lots first.
EQUITY_SIZE: Final[Rows] = (
    *((1, 99, 25), (100, 100, 48), (101, 199, 5), (200, 200, 8), (201, 499, 6), (500, 500, 4)),
    (501, 2000, 4),
)
EQUITY_TRADE_SIZE: Final[Rows] = ((1, 99, 35), (100, 100, 38), (101, 300, 14), (301, 1000, 10), (1001, 5000, 3))

# Nanoseconds. Waits below 100 µs form the first SHORT_SHARE percent of this table; they come in runs.
GAP: Final[Rows] = (
    *((144, 178, 1), (179, 192, 1), (193, 820, 3), (821, 2_080, 5), (2_081, 8_434, 10), (8_435, 30_868, 10)),
    *((30_869, 100_000, 12.8), (100_001, 266_958, 17.2), (266_959, 859_954, 10), (859_955, 1_500_000, 20)),
    (1_500_001, 4_000_000, 10),
)
SHORT_SHARE: Final = 42.8
SHORT_AFTER_SHORT: Final = 64.1
LATENCY: Final[Rows] = (
    *((79_365, 86_319, 2), (86_320, 90_984, 8), (90_985, 98_726, 20), (98_727, 107_708, 20), (107_709, 129_860, 20)),
    *((129_861, 181_163, 5), (181_164, 365_859, 4), (365_860, 547_944, 2), (547_945, 1_402_369, 1)),
)
IN_DELTA: Final[Rows] = (
    *((11_773, 12_757, 1), (12_758, 13_375, 9), (13_376, 14_428, 20), (14_429, 15_304, 20), (15_305, 15_770, 20)),
    *((15_771, 16_928, 20), (16_929, 20_162, 8), (20_163, 31_474, 2)),
)
SEQUENCE_STEP: Final[Rows] = ((0, 0, 6.0), (1, 1, 81.1), (2, 2, 8.7), (3, 3, 2.1), (4, 4, 1.1), (5, 9, 1.0))
# Of all ids assigned: trades use some of those between two orders.
ID_STEP: Final[Rows] = ((1, 1, 84.0), (2, 2, 9.0), (3, 3, 3.4), (4, 4, 1.6), (5, 5, 0.8), (6, 8, 0.9), (9, 42, 0.3))

FUTURE: Final[tuple[Rows, ...]] = (
    *(FLOW_DISTANCE, MODIFY_DISTANCE, NEAR_DISTANCE, FAR_DISTANCE, MODIFY_STEP, ORDER_SIZE, TRADE_SIZE),
    *(GAP, LATENCY, IN_DELTA, SEQUENCE_STEP, ID_STEP),
)
(FLOW, MODIFY, NEAR, FAR, STEP, SIZE, TRADED, WAIT, DELAY, DELTA, SEQUENCE, ID) = range(len(FUTURE))
"""Places of the distributions in ``FUTURE`` and ``EQUITY``."""
EQUITY: Final[tuple[Rows, ...]] = (*FUTURE[:SIZE], EQUITY_SIZE, EQUITY_TRADE_SIZE, *FUTURE[WAIT:])


def expand(distributions: tuple[Rows, ...]) -> npt.NDArray[np.int64]:
    """Inverse distribution functions, int64, shape (len(distributions), ENTRIES).

    Integer arithmetic decides each entry's value within its row, so that every machine makes the same tables.
    """
    tables = np.empty((len(distributions), ENTRIES), np.int64)
    for table, rows in zip(tables, distributions, strict=True):
        total = sum(row[2] for row in rows)
        passed = 0.0
        first = 0
        for low, high, weight in rows:
            passed += weight
            last = round(passed / total * ENTRIES)
            for entry in range(first, last):
                table[entry] = low + (2 * (entry - first) + 1) * (high - low + 1) // (2 * (last - first))
            first = last
    return tables
