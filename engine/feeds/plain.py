"""Uncompressed DBN files: mapped into memory and read in place."""

from __future__ import annotations

import mmap
from collections.abc import Iterator

from engine.errors import FeedError
from engine.feeds.base import Chunk
from engine.feeds.files import SourceFile
from engine.feeds.framer import Framer, readable
from engine.feeds.header import read_header
from engine.feeds.problems import UnreadableError
from engine.records import MBO


class DbnFeed:
    """The MBO records of one ``.dbn`` file, none of them copied.

    The header is checked here, the records while iterating; both raise ``FeedError``. As with every memory map, the
    file must not be shortened by someone else while it is replayed.
    """

    stable = True

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        with source.open() as file:
            self._header = read_header(lambda size: file.read(min(size, source.size)), self._fail)
        self._framer = self._new_framer()

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def expected(self) -> int:
        """Records that the file has room for."""
        return (self._source.size - self._header.size) // MBO.itemsize

    @property
    def progress(self) -> float:
        """Fraction of the file that the last iteration has handed over, 0 to 1."""
        return self._framer.position / self._source.size

    @property
    def other_records(self) -> dict[int, int]:
        return self._framer.other_records

    def __iter__(self) -> Iterator[Chunk]:
        data = readable(self._mapped())
        self._framer = framer = self._new_framer()
        yield from framer.chunks(data, self._header.size)
        framer.finish(len(data))

    def _mapped(self) -> memoryview:
        with self._source.open() as file:
            try:
                return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            except (OSError, ValueError) as error:
                raise UnreadableError(self.name, f"cannot be mapped into memory: {error}") from error

    def _new_framer(self) -> Framer:
        return Framer(self._header.size, self._fail)

    def _fail(self, byte: int, problem: str) -> FeedError:
        return FeedError(self.name, byte, problem)
