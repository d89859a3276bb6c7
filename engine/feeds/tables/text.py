"""CSV files, plain or compressed, in batches of Arrow columns: cut at line ends, so that each batch knows its lines.

pyarrow parses each block of lines with all its threads; a block is parsed once more, by one, where it holds an error.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.csv as pacsv
import zstandard

from lobench.engine.errors import FeedError
from lobench.engine.feeds import zstd_frames
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.problems import UnreadableError, printable
from lobench.engine.feeds.tables.problems import TableError

BLOCK = 4 << 20
"""Bytes of text that are parsed together."""
LONGEST_LINE = 1 << 20
_SAMPLE = 1 << 18
_EMPTY = ["", "NaN", "nan", "null"]
"""What stands for no value."""
GZIP = b"\x1f\x8b"
_ROW = re.compile(r"Row #(\d+): *(.*)", re.DOTALL)
_COLUMN = re.compile(r"In CSV column #(\d+)")


@dataclass(frozen=True)
class Batch:
    """Rows of a table: an array for each column, and where they stand in the file: ``place`` is ``line`` or ``row``,
    ``number`` that of a row of the batch, both counted from 1 in messages."""

    columns: Mapping[str, pa.Array]
    rows: int
    place: str
    number: Callable[[int], int]


class TextSource:
    """A CSV file. ``names`` are its columns, of its first line unless ``header`` gives them; ``sample`` holds the first
    text of each that is not empty, ``""`` where there is none near the start. Raises ``FeedError``."""

    expected = None

    def __init__(self, source: SourceFile, header: Sequence[str] | None = None, delimiter: str = ",") -> None:
        self._source = source
        self._delimiter = delimiter
        self._given = header
        self._consumed = 0
        with source.open() as file, self._text(file) as text:
            start = self._read(text, file, _SAMPLE)
        lines = start.splitlines(keepends=True)
        if len(lines) > 1 and not lines[-1].endswith(b"\n"):
            lines.pop()
        if not lines or len(lines[0]) == _SAMPLE:
            raise UnreadableError(source.name, f"its first line is longer than {_SAMPLE:,} bytes; expected a table")
        self.names = list(header) if header is not None else self._header(lines[0])
        if len(set(self.names)) < len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise TableError(source.name, "line", 1, f"column {twice!r} stands there twice")
        self.sample = self._first_values(lines if header is not None else lines[1:])

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def progress(self) -> float:
        return self._consumed / max(1, self._source.size)

    def batches(self, types: Mapping[str, pa.DataType]) -> Iterator[Batch]:
        """The columns of ``types``, parsed as those, in runs of lines."""
        convert = pacsv.ConvertOptions(
            column_types=dict(types),
            include_columns=list(types),
            null_values=_EMPTY,
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        )
        first_line = 1
        with self._source.open() as file, self._text(file) as text:
            for block in self._blocks(text, file):
                lines = block.count(b"\n")
                skipped = 0
                if first_line == 1 and self._given is None:
                    skipped = block.find(b"\n") + 1 or len(block)
                yield from self._parsed(block[skipped:], first_line + (skipped > 0), convert)
                first_line += lines
                self._source.check(file)
                self._consumed = file.tell()

    def _parsed(self, block: bytes, first_line: int, convert: pacsv.ConvertOptions) -> Iterator[Batch]:
        if not block.strip(b"\r\n"):
            return
        try:
            table = self._parse(block, convert, threads=True).combine_chunks()
        except (pa.ArrowException, UnicodeDecodeError):
            raise self._explain(block, first_line, convert) from None
        columns = {name: _only(table.column(name)) for name in table.column_names}
        yield Batch(columns, table.num_rows, "line", lambda row: first_line + _lines_before(block, row))

    def _parse(self, block: bytes, convert: pacsv.ConvertOptions, *, threads: bool) -> pa.Table:
        size = min(1 << 20, len(block) + 1) if threads else len(block) + 1
        return pacsv.read_csv(
            pa.BufferReader(block),
            pacsv.ReadOptions(use_threads=threads, block_size=max(size, 2), column_names=self.names),
            pacsv.ParseOptions(delimiter=self._delimiter),
            convert,
        )

    def _explain(self, block: bytes, first_line: int, convert: pacsv.ConvertOptions) -> FeedError:
        """What is wrong in a block, by line."""
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
        return TableError(self.name, "line", first_line, "cannot be parsed in parts: a quoted value goes over lines")

    def _blocks(self, text: BinaryIO, file: FileIO) -> Iterator[bytes]:
        """The text in pieces that end where a line does."""
        carried = b""
        while data := self._read(text, file, BLOCK):
            end = data.rfind(b"\n") + 1
            if end:
                yield carried + data[:end]
                carried = data[end:]
            else:
                carried += data
            if len(carried) > LONGEST_LINE and b"\n" not in carried:
                raise UnreadableError(self.name, f"a line is longer than {LONGEST_LINE:,} bytes; expected a table")
        if carried:
            yield carried

    def _read(self, text: BinaryIO, file: FileIO, size: int) -> bytes:
        """The next ``size`` bytes, fewer only at the end."""
        parts = bytearray()
        try:
            while len(parts) < size and (more := text.read(size - len(parts))):
                parts += more
        except (OSError, EOFError, zlib.error, zstandard.ZstdError, MemoryError) as error:
            self._source.check(file)
            raise UnreadableError(self.name, f"cannot be read: {_one_line(str(error)) or 'out of memory'}") from error
        if len(parts) < size and isinstance(text, zstandard.ZstdDecompressionReader):
            zstd_frames.check_frames(self._source.read_at(file), self._source.size, self._fail)
        return bytes(parts)

    @contextmanager
    def _text(self, file: FileIO) -> Iterator[BinaryIO]:
        """The decompressed file."""
        start = self._source.read_at(file)(4, 0)
        if start.startswith(GZIP):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield cast(BinaryIO, unpacked)
        elif start.startswith(zstd_frames.MAGIC) or zstd_frames.is_skippable(start + b"\0"):
            decompressor = zstandard.ZstdDecompressor(max_window_size=zstd_frames.largest_window())
            with decompressor.stream_reader(file, read_across_frames=True, closefd=False) as unpacked:
                yield cast(BinaryIO, unpacked)
        else:
            yield cast(BinaryIO, file)

    def _header(self, line: bytes) -> list[str]:
        try:
            text = line.decode("utf-8-sig").rstrip("\r\n")
            (names,) = csv.reader([text], delimiter=self._delimiter)
        except (UnicodeDecodeError, ValueError, csv.Error):
            raise TableError(self.name, "line", 1, "is no line of column names") from None
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
            pass  # told by whoever parses that line
        return {name: found.get(name, "") for name in self.names}

    def _fail(self, byte: int, problem: str) -> FeedError:
        return FeedError(self.name, byte, problem)


def _only(column: pa.ChunkedArray) -> Any:
    """The one array of a column."""
    return column.chunk(0) if column.num_chunks == 1 else pa.array([], column.type)


def _lines_before(block: bytes, row: int) -> int:
    """How many lines stand before a row: empty ones are no rows."""
    filled = [number for number, line in enumerate(block.split(b"\n")) if line.rstrip(b"\r")]
    return filled[row] if row < len(filled) else 0


def _one_line(text: str) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) < 200 else f"{text[:199]}…"
