"""The files of one task: each row goes to the file of its instrument."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq

from lobench.engine.errors import LobenchError, OutputError
from lobench.engine.feeds import Feed
from lobench.engine.feeds.selection import key_of
from lobench.engine.rows import Rows
from lobench.workbench.batch.layout import too_many_symbols
from lobench.workbench.batch.request import MOST_SYMBOLS, SYMBOL
from lobench.workbench.batch.task import DatasetFile, Task
from lobench.workbench.batch.turn import check_turn
from lobench.workbench.replaying.output import Output
from lobench.workbench.replaying.request import Request
from lobench.workbench.rows.columns import RowColumns
from lobench.workbench.rows.files import RowsFile
from lobench.workbench.rows.formats import is_whole, told_of
from lobench.workbench.rows.numbering import Numbers

_GROUPS: Final = 128 * 2**20
"""Bytes of rows that wait for their row groups, in all files of a task together."""
_WAITING: Final = 1
"""Record batches that wait for a file's encoder: with many files each slice of a replay's rows is one of each."""

TASK, SYMBOLS = "task", "symbols"
"""Metadata of a dataset's file beyond those of all row files: the key of its task, and its symbols."""


def written_file(dataset: str, path: Path, task: str) -> DatasetFile | None:
    """Metadata of a file that this task completed, now or in an earlier run; None if there is none."""
    told = told_of(path) if path.exists() else None
    if told is None or told.get(TASK) != task or not is_whole(path):
        return None
    rows, symbols = pq.read_metadata(path).num_rows, json.loads(told[SYMBOLS])
    return DatasetFile(str(path.relative_to(dataset)), rows, path.stat().st_size, tuple(symbols))


class DatasetOutput(Output):
    """``place_of`` gives the file of an instrument, by its key. The files of ``known`` exist even without rows; others
    are made with their first row. Files that the task wrote in an earlier run are left unchanged."""

    def __init__(
        self,
        feed: Feed,
        request: Request,
        stack: ExitStack,
        *,
        task: Task,
        known: Sequence[Path],
        place_of: Callable[[str], Path],
    ) -> None:
        self._feed, self._batch, self._task = feed, task.request, task
        # Entered first, closed last: it holds the files, which outlive their writers.
        self._stack = stack.enter_context(ExitStack())
        self._known, self._place_of = known, place_of
        self._group_bytes = _GROUPS // (len(known) or MOST_SYMBOLS)
        self._numbers = Numbers()
        self._codes = np.zeros(0, np.int64)
        self.symbols: dict[Path, set[str]] = {}
        self._by_code: list[RowsFile | None] = []
        super().__init__(feed, request, stack)

    def _opened(self, feed: Feed, request: Request, stack: ExitStack) -> list[RowsFile]:
        opened = [self._open(place) for place in self._known]
        return [file for file in opened if file is not None]

    def _open(self, place: Path) -> RowsFile | None:
        """The next file; None if it exists already."""
        self.symbols[place] = set()
        file = None
        if written_file(str(place.parent), place, self._task.key) is None:
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(f"{place.parent}: cannot be created: {error.strerror}") from error
            sample = self._batch.sampled()
            columns = RowColumns(
                features=self._batch.features,
                depth=self._batch.depth,
                symbols=lambda: self._feed.symbols,
                timed=sample is not None and sample.timed,
                named=self._batch.partition_by != SYMBOL,
            )
            file = RowsFile(
                str(place),
                columns,
                compression=self._batch.compression,
                told=self.told | {TASK: self._task.key},
                group_bytes=self._group_bytes,
                waiting=_WAITING,
                allowed=lambda: check_turn(self._task.dataset, self._task.run),
            )
            self._stack.enter_context(file)
        self._by_code.append(file)
        return file

    def _names(self, request: Request) -> Sequence[str]:
        return self._batch.features

    def _told_of(self, file: RowsFile) -> dict[str, str]:
        return {SYMBOLS: json.dumps(sorted(self.symbols[Path(file.path)]))}

    def _add(self, rows: Rows) -> None:
        numbers = self._numbers.of(rows.heads["instrument_id"].astype(np.int64))
        if len(self._numbers) > len(self._codes):
            self._learn()
        codes = self._codes[numbers]
        for code, file in enumerate(self._by_code):
            chosen = np.flatnonzero(codes == code)
            if file is not None and len(chosen):
                file.write(rows if len(chosen) == len(codes) else rows.some(chosen))

    def _learn(self) -> None:
        """Which files hold the instruments that were met since."""
        symbols = self._feed.symbols
        places = [*self.symbols]
        codes = [*self._codes]
        for instrument in self._numbers.keys[len(codes) :].tolist():
            key = key_of(instrument, symbols.get(instrument))
            place = self._place_of(key)
            if place not in self.symbols:
                if len(places) == MOST_SYMBOLS:
                    raise LobenchError(too_many_symbols(MOST_SYMBOLS + 1))
                places.append(place)
                if file := self._open(place):
                    self.files.append(file)
            self.symbols[place].add(key)
            codes.append(places.index(place))
        self._codes = np.array(codes, np.int64)
