"""A whole feed in memory: contiguous, replayable many times, with a digest of its records."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lobench.engine.errors import UsageError
from lobench.engine.feeds.base import Chunk, Feed
from lobench.engine.feeds.framer import RUN
from lobench.engine.feeds.mapped import check
from lobench.engine.feeds.memory import available_memory
from lobench.engine.feeds.most_orders import most_orders
from lobench.engine.records import MBO

_WORDS = MBO.itemsize // 4
_FIRST_ROOM = 1 << 24
_SHARE = 0.8
"""Default share of the available memory that a feed may take."""


class LoadedFeed:
    """Records in one contiguous piece of memory, 56 bytes each; a feed itself. ``whole`` is their one chunk."""

    stable = True

    def __init__(
        self, name: str, whole: Chunk, other_records: dict[int, int], symbols: Mapping[int, str] | None = None
    ) -> None:
        self._name = name
        self._whole = whole
        self._other_records = dict(other_records)
        self._symbols = dict(symbols or {})

    @property
    def name(self) -> str:
        return self._name

    @property
    def count(self) -> int:
        """Number of records."""
        return self._whole.count

    @property
    def expected(self) -> int:
        return self.count

    @property
    def other_records(self) -> dict[int, int]:
        """Records that were not MBO, by rtype, in the loaded feed."""
        return dict(self._other_records)

    @property
    def symbols(self) -> Mapping[int, str]:
        return self._symbols

    @cached_property
    def records(self) -> npt.NDArray[np.void]:
        """All records, read-only, dtype ``MBO``, shape (count,), in the memory that chunks are of."""
        return self._whole.array()

    @cached_property
    def digest(self) -> str:
        """Hex BLAKE2b, 128 bits, of the records in order; the same for a file, its compressed and its ts_out copies."""
        return hashlib.blake2b(self.records.view(np.uint8).data, digest_size=16).hexdigest()

    @cached_property
    def most_orders(self) -> int:
        """Estimated peak number of resting orders (``lobench.engine.feeds.most_orders``)."""
        return most_orders(self.records)

    @cached_property
    def instruments(self) -> int:
        """How many instruments its records name."""
        return len(np.unique(self.records["instrument_id"]))

    def slice(self, start: int, stop: int) -> Chunk:
        """Records ``start`` to ``stop`` (excluded) as one chunk; 0 <= start <= stop <= count, else IndexError.

        Raises ``UnreadableError`` if they lie in a mapped file that was truncated.
        """
        if not 0 <= start <= stop <= self.count:
            raise IndexError(f"records {start} to {stop} of {self.count}")
        check(self._whole.address)
        return Chunk(self._whole.address + start * MBO.itemsize, MBO.itemsize, stop - start, self._whole.owner)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Chunk]:
        for start in range(0, self.count, RUN):
            yield self.slice(start, min(start + RUN, self.count))


def load(feed: Feed, limit_bytes: int | None = None, progress: Callable[[int], None] | None = None) -> LoadedFeed:
    """Read all of ``feed``: in place if it is one run in a mapped file, else copied once, without ts_out.

    ``limit_bytes`` limits a copy; by default to a share of the available memory. ``progress`` is called with the number
    of records after each chunk. Raises ``UsageError`` beyond the limit, and the feed's errors.
    """
    if isinstance(feed, LoadedFeed):
        return feed
    report = progress or (lambda records: None)
    whole = _in_place(feed, report) if getattr(feed, "stable", False) else None
    if whole is None:
        limit = int(available_memory() * _SHARE) if limit_bytes is None else limit_bytes
        whole = _copied(feed, limit, report)
    return LoadedFeed(feed.name, whole, feed.other_records, feed.symbols)


def _in_place(feed: Feed, report: Callable[[int], None]) -> Chunk | None:
    """All records as one chunk where that is how they lie in memory, else None."""
    whole: Chunk | None = None
    for chunk in feed:
        if chunk.stride != MBO.itemsize:
            return None
        if whole is None:
            whole = chunk
        elif chunk.owner is whole.owner and chunk.address == whole.address + whole.count * MBO.itemsize:
            whole = Chunk(whole.address, MBO.itemsize, whole.count + chunk.count, whole.owner)
        else:
            return None
        report(whole.count)
    return whole


def _copied(feed: Feed, limit: int, report: Callable[[int], None]) -> Chunk:
    """All records, copied into new memory."""
    # Private memory grows by moving pages, without a copy; a growing array would need twice its size.
    memory = mmap.mmap(-1, _FIRST_ROOM, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    used = 0
    for chunk in feed:
        end = used + chunk.count * MBO.itemsize
        if end > limit:
            raise UsageError(
                f"{feed.name}: does not fit in {limit >> 20} MiB of memory; load fewer files, or fewer records of them"
            )
        if end > len(memory):
            memory.resize(max(2 * len(memory), end))
        _append(memory, used, chunk)
        used = end
        report(used // MBO.itemsize)
    owner = np.frombuffer(memory, np.uint8)
    return Chunk(owner.ctypes.data, MBO.itemsize, used // MBO.itemsize, owner)


def _append(memory: mmap.mmap, used: int, chunk: Chunk) -> None:
    # Keep no array of the memory beyond this call: with one the memory could not grow.
    target = np.frombuffer(memory, f"V{MBO.itemsize}", chunk.count, used)
    target[:] = np.asarray(chunk)
    if chunk.stride != MBO.itemsize:
        target.view(np.uint8)[:: MBO.itemsize] = _WORDS  # without ts_out now
