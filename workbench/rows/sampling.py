"""The evaluations that become rows: all, or a sample by time, events, volume, trades or changes of the best prices.

``1s`` (``100ms``, ``5m``, any whole number of ns, us, ms, s, m, h): the state of every book at the end of each
interval; intervals are counted from 1970. The clock is ``ts_event`` of the feed's evaluations and never goes back. A
book without an evaluation in an interval keeps its last state, and the row is marked as filled. If the whole feed is
silent for ``CLOSED`` or longer, the market is closed, and no rows are filled in. The interval in which the feed ends,
or the market closes, is the last one to have rows.

``1000e``, ``10000v``: a book's first evaluation at or after every 1,000 of its events, or every 10,000 units of its
trades (records of action T). ``trade``: the first at or after each trade. ``bbo``: each evaluation at which the price
or size of the best bid or ask differs from the book's previous one.

The records alone determine all samples but ``bbo``: such a sample picks its rows before they are made, and kernels
write no others (``lobench.engine.picking``). A sample changes nothing that is computed: books, trackers, strategies and
the trace are those of the whole replay, and a row has the same values as without sampling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lobench.engine.feeds.base import Chunk
from lobench.engine.layout import OUTPUT_LEVEL
from lobench.engine.picking import Pick, pick_all
from lobench.engine.rows import HEADS, OUTPUT_SLICE, Rows
from lobench.workbench.rows.by_quotes import ByQuotes
from lobench.workbench.rows.by_record import KINDS, ByRecord
from lobench.workbench.rows.by_time import ByTime
from lobench.workbench.rows.gathering import Gathered
from lobench.workbench.rows.sample import Sample
from lobench.workbench.rows.sampler import Sampler


class _All:
    """Every evaluation."""

    slice_records = OUTPUT_SLICE
    pick: Pick = staticmethod(pick_all)

    def take(self, rows: Rows) -> Iterator[Rows]:
        yield rows

    def finish(self) -> Iterator[Rows]:
        yield from ()


def sampler(sample: Sample | None, features: Sequence[str], depth: int) -> Sampler:
    """The sampler for rows with these features and ``depth`` levels. Its functions are compiled already."""
    made = _sampler(sample, _no_rows(features, depth))
    nothing = Chunk(address=0, stride=0, count=0, owner=None)
    count, note = made.pick(nothing, (0, 0), np.zeros(0, np.int32))
    rows = _no_rows(features, depth)
    rows.note = note
    assert not any(len(found) for found in made.take(rows)), f"{count} rows from no records"
    return made


def _sampler(sample: Sample | None, nothing: Rows) -> Sampler:
    if sample is None:
        return _All()
    if sample.timed:
        return Gathered(ByTime(sample.step, nothing))
    return Gathered(ByRecord(sample.kind, sample.step) if sample.kind in KINDS else ByQuotes())


def _no_rows(features: Sequence[str], depth: int) -> Rows:
    heads = {name: np.zeros(0, kind) for name, kind in HEADS.items()}
    return Rows(heads, np.zeros((0, len(features))), np.zeros((0, depth), OUTPUT_LEVEL), features)
