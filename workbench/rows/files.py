"""Files of a replay's evaluations, in the format of their names: feature rows, and top levels of the books.

``columns`` says which columns they have. One row is one evaluation, in feed order, or one of a sample.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from lobench.engine.errors import OutputError, UsageError
from lobench.engine.feeds.kinds import holds_records
from lobench.engine.parts import Part, shortened
from lobench.engine.registry import FEATURES
from lobench.engine.rows import Rows
from lobench.workbench.rows import formats
from lobench.workbench.rows.columns import DEEPEST, RowColumns, Symbols
from lobench.workbench.rows.formats import COMPLETE, STREAM, SUFFIXES, Encoder, is_whole, suffix_of
from lobench.workbench.rows.writing import GROUP_BYTES, BackgroundEncoder


class RowsFile:
    """A file that takes a replay's rows as they come: pass ``write`` to the replay, then call ``finish``.

    ``path`` ``-`` is standard output. Until it is finished a file has another name in the same folder; leaving its
    context without ``finish`` removes it. ``told``: what the file tells of itself that is known at the beginning;
    ``group_bytes``: bytes of rows that are gathered at most, ``waiting``: batches of them that wait for that;
    ``allowed`` raises where the file may not get its name any more. ``path`` is where the rows are in the end, ``rows``
    their number so far. Raises UsageError at once if it cannot be made, or would replace market data, OutputError if
    it cannot be written to the end.
    """

    def __init__(
        self,
        path: str,
        columns: RowColumns,
        *,
        compression: str | None = None,
        told: Mapping[str, str] | None = None,
        group_bytes: int = GROUP_BYTES,
        waiting: int | None = None,
        allowed: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self.rows = 0
        self._columns, self._told, self._allowed = columns, dict(told or {}), allowed
        formats.check_compression(path, compression)
        self._part: Part | None = None
        self._sink: Any = None
        if path == STREAM:
            sys.stdout.flush()

            def make() -> Encoder:
                return formats.stream_encoder(sys.stdout.buffer, columns.schema, compression, self._told)
        else:
            self._part = _part_of(path)
            # As bytes: a name need not be valid text.
            self._sink = sink = pa.OSFile(os.fsencode(self._part.path), "wb")

            def make() -> Encoder:
                return formats.encoder(suffix_of(path), sink, columns.schema, compression, self._told)

        grouped = path != STREAM and suffix_of(path) == formats.PARQUET
        self._encoder = BackgroundEncoder(make, grouped=grouped, group_bytes=group_bytes, waiting=waiting)

    def write(self, rows: Rows) -> None:
        """Append rows. They are not copied, so their memory must not be overwritten afterwards."""
        if len(rows) == 0:
            return
        batch = self._columns.batch(rows)
        self.rows += batch.num_rows
        with self._explained():
            self._encoder.put(batch)

    def end(self) -> None:
        """No more rows come: the rest is encoded before ``finish`` waits for it."""
        with self._explained():
            self._encoder.end()

    def finish(self, *, complete: bool = True, told: Mapping[str, str] | None = None) -> None:
        """Give the file its name, with all rows so far, and its metadata; if rows that are not ``complete`` would
        replace a complete file, they get a name beside it."""
        with self._explained():
            self._encoder.finish({**self._told, **(told or {}), COMPLETE: "true" if complete else "false"})
            if self._part is None:
                return
            self._sink.close()
            self._allowed()
            if complete or not is_whole(self._part.target):
                self._part.finish()
            else:
                beside = _beside(self._part.target)
                self._part.finish(beside)
                self.path = str(beside)

    def discard(self) -> None:
        """Remove the written file, unless it was finished."""
        self._encoder.discard()
        if self._part is not None:
            with suppress(OSError):
                self._sink.close()
            self._part.discard()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self._part is None:
                raise
            raise OutputError(f"{self.path}: cannot be written: {_reason(error)}") from error

    def __enter__(self) -> RowsFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()


def _part_of(path: str) -> Part:
    try:
        target = Path(path)
        if target.exists() and not target.is_file():
            raise UsageError(f"{path}: cannot be written: is not a regular file")
        if holds_records(target):
            raise UsageError(f"{path}: is market data, which is never replaced; choose another name")
        return Part(target)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {_reason(error)}") from error


def _beside(target: Path) -> Path:
    """Where rows of an interrupted replay go while another file keeps its place: ``f.partial.parquet``, with a number
    if that is something else."""
    for number in itertools.count():
        after = f".partial{f'-{number}' if number else ''}{target.suffix}"
        place = target.with_name(shortened("", target.stem, after, target.parent))
        if not place.exists() or (not is_whole(place) and formats.is_written_by_replay(place)):
            return place
    raise AssertionError


def check_place(option: str, path: str, *, force: bool) -> None:
    """Raise UsageError unless a command's option names a file that rows can be written to: a new one, one that a replay
    wrote before, or with ``force`` any that is not market data; or standard output."""
    if path == STREAM:
        return
    place = Path(path)
    with suppress(OSError):  # a bad name is reported when the file is created
        if place.exists() and not place.is_file():
            raise UsageError(f"{option} {path}: cannot be written: is not a regular file")
        if holds_records(place):
            raise UsageError(f"{option} {path}: is market data, which is never replaced; choose another name")
        if place.suffix not in SUFFIXES:
            raise UsageError(f"{option} {path}: the name must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}")
        if place.exists() and not formats.is_written_by_replay(place) and not force:
            raise UsageError(f"{option} {path}: already exists and was not written by a replay; --force replaces it")


def features_file(
    path: str,
    symbols: Symbols = dict,
    *,
    features: Sequence[str] | None = None,
    timed: bool = False,
    compression: str | None = None,
    told: Mapping[str, str] | None = None,
) -> RowsFile:
    """A file of features by name, all unless ``features`` says which; ``timed``: of a sample by time."""
    names = list(FEATURES) if features is None else features
    return RowsFile(path, RowColumns(features=names, symbols=symbols, timed=timed), compression=compression, told=told)


def book_file(
    path: str,
    depth: int,
    symbols: Symbols = dict,
    *,
    timed: bool = False,
    compression: str | None = None,
    told: Mapping[str, str] | None = None,
) -> RowsFile:
    """A file of the ``depth`` best levels after each evaluation. Raises UsageError for a depth below 1 or above 100."""
    if not 1 <= depth <= DEEPEST:
        raise UsageError(f"depth must be 1 to {DEEPEST}, was {depth}")
    return RowsFile(path, RowColumns(depth=depth, symbols=symbols, timed=timed), compression=compression, told=told)


def _reason(error: OSError) -> Any:
    return os.strerror(error.errno) if error.errno else error
