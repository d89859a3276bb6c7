"""Uncompressed DBN files: mapped into memory and read in place."""

from __future__ import annotations

from collections.abc import Iterator
from io import FileIO

import numpy as np
import numpy.typing as npt

from lobench.engine.errors import FeedError
from lobench.engine.feeds.base import Chunk
from lobench.engine.feeds.dbn_file import DbnFile
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.framer import Framer, readable
from lobench.engine.feeds.header import read_header
from lobench.engine.feeds.mapped import map_file
from lobench.engine.feeds.prefault import Prefault
from lobench.engine.feeds.problems import UnreadableError
from lobench.engine.records import MBO


class DbnFeed(DbnFile):
    """The MBO records of one ``.dbn`` file, without a copy.

    The header is checked at construction, the records while iterating; both raise ``FeedError``, also if the file
    changes meanwhile.
    """

    stable = True

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        with source.open() as file:
            self._header = read_header(lambda size: file.read(min(size, source.size)), self._fail)
        self._framer = self._new_framer()

    @property
    def expected(self) -> int:
        """Records that the file has room for."""
        return (self._source.size - self._header.size) // MBO.itemsize

    @property
    def progress(self) -> float:
        """Fraction of the file that the last iteration has handed over, 0 to 1."""
        return self._framer.position / self._source.size

    def __iter__(self) -> Iterator[Chunk]:
        self._framer = framer = self._new_framer()
        with self._source.open() as file:
            data = self._mapped(file)
            with Prefault(data.ctypes.data, len(data)) as pages:
                try:
                    for chunk in framer.chunks(data, self._header.size):
                        self._source.check(file)
                        pages.reached(framer.position)
                        yield chunk
                    self._source.check(file)
                    framer.finish(len(data))
                except FeedError:
                    # The data may have been good before someone changed the file.
                    self._source.check(file)
                    raise

    def _mapped(self, file: FileIO) -> npt.NDArray[np.uint8]:
        try:
            return readable(map_file(file, self.name))
        except (OSError, ValueError) as error:
            raise UnreadableError(self.name, f"cannot be mapped into memory: {error}") from error

    def _new_framer(self) -> Framer:
        return Framer(self._header.size, self._fail)

    def _fail(self, byte: int, problem: str) -> FeedError:
        return FeedError(self.name, byte, problem)
