"""A thread that encodes rows while the replay goes on.

The replay passes on record batches, which own their memory; few of them wait. An error on the thread is raised when the
next batch is passed on, or at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Empty, Queue
from typing import Final

import pyarrow as pa

from lobench.engine.own_thread import OwnThread
from lobench.workbench.rows.formats import Encoder

WAITING: Final = 4
GROUP_ROWS: Final = 128 * 1024
GROUP_BYTES: Final = 64 * 2**20
"""Defaults: a row group, which is held in memory, is written once it has this many rows or bytes."""
_PIECE: Final = 4096
"""Rows from which a piece counts as long."""


class BackgroundEncoder:
    """Encodes every ``put`` item on a separate thread; ``finish`` or ``discard`` ends the thread.

    ``make`` is called there for the encoder. ``grouped``: batches are put together to groups, of ``group_bytes`` or a
    batch more; ``waiting`` are handed over at most before the thread takes one.
    """

    def __init__(
        self, make: Callable[[], Encoder], *, grouped: bool, group_bytes: int = GROUP_BYTES, waiting: int = WAITING
    ) -> None:
        self._make, self._grouped, self._group_bytes = make, grouped, group_bytes
        self._queue: Queue[pa.RecordBatch | None] = Queue(waiting)
        self._problem: BaseException | None = None
        self._abandoned = self._ended = False
        self._told: Mapping[str, str] = {}
        self._thread = OwnThread(target=self._run, name="lobench-encode", daemon=True)
        self._thread.start()

    def put(self, batch: pa.RecordBatch) -> None:
        """Have a batch encoded. Raises the error of an earlier one."""
        if self._problem is not None:
            raise self._problem
        self._queue.put(batch)

    def finish(self, told: Mapping[str, str]) -> None:
        """Wait until all is encoded, and end the file with its metadata. Raises any error."""
        self._told = told
        self._queue.put(None)
        self._thread.join()
        if self._problem is not None:
            raise self._problem

    def discard(self) -> None:
        """Encode no more. Safe to call twice, and after ``finish``."""
        self._abandoned = True
        with suppress(Empty):
            while True:
                self._queue.get_nowait()
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        try:
            self._encode()
        except BaseException as problem:
            self._problem = problem
            # Keep taking items, so that the producer does not block; after the end none arrive.
            while not self._ended:
                self._next()

    def _encode(self) -> None:
        encoder = self._make()
        done = False
        try:
            self._encode_with(encoder)
            done = not self._abandoned
        finally:
            if not done:
                encoder.abandon()

    def _next(self) -> pa.RecordBatch | None:
        batch = self._queue.get()
        self._ended = batch is None
        return batch

    def _encode_with(self, encoder: Encoder) -> None:
        group: list[pa.RecordBatch] = []
        rows = size = 0
        while (batch := self._next()) is not None:
            group.append(batch)
            rows += batch.num_rows
            size += batch.nbytes
            if not self._grouped or rows >= GROUP_ROWS or size >= self._group_bytes:
                encoder.write(_together(group))
                group = []
                rows = size = 0
        if not self._abandoned:
            if group:
                encoder.write(_together(group))
            encoder.close(self._told)


def _together(group: list[pa.RecordBatch]) -> pa.Table:
    table = pa.Table.from_batches(group)
    if len(group) == 1:
        return table
    table = table.unify_dictionaries()
    # Each piece of a column is encoded separately, which is slow if there are many; joining them is slow if they are
    # long.
    return table if table.num_rows >= _PIECE * len(group) else table.combine_chunks()
