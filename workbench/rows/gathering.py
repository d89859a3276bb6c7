"""Rows of a sample in pieces that are worth passing on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from lobench.engine.rows import Rows, joined
from lobench.workbench.rows.by_time import Sampled
from lobench.workbench.rows.sampler import Sampler

ENOUGH: Final = 4096
"""Rows to pass on. A slice of a feed often adds only a few to a sample, and a record batch costs its receivers the same
for a few as for hundreds."""


class Gathered:
    """A sampler that keeps the rows of ``sampler`` until there are ``ENOUGH``."""

    def __init__(self, sampler: Sampler) -> None:
        self.pick, self.slice_records = sampler.pick, sampler.slice_records
        self._sampler = sampler
        self._parts: list[Rows] = []

    def take(self, rows: Rows) -> Iterator[Rows]:
        for found in self._sampler.take(rows):
            if len(found):
                self._parts.append(found)
            if sum(map(len, self._parts)) >= ENOUGH:
                yield self._all()

    def finish(self) -> Iterator[Rows]:
        self._parts += [found for found in self._sampler.finish() if len(found)]
        if self._parts:
            yield self._all()

    def _all(self) -> Rows:
        parts, self._parts = self._parts, []
        return parts[0] if len(parts) == 1 else _together(parts)


def _together(parts: Sequence[Rows]) -> Rows:
    whole = joined(parts)
    timed = [part for part in parts if isinstance(part, Sampled)]
    if not timed:
        return whole
    ends, filled = (np.concatenate([getattr(part, name) for part in timed]) for name in ("ends", "filled"))
    return Sampled(whole, ends, filled)
