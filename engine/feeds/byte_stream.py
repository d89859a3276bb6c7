"""The bytes of a file, with any compression: plain, gzip or zstd, detected from its first bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from typing import Protocol, cast

from lobench.engine.errors import FeedError
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.kinds import SNIFFED, is_gzip, is_zstd
from lobench.engine.feeds.problems import StreamError, UnreadableError

_READ = 1 << 18
"""Compressed bytes read at a time."""


class _Reader(Protocol):
    def readinto(self, room: memoryview, /) -> int | None: ...


class OpenStream:
    """One pass over the bytes: ``fill`` takes the next ones, ``consumed`` counts those of the file."""

    def __init__(self, source: SourceFile, file: FileIO, reader: _Reader) -> None:
        self._source, self._file, self._reader = source, file, reader
        self.position = 0

    @property
    def consumed(self) -> int:
        return 0 if self._file.closed else self._file.tell()

    def fill(self, room: memoryview) -> int:
        """Fill ``room``; returns the bytes written, fewer only at the end. Raises ``FeedError``."""
        size = 0
        while size < len(room) and (more := self._reader.readinto(room[size:])):
            size += more
            self.position += more
        self._source.check(self._file)
        return size


class ByteStream:
    """The bytes of one file, read from the start any number of times; ``compressed`` is gzip, zstd or None."""

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        with source.open() as file:
            start = file.read(SNIFFED)
        self.compressed = "gzip" if is_gzip(start) else "zstd" if is_zstd(start) else None

    def fail(self, byte: int, problem: str) -> FeedError:
        """An error at a byte of the delivered stream."""
        return (StreamError if self.compressed else FeedError)(self.source.name, byte, problem)

    def head(self, size: int) -> bytes:
        """The first bytes, at most ``size``. Raises ``FeedError``."""
        room = memoryview(bytearray(size))
        with self.open(checked=False) as stream:
            return bytes(room[: stream.fill(room)])

    @contextmanager
    def open(self, *, checked: bool = True) -> Iterator[OpenStream]:
        """A pass; leaving it without an error raises where the file is ``checked`` and ends within a zstd frame."""
        with self.source.open() as file:
            stream = OpenStream(self.source, file, file)
            try:
                if self.compressed == "zstd":
                    yield from self._zstd(stream, file, checked)
                elif self.compressed == "gzip":
                    yield from self._gzip(stream, file)
                else:
                    yield stream
            except FeedError:
                # The data may have been good before someone changed the file.
                self.source.check(file)
                raise
            except MemoryError as error:
                raise UnreadableError(self.source.name, "cannot be read: out of memory") from error
            except OSError as error:
                raise UnreadableError(self.source.name, f"cannot be read: {error}") from error

    def _gzip(self, stream: OpenStream, file: FileIO) -> Iterator[OpenStream]:
        from lobench.engine.feeds.gzipped import CORRUPT, open_gzip

        try:
            with open_gzip(file) as reader:
                stream._reader = cast(_Reader, reader)
                yield stream
        except EOFError as error:
            self.source.check(file)
            raise FeedError(self.source.name, self.source.size, "the gzip data is cut short there") from error
        except CORRUPT as error:
            self.source.check(file)
            raise self.fail(stream.position, f"the gzip data after it is corrupt: {error}") from error

    def _zstd(self, stream: OpenStream, file: FileIO, checked: bool) -> Iterator[OpenStream]:
        import zstandard

        from lobench.engine.feeds.zstd_frames import check_frames, check_needs, explained, largest_window

        def read_at(size: int, byte: int) -> bytes:
            return os.pread(file.fileno(), size, byte)

        def fail(byte: int, problem: str) -> FeedError:
            return FeedError(self.source.name, byte, problem)

        window = largest_window()
        decompressor = zstandard.ZstdDecompressor(max_window_size=window)
        try:
            with decompressor.stream_reader(file, read_size=_READ, read_across_frames=True, closefd=False) as reader:
                stream._reader = reader
                yield stream
            if checked:
                check_frames(read_at, self.source.size, fail)
        except zstandard.ZstdError as error:
            self.source.check(file)
            check_needs(read_at, self.source.size, window, fail)
            raise explained(error, self.source.name, self.fail, stream.position) from error
