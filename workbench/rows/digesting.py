"""The digest of a feed's records, taken on a thread while they are replayed."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import numpy as np

from lobench.engine.feeds.base import Chunk
from lobench.engine.records import MBO


class FeedDigest:
    """Hex BLAKE2b, 128 bits, of all records in order, without ts_out: that of a loaded feed. A context manager.

    Call ``take`` for each chunk, and ``wait`` before the feed is asked for the next one.
    """

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="lobench-digest")
        self._pending: Future[None] | None = None

    def take(self, chunk: Chunk) -> None:
        """Begin with a chunk."""
        self._pending = self._pool.submit(self._add, chunk)

    def wait(self) -> None:
        """Until the chunk is done with."""
        if self._pending is not None:
            self._pending.result()
            self._pending = None

    def value(self) -> str:
        """The digest so far."""
        self.wait()
        return self._hash.hexdigest()

    def _add(self, chunk: Chunk) -> None:
        records = chunk.array()
        if chunk.stride != MBO.itemsize:
            records = records.copy()
            records["length"] = MBO.itemsize // 4
        self._hash.update(records.view(np.uint8).data)

    def __enter__(self) -> FeedDigest:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
