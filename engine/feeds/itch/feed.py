"""A file of ITCH messages as a feed: read piece by piece, normalized on a thread that runs ahead of the replay."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from lobench.engine.errors import FeedError
from lobench.engine.feeds.ahead import ahead
from lobench.engine.feeds.base import Chunk
from lobench.engine.feeds.byte_stream import ByteStream
from lobench.engine.feeds.dates import day_of, midnight
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.itch.protocol import BOOK_KINDS, LENGTHS, NAMES, PREFIX, is_framed
from lobench.engine.feeds.pieces import Pieces
from lobench.engine.feeds.streamed_file import StreamedFile
from lobench.engine.records import MBO

ROOM = 1 << 18
"""Bytes of a buffer without its head-room."""
RECORDS = 1 << 14
"""Records of a chunk at most."""
_HEAD = PREFIX + 0xFFFF
"""Bytes of the longest message that a length can tell, with that length."""
_AHEAD = 3
"""Chunks that exist at the same time, including the current one."""
_LOCATES = 1 << 16


class ItchFeed(StreamedFile):
    """The MBO records of one ITCH 5.0 file, plain, gzip or zstd.

    The date and the first messages are checked here, the others while iterating; both raise ``FeedError``. Memory: a
    few megabytes, and 32 to 64 bytes for each order of those that are live at once. Closing an iteration early stops
    its threads.
    """

    stable = False
    expected = None
    learns_symbols = True

    def __init__(self, source: SourceFile, day: date | None) -> None:
        self._stream = ByteStream(source)
        self._framed = is_framed(self._stream.head(PREFIX))
        self._midnight = midnight(day_of(source.name, day))
        self._consumed = 0
        self._begin()

    def _begin(self) -> None:
        self._kinds = np.zeros(256, np.int64)
        self._names = np.zeros((_LOCATES, 8), np.uint8)
        self._unknown_replaced = self._empty = self._known = 0

    @property
    def messages(self) -> dict[str, int]:
        """Messages by kind, counted by the last iteration."""
        return {chr(kind): int(self._kinds[kind]) for kind in np.flatnonzero(self._kinds)}

    @property
    def skipped(self) -> dict[str, int]:
        """Messages that gave no records, by kind, counted by the last iteration."""
        skipped = {
            f"{kind} ({NAMES.get(kind, 'unknown')})" if kind.isprintable() else f"{ord(kind):#04x} (unknown)": count
            for kind, count in self.messages.items()
            if kind not in BOOK_KINDS
        }
        skipped |= {
            "U of an unknown order": self._unknown_replaced,
            "Q of no shares": self._empty,
            "R of a known stock": self._known,
        }
        return {what: count for what, count in skipped.items() if count}

    @property
    def symbols(self) -> dict[int, str]:
        """Symbols by instrument id, the stock locate, as far as the last iteration has met them."""
        locates = np.flatnonzero(self._names[:, 0])
        return {int(locate): self._names[locate].tobytes().decode("latin-1").rstrip() for locate in locates}

    def __iter__(self) -> Iterator[Chunk]:
        self._begin()
        with ahead(self._chunks(), _AHEAD) as chunks:
            yield from chunks

    def _chunks(self) -> Generator[Chunk, None, None]:
        # Imported here: importing Numba takes longer than refusing a file.
        from lobench.engine.feeds.itch.normalizing import END, FULL, GROW, MORE, PARTIAL, STATE, normalize
        from lobench.engine.feeds.live_orders import grown, new_table, shift_of

        state = np.zeros(1, STATE)
        state["midnight"], state["framed"] = self._midnight, self._framed
        outs = [np.empty(RECORDS, MBO) for _ in range(_AHEAD)]
        turn = 0
        table = new_table()
        byte = 0  # position of the piece in the stream
        data = np.zeros(0, np.uint8)
        start = 0
        status = MORE
        threaded = self._stream.compressed is not None
        with self._stream.open() as stream, Pieces(stream, ROOM, _HEAD, threaded=threaded) as pieces:
            for data, start in pieces:
                first = start
                address = data.ctypes.data
                status = FULL
                while status in (FULL, GROW):
                    out = outs[turn % len(outs)]
                    start, count, status = map(
                        int,
                        normalize(
                            data,
                            address,
                            start,
                            len(data),
                            out.ctypes.data,
                            RECORDS,
                            table,
                            shift_of(table),
                            self._names,
                            self._kinds,
                            state,
                        ),
                    )
                    self._count(state, stream.consumed)
                    if status == GROW:
                        table = grown(table)
                    if count:
                        turn += 1
                        yield Chunk(out.ctypes.data, MBO.itemsize, count, out)
                byte += start - first
                pieces.keep(len(data) - start)
                if status not in (MORE, PARTIAL):
                    break
            if status == END:
                self._end(data, start, byte, pieces)
            elif status == PARTIAL:
                raise self._stream.fail(byte, f"the last message is cut short: {len(data) - start} bytes are left")
            elif status != MORE:
                raise self._problem(status, data, start, byte)

    def _count(self, state: npt.NDArray[Any], consumed: int) -> None:
        self._consumed = consumed
        self._unknown_replaced = int(state["unknown_replaced"][0])
        self._empty = int(state["empty_crosses"][0])
        self._known = int(state["known_stocks"][0])

    def _end(self, data: npt.NDArray[Any], start: int, byte: int, pieces: Pieces) -> None:
        """A length of 0 ends the session: nothing may follow."""
        left = len(data) - start - PREFIX
        if left > 0 or any(len(more) > begin for more, begin in pieces):
            raise self._stream.fail(byte + PREFIX, "data after the message of length 0 that ends the session")

    def _problem(self, status: int, data: npt.NDArray[Any], start: int, byte: int) -> FeedError:
        from lobench.engine.feeds.itch.normalizing import PROBLEMS

        head = bytes(data[start : start + PREFIX + 1])
        code = head[PREFIX]
        kind = repr(chr(code)) if 32 < code < 127 else f"{code:#04x}"
        words = {
            "kind": kind,
            "length": int.from_bytes(head[:PREFIX], "big"),
            "expected": int(LENGTHS[code]) if self._framed else 0,
        }
        return self._stream.fail(byte, PROBLEMS[status].format(**words))
