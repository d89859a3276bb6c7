"""What chooses rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from lobench.engine.feeds.base import Chunk
from lobench.engine.picking import Places
from lobench.engine.rows import Rows


class Sampler(Protocol):
    """Picks the rows of each slice before it is replayed, and makes the sample from them afterwards, slice by slice.
    The second part may run on another thread, and while later slices are picked."""

    slice_records: int
    """Records per slice."""

    def pick(self, part: Chunk, flags: tuple[int, int], places: Places) -> tuple[int, Any]:
        """See ``lobench.engine.picking.Pick``."""
        ...

    def take(self, rows: Rows) -> Iterator[Rows]:
        """The rows that a slice adds to the sample; ``rows``: those picked from it."""
        ...

    def finish(self) -> Iterator[Rows]:
        """The remaining rows after the end of the feed."""
        ...
