"""zstd-compressed DBN files: decompressed on another thread into a ring of reused buffers, ahead of the replay.

A record may straddle two frames and two buffers. So each buffer has head-room in front: the incomplete record at the
end of one buffer is copied to just before the bytes of the next, and framing continues from there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from io import FileIO

import zstandard

from lobench.engine.errors import FeedError
from lobench.engine.feeds.ahead import filled_ahead
from lobench.engine.feeds.base import Chunk
from lobench.engine.feeds.dbn_file import DbnFile
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.framer import LONGEST, Framer, readable
from lobench.engine.feeds.header import read_header
from lobench.engine.feeds.problems import StreamError, UnreadableError
from lobench.engine.feeds.zstd_frames import check_frames, check_needs, explained, largest_window

BUFFERS = 3
ROOM = 1 << 20
"""Bytes of a buffer without its head-room; larger ones would fall out of the cache before they are read."""
_HEAD = LONGEST + 4
_READ = 1 << 18
"""Compressed bytes read at a time."""
_METADATA, _TIMES = 1 << 22, 256
"""Largest metadata of any file in bytes, and its largest ratio to the file's own size beyond that. Symbols of real
venues compress to a twentieth; data that compresses further is an attempt to fill the memory."""


class DbnZstFeed(DbnFile):
    """The MBO records of one ``.dbn.zst`` file of any number of frames.

    The header is checked here, the records while iterating; both raise ``FeedError``. Closing an iteration early
    stops its thread.
    """

    stable = False

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._consumed = 0
        self._window = largest_window()
        with source.open() as file, self._decompress(file) as reader:
            try:
                most = max(_METADATA, _TIMES * source.size)
                self._header = read_header(lambda size: _read(reader, size), self._fail, most)
            except (zstandard.ZstdError, MemoryError, OSError) as error:
                raise self._explain(error, file, 0) from error
        self._framer = self._new_framer()

    @property
    def expected(self) -> int | None:
        return None

    @property
    def progress(self) -> float:
        """Fraction of the compressed file that the last iteration has consumed, 0 to 1."""
        return self._consumed / self._source.size

    def __iter__(self) -> Iterator[Chunk]:
        self._framer = framer = self._new_framer()
        end = self._header.size  # decompressed bytes so far
        with self._source.open() as file, self._decompress(file) as reader:

            def fill(room: memoryview) -> int:
                size = _read_into(reader, room)
                self._consumed = file.tell()
                return size

            buffers = [memoryview(bytearray(_HEAD + ROOM)) for _ in range(BUFFERS)]
            carried = b""
            try:
                _skip(reader, end, buffers[0])
                with filled_ahead(fill, [buffer[_HEAD:] for buffer in buffers]) as filled:
                    for index, size in filled:
                        buffer = buffers[index][: _HEAD + size]
                        start = _HEAD - len(carried)
                        buffer[start:_HEAD] = carried
                        end += size
                        self._source.check(file)
                        yield from framer.chunks(readable(buffer), start)
                        carried = bytes(buffer[len(buffer) - (end - framer.position) :])
                self._source.check(file)
                check_frames(_reading(file), self._source.size, self._fail_in_file)
            except FeedError:
                # The data may have been good before someone changed the file.
                self._source.check(file)
                raise
            except (zstandard.ZstdError, MemoryError, OSError) as error:
                raise self._explain(error, file, end) from error
        framer.finish(end)

    def _new_framer(self) -> Framer:
        return Framer(self._header.size, self._fail)

    def _fail(self, byte: int, problem: str) -> FeedError:
        return StreamError(self.name, byte, problem)

    def _fail_in_file(self, byte: int, problem: str) -> FeedError:
        return FeedError(self.name, byte, problem)

    def _decompress(self, file: FileIO) -> zstandard.ZstdDecompressionReader:
        decompressor = zstandard.ZstdDecompressor(max_window_size=self._window)
        return decompressor.stream_reader(file, read_size=_READ, read_across_frames=True)

    def _explain(self, error: Exception, file: FileIO, byte: int) -> FeedError:
        """The error while the bytes from ``byte`` on were decompressed."""
        if isinstance(error, OSError):
            return UnreadableError(self.name, f"cannot be read: {error}")
        try:
            self._source.check(file)
            check_needs(_reading(file), self._source.size, self._window, self._fail_in_file)
        except FeedError as reason:
            return reason
        return explained(error, self.name, self._fail, byte)


def _reading(file: FileIO) -> Callable[[int, int], bytes]:
    return lambda size, byte: os.pread(file.fileno(), size, byte)


def _read_into(reader: zstandard.ZstdDecompressionReader, room: memoryview) -> int:
    """Fill ``room``; returns the bytes written, fewer only at the end."""
    size = 0
    while size < len(room) and (more := reader.readinto(room[size:])):
        size += more
    return size


def _skip(reader: zstandard.ZstdDecompressionReader, size: int, room: memoryview) -> None:
    """Skip the next ``size`` bytes, reading them into ``room`` piece by piece."""
    while size and (done := reader.readinto(room[:size])):
        size -= done


def _read(reader: zstandard.ZstdDecompressionReader, size: int) -> bytes:
    """The next ``size`` bytes, fewer only at the end; memory is taken as they arrive, for ``size`` may be hostile."""
    parts = bytearray()
    while len(parts) < size and (more := reader.read(min(ROOM, size - len(parts)))):
        parts += more
    return bytes(parts)
