"""CSV files, plain or compressed, in batches of Arrow columns: cut at line ends, so that each batch knows its lines.

pyarrow parses each block of lines with all its threads; a block is parsed once more, by one, where it holds an error.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv

from lobench.engine.errors import FeedError
from lobench.engine.feeds.byte_stream import ByteStream
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.pieces import Pieces
from lobench.engine.feeds.problems import UnreadableError, printable
from lobench.engine.feeds.streamed_file import StreamedFile
from lobench.engine.feeds.tables.problems import TableError

BLOCK = 4 << 20
"""Bytes of text that are parsed together."""
LONGEST_LINE = 1 << 20
_SAMPLE = 1 << 18
_EMPTY = ["", "NaN", "nan", "null"]
"""Texts for a missing value."""
_ROW = re.compile(r"Row #(\d+): *(.*)", re.DOTALL)
_COLUMN = re.compile(r"In CSV column #(\d+)")
_LINE_END = ord("\n")

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Batch:
    """Rows of a table: an array for each column, and their position in the file: ``place`` is ``line`` or ``row``,
    ``number`` that of a row of the batch, both counted from 1 in messages."""

    columns: Mapping[str, pa.Array]
    rows: int
    place: str
    number: Callable[[int], int]


class TextSource(StreamedFile):
    """A CSV file. ``names`` are its columns, from its first line unless ``header`` gives them; ``sample`` holds the
    first non-empty text of each, ``""`` if there is none near the start. Raises ``FeedError``."""

    expected = None

    def __init__(self, source: SourceFile, header: Sequence[str] | None = None, delimiter: str = ",") -> None:
        self._stream = ByteStream(source)
        self._delimiter = delimiter
        self._given = header
        self._consumed = 0
        lines = self._stream.head(_SAMPLE).splitlines(keepends=True)
        if len(lines) > 1 and not lines[-1].endswith(b"\n"):
            lines.pop()
        if not lines or len(lines[0]) == _SAMPLE:
            raise UnreadableError(source.name, f"its first line is longer than {_SAMPLE:,} bytes; expected a table")
        self.names = list(header) if header is not None else self._header(lines[0])
        if len(set(self.names)) < len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise TableError(source.name, "line", 1, f"column {twice!r} is duplicated")
        self.sample = self._first_values(lines if header is not None else lines[1:])

    def batches(self, types: Mapping[str, pa.DataType]) -> Iterator[Batch]:
        """The columns of ``types``, parsed as those, in runs of lines."""
        convert = pacsv.ConvertOptions(
            column_types=dict(types),
            include_columns=list(types),
            null_values=_EMPTY,
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        )
        line = 1
        left = np.zeros(0, np.uint8)
        threaded = self._stream.compressed is not None
        with self._stream.open() as stream, Pieces(stream, BLOCK, LONGEST_LINE, threaded=threaded) as pieces:
            for data, start in pieces:
                end = _end_of_lines(data, start)
                left = data[end:].copy()
                if len(left) > LONGEST_LINE:
                    raise UnreadableError(self.name, f"a line is longer than {LONGEST_LINE:,} bytes; expected a table")
                pieces.keep(len(left))
                yield from self._parsed(data[start:end], line, convert)
                line += int(np.count_nonzero(data[start:end] == _LINE_END))
                self._consumed = stream.consumed
        # Only now is it certain that nothing was cut off.
        yield from self._parsed(left, line, convert)

    def _parsed(self, block: Bytes, first_line: int, convert: pacsv.ConvertOptions) -> Iterator[Batch]:
        """The rows of whole lines; the first line is a header unless the names were given."""
        if first_line == 1 and self._given is None:
            ends = np.flatnonzero(block[:_SAMPLE] == _LINE_END)
            block = block[ends[0] + 1 if len(ends) else len(block) :]
            first_line = 2
        if not (block[:_SAMPLE].tobytes().strip(b"\r\n") or block.tobytes().strip(b"\r\n")):
            return
        try:
            table = self._parse(block, convert, threads=True).combine_chunks()
        except (pa.ArrowException, UnicodeDecodeError):
            raise self._explain(block, first_line, convert) from None
        columns = {name: _only(table.column(name)) for name in table.column_names}
        yield Batch(columns, table.num_rows, "line", lambda row: first_line + _lines_before(block, row))

    def _parse(self, block: Bytes, convert: pacsv.ConvertOptions, *, threads: bool) -> pa.Table:
        size = min(1 << 20, len(block) + 1) if threads else len(block) + 1
        return pacsv.read_csv(
            pa.BufferReader(pa.py_buffer(block)),
            pacsv.ReadOptions(use_threads=threads, block_size=max(size, 2), column_names=self.names),
            pacsv.ParseOptions(delimiter=self._delimiter),
            convert,
        )

    def _explain(self, block: Bytes, first_line: int, convert: pacsv.ConvertOptions) -> FeedError:
        """The error in a block, by line."""
        try:
            self._parse(block, convert, threads=False)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            found = _ROW.search(str(error))
            row = int(found[1]) - 1 if found else 0
            column = _COLUMN.search(str(error))
            problem = _one_line(found[2] if found else str(error))
            if column:
                problem = f"column {self.names[int(column[1])]!r}: {problem}"
            return TableError(self.name, "line", first_line + _lines_before(block, row), problem)
        return TableError(self.name, "line", first_line, "cannot be parsed in parts: a quoted value spans lines")

    def _header(self, line: bytes) -> list[str]:
        try:
            text = line.decode("utf-8-sig").rstrip("\r\n")
            (names,) = csv.reader([text], delimiter=self._delimiter)
        except (UnicodeDecodeError, ValueError, csv.Error):
            raise TableError(self.name, "line", 1, "is not a line of column names") from None
        return names

    def _first_values(self, lines: Sequence[bytes]) -> dict[str, str]:
        found: dict[str, str] = {}
        text = (line.decode("utf-8", "replace") for line in lines)
        try:
            for row in csv.reader(text, delimiter=self._delimiter):
                for name, value in zip(self.names, row, strict=False):
                    if value not in _EMPTY:
                        found.setdefault(name, value)
        except csv.Error:
            pass  # reported by the parser of that line
        return {name: found.get(name, "") for name in self.names}


def _end_of_lines(data: Bytes, start: int) -> int:
    """The byte after the last line end from ``start`` on; ``start`` if there is none, or none near the end."""
    tail = data[max(start, len(data) - LONGEST_LINE - 1) :].tobytes()
    found = tail.rfind(b"\n")
    return start if found < 0 else len(data) - len(tail) + found + 1


def _only(column: pa.ChunkedArray) -> Any:
    """The one array of a column."""
    return column.chunk(0) if column.num_chunks == 1 else pa.array([], column.type)


def _lines_before(block: Bytes, row: int) -> int:
    """The number of lines before a row: empty lines are not rows."""
    filled = [number for number, line in enumerate(block.tobytes().split(b"\n")) if line.rstrip(b"\r")]
    return filled[row] if row < len(filled) else 0


def _one_line(text: str) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) < 200 else f"{text[:199]}…"
