"""The evaluations that become rows: all, or a sample by time, events, volume, trades or changes of the best prices.

``1s`` (``100ms``, ``5m``, any whole number of ns, us, ms, s, m, h): for every book its state at the end of each
interval, intervals counted from 1970. The clock is ``ts_event`` of the feed's evaluations and never goes back. A book
without an evaluation in an interval keeps its last state, and the row is marked as filled. If the whole feed is silent
for ``CLOSED`` or longer, the market is closed: nothing is filled there. The last interval of a feed, and of a session,
ends with it.

``1000e``, ``10000v``: the first evaluation of a book at or after each 1,000 of its events, or each 10,000 units of its
trades (records of T). ``trade``: the first at or after each such record; ``bbo``: each evaluation at which price or
size of the best bid or ask differs from the book's last one.

All but ``bbo`` can be told from the records: such a sample picks its rows before they are made, and kernels write no
others (``lobench.engine.picking``). A sample changes nothing that is computed: books, trackers, strategies and the
trace are those of the whole replay, and a row has the values that it has without sampling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from lobench.engine.feeds.base import Chunk
from lobench.engine.layout import OUTPUT_LEVEL
from lobench.engine.picking import Pick, Places, pick_all
from lobench.engine.rows import HEADS, OUTPUT_SLICE, Rows
from lobench.workbench.rows.by_quotes import ByQuotes
from lobench.workbench.rows.by_record import KINDS, ByRecord
from lobench.workbench.rows.by_time import ByTime
from lobench.workbench.rows.sample import Sample


class Sampler(Protocol):
    """Picks the rows of each slice before it is replayed, and makes the sample of them afterwards, slice by slice: on
    any thread, and when other slices have been picked already."""

    slice_records: int
    """Records of a slice."""

    def pick(self, part: Chunk, flags: tuple[int, int], places: Places) -> tuple[int, Any]:
        """See ``lobench.engine.picking.Pick``."""
        ...

    def take(self, rows: Rows) -> Iterator[Rows]:
        """The rows of the sample that these bring."""
        ...

    def finish(self) -> Iterator[Rows]:
        """The remaining rows when the feed has ended."""
        ...


class _All:
    """Every evaluation."""

    slice_records = OUTPUT_SLICE
    pick: Pick = staticmethod(pick_all)

    def take(self, rows: Rows) -> Iterator[Rows]:
        yield rows

    def finish(self) -> Iterator[Rows]:
        yield from ()


def sampler(sample: Sample | None, features: Sequence[str], depth: int) -> Sampler:
    """For rows of these features and so many levels. What it calls is compiled."""
    made = _sampler(sample, _no_rows(features, depth))
    nothing = Chunk(address=0, stride=0, count=0, owner=None)
    count, note = made.pick(nothing, (0, 0), np.zeros(0, np.int32))
    rows = _no_rows(features, depth)
    rows.note = note
    assert not any(len(found) for found in made.take(rows)), f"{count} rows of nothing"
    return made


def _sampler(sample: Sample | None, nothing: Rows) -> Sampler:
    if sample is None:
        return _All()
    if sample.timed:
        return ByTime(sample.step, nothing)
    return ByRecord(sample.kind, sample.step) if sample.kind in KINDS else ByQuotes()


def _no_rows(features: Sequence[str], depth: int) -> Rows:
    heads = {name: np.zeros(0, kind) for name, kind in HEADS.items()}
    return Rows(heads, np.zeros((0, len(features))), np.zeros((0, depth), OUTPUT_LEVEL), features)
