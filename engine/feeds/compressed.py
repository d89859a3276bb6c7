"""zstd-compressed DBN files: decompressed on another thread into a ring of reused buffers, ahead of the replay.

A record may straddle two frames and two buffers. So each buffer has head-room in front: the incomplete record at the
end of one buffer is copied to just before the bytes of the next, and framing goes on from there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import FileIO

import zstandard

from engine.errors import FeedError
from engine.feeds.ahead import ReadAhead
from engine.feeds.base import Chunk
from engine.feeds.files import SourceFile
from engine.feeds.framer import LONGEST, Framer, readable
from engine.feeds.header import read_header
from engine.feeds.problems import StreamError, UnreadableError
from engine.feeds.zstd_frames import check_frames

BUFFERS = 3
ROOM = 1 << 20
"""Bytes of a buffer without its head-room; larger ones would fall out of the cache before they are read."""
_HEAD = LONGEST + 4
_READ = 1 << 18
"""Compressed bytes read at a time."""


class DbnZstFeed:
    """The MBO records of one ``.dbn.zst`` file of any number of frames.

    The header is checked here, the records while iterating; both raise ``FeedError``. Closing an iteration early
    stops its thread.
    """

    stable = False

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._consumed = 0
        with source.open() as file, _decompress(file) as reader:
            try:
                self._header = read_header(lambda size: _read(reader, size), self._fail)
            except (zstandard.ZstdError, OSError) as error:
                raise self._explain(error, 0) from error
        self._framer = self._new_framer()

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def expected(self) -> int | None:
        return None

    @property
    def progress(self) -> float:
        """Fraction of the compressed file that the last iteration has consumed, 0 to 1."""
        return self._consumed / self._source.size

    @property
    def other_records(self) -> dict[int, int]:
        return self._framer.other_records

    def __iter__(self) -> Iterator[Chunk]:
        self._framer = framer = self._new_framer()
        end = self._header.size  # decompressed bytes so far
        with self._source.open() as file, _decompress(file) as reader:

            def fill(room: memoryview) -> int:
                size = _read_into(reader, room)
                self._consumed = file.tell()
                return size

            buffers = [memoryview(bytearray(_HEAD + ROOM)) for _ in range(BUFFERS)]
            carried = b""
            try:
                _read(reader, end)
                with ReadAhead(fill, [buffer[_HEAD:] for buffer in buffers]) as filled:
                    for index, size in filled:
                        buffer = buffers[index][: _HEAD + size]
                        start = _HEAD - len(carried)
                        buffer[start:_HEAD] = carried
                        end += size
                        yield from framer.chunks(readable(buffer), start)
                        carried = bytes(buffer[len(buffer) - (end - framer.position) :])
                check_frames(
                    lambda size, byte: os.pread(file.fileno(), size, byte), self._source.size, self._fail_in_file
                )
            except (zstandard.ZstdError, OSError) as error:
                raise self._explain(error, end) from error
        framer.finish(end)

    def _new_framer(self) -> Framer:
        return Framer(self._header.size, self._fail)

    def _fail(self, byte: int, problem: str) -> FeedError:
        return StreamError(self.name, byte, problem)

    def _fail_in_file(self, byte: int, problem: str) -> FeedError:
        return FeedError(self.name, byte, problem)

    def _explain(self, error: Exception, byte: int) -> FeedError:
        """What went wrong while the bytes from ``byte`` on were decompressed."""
        if isinstance(error, OSError):
            return UnreadableError(self.name, f"cannot be read: {error}")
        return self._fail(byte, f"the zstd data after it is corrupt: {error}")


def _decompress(file: FileIO) -> zstandard.ZstdDecompressionReader:
    return zstandard.ZstdDecompressor().stream_reader(file, read_size=_READ, read_across_frames=True)


def _read_into(reader: zstandard.ZstdDecompressionReader, room: memoryview) -> int:
    """Fill ``room``; returns the bytes written, fewer only at the end."""
    size = 0
    while size < len(room) and (more := reader.readinto(room[size:])):
        size += more
    return size


def _read(reader: zstandard.ZstdDecompressionReader, size: int) -> bytes:
    """The next ``size`` bytes, fewer only at the end; memory is taken as they arrive, for ``size`` may be hostile."""
    parts = bytearray()
    while len(parts) < size and (more := reader.read(min(ROOM, size - len(parts)))):
        parts += more
    return bytes(parts)
