"""A thread that encodes rows while the replay goes on.

The replay passes on record batches, which own their memory; few of them wait. An error on the thread is raised when the
next batch is passed on, or at the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from threading import Condition, Event
from typing import Final

import pyarrow as pa

from lobench.engine.own_thread import OwnThread
from lobench.workbench.rows.formats import Encoder

GROUP_ROWS: Final = 128 * 1024
GROUP_BYTES: Final = 64 * 2**20
"""Defaults: a row group, which is held in memory, is written once it has this many rows or bytes."""
_WAITING: Final = 4
_PIECE: Final = 4096
"""Rows from which a piece counts as long."""


Handed = tuple[pa.RecordBatch, int]
"""A batch, and about its bytes."""


class _Waiting:
    """Batches on their way to the thread, and None for their end. ``put`` waits while it is full."""

    def __init__(self, full: Callable[[int, int, int], bool]) -> None:
        """``full`` is asked with the number of batches, their rows and their bytes."""
        self._full = full
        self._handed: deque[Handed | None] = deque()
        self._rows = self._bytes = 0
        self._changed = Condition()

    def put(self, handed: Handed | None) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._full(len(self._handed), self._rows, self._bytes))
            self._handed.append(handed)
            self._count(handed, 1)

    def get(self) -> Handed | None:
        with self._changed:
            self._changed.wait_for(lambda: self._handed)
            handed = self._handed.popleft()
            self._count(handed, -1)
        return handed

    def clear(self) -> None:
        with self._changed:
            self._handed.clear()
            self._rows = self._bytes = 0
            self._changed.notify()

    def _count(self, handed: Handed | None, sign: int) -> None:
        if handed is not None:
            self._rows += sign * handed[0].num_rows
            self._bytes += sign * handed[1]
        self._changed.notify()


class BackgroundEncoder:
    """Encodes every ``put`` item on a separate thread; ``finish`` or ``discard`` ends the thread.

    ``make`` is called there for the encoder. ``grouped``: batches are put together to groups, of ``group_bytes`` or a
    batch more. ``waiting`` batches are handed over at most before the thread takes one. By default a whole group may
    wait: the replay would otherwise stand still while the one before is encoded, and then the thread until the next is
    replayed.
    """

    def __init__(
        self,
        make: Callable[[], Encoder],
        *,
        grouped: bool,
        group_bytes: int = GROUP_BYTES,
        waiting: int | None = None,
    ) -> None:
        self._make, self._grouped, self._group_bytes = make, grouped, group_bytes
        most = _WAITING if waiting is None else waiting
        by_group = grouped and waiting is None
        self._waiting = _Waiting(lambda count, rows, size: self._fills(rows, size) if by_group else count >= most)
        self._row_bytes = 0
        self._problem: BaseException | None = None
        self._abandoned = self._ending = self._ended = False
        self._told: Mapping[str, str] = {}
        self._told_all = Event()
        self._thread = OwnThread(target=self._run, name="lobench-encode", daemon=True)
        self._thread.start()

    def put(self, batch: pa.RecordBatch) -> None:
        """Have a batch encoded. Raises the error of an earlier one."""
        if self._problem is not None:
            raise self._problem
        # pyarrow takes as long to count the bytes of a batch as for making it.
        self._row_bytes = self._row_bytes or row_bytes(batch.schema)
        self._waiting.put((batch, batch.num_rows * self._row_bytes))

    def finish(self, told: Mapping[str, str]) -> None:
        """Wait until all is encoded, and end the file with its metadata. Raises any error."""
        self.end()
        self._told = told
        self._told_all.set()
        self._thread.join()
        if self._problem is not None:
            raise self._problem

    def end(self) -> None:
        """The last batch was put: encode the rest, while the caller does something else before it calls ``finish``."""
        if not self._ending:
            self._ending = True
            self._waiting.put(None)

    def discard(self) -> None:
        """Encode no more. Safe to call twice, and after ``finish``."""
        self._abandoned = True
        self._told_all.set()
        self._waiting.clear()
        if self._thread.is_alive():
            self._waiting.put(None)
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

    def _next(self) -> Handed | None:
        handed = self._waiting.get()
        self._ended = handed is None
        return handed

    def _fills(self, rows: int, size: int) -> bool:
        return rows >= GROUP_ROWS or size >= self._group_bytes

    def _encode_with(self, encoder: Encoder) -> None:
        group: list[pa.RecordBatch] = []
        rows = size = 0
        while (handed := self._next()) is not None:
            group.append(handed[0])
            rows += handed[0].num_rows
            size += handed[1]
            if not self._grouped or self._fills(rows, size):
                encoder.write(_together(group))
                group = []
                rows = size = 0
        if group and not self._abandoned:
            encoder.write(_together(group))
        self._told_all.wait()
        if not self._abandoned:
            encoder.close(self._told)


def row_bytes(schema: pa.Schema) -> int:
    """About the bytes of a row. Names are in dictionaries, of which a row has the index."""
    kinds = (field.type.index_type if pa.types.is_dictionary(field.type) else field.type for field in schema)
    return sum(max(1, kind.bit_width // 8) for kind in kinds)


def _together(group: list[pa.RecordBatch]) -> pa.Table:
    table = pa.Table.from_batches(group)
    if len(group) == 1:
        return table
    table = table.unify_dictionaries()
    # Each piece of a column is encoded separately, which is slow if there are many; joining them is slow if they are
    # long.
    return table if table.num_rows >= _PIECE * len(group) else table.combine_chunks()
