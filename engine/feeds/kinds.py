"""Detects a file's type from its first bytes."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress
from enum import Enum, auto
from io import FileIO
from pathlib import Path

import zstandard

from lobench.engine.errors import FeedError
from lobench.engine.feeds import zstd_frames
from lobench.engine.feeds.files import SourceFile
from lobench.engine.feeds.header import MAGIC, found
from lobench.engine.feeds.itch import protocol
from lobench.engine.feeds.lobster.files import is_lobster
from lobench.engine.feeds.problems import UnreadableError

SNIFFED = protocol.SNIFFED
"""Bytes that tell a file's kind."""
PARQUET = b"PAR1"
GZIP = b"\x1f\x8b"


def is_dbn(start: bytes) -> bool:
    return start.startswith(MAGIC)


def is_zstd(start: bytes) -> bool:
    """Whether data that begins with ``start`` is compressed with zstd, or the legacy DBZ container."""
    return start.startswith(zstd_frames.MAGIC) or zstd_frames.is_skippable(start)


def is_gzip(start: bytes) -> bool:
    return start.startswith(GZIP)


class Kind(Enum):
    """The type of a feed's file."""

    DBN = auto()
    DBN_ZSTD = auto()
    PARQUET = auto()
    TEXT = auto()
    ITCH = auto()
    LOBSTER = auto()


def kind_of(source: SourceFile) -> Kind:
    """The type of a file, from its first bytes and their decompression. Raises ``FeedError``."""
    with source.open() as file:
        start = file.read(SNIFFED)
        if is_dbn(start):
            return Kind.DBN
        if zstd_frames.is_skippable(start) and start[8:11] == b"DBZ":
            remedy = "convert it to DBN with Databento's dbn tool or download it again"
            raise FeedError(source.name, 8, f"legacy DBZ data, not DBN; {remedy}")
        if start.startswith(PARQUET):
            return Kind.PARQUET
        inner = start
        if is_zstd(start) or start.startswith(GZIP):
            inner = _unpacked(source, file, start)
            other = is_text(inner) or protocol.is_itch(inner)
            if is_zstd(start) and (is_dbn(inner) or not other):
                return Kind.DBN_ZSTD
        if protocol.is_itch(inner):
            return Kind.ITCH
        if is_lobster(inner):
            return Kind.LOBSTER
        if not is_text(inner):
            packed = "" if inner is start else " in gzip data"
            raise FeedError(
                source.name,
                0,
                'expected a DBN file ("DBN"), a zstd-compressed one, Parquet, CSV, ITCH or LOBSTER, found '
                f"{found(inner[:16])}{packed}",
            )
    return Kind.TEXT


def is_text(start: bytes) -> bool:
    """Whether data begins like the first line of a table: printable in some encoding, and not empty."""
    return bool(start.strip()) and all((byte >= 32 and byte != 127) or byte in b"\t\r\n" for byte in start)


def _unpacked(source: SourceFile, file: FileIO, start: bytes) -> bytes:
    """The first bytes that a compressed file holds, none where they cannot be had: its reader says why."""
    file.seek(0)
    try:
        if start.startswith(GZIP):
            return gzip.GzipFile(fileobj=file).read(SNIFFED)
        decompressor = zstandard.ZstdDecompressor(max_window_size=zstd_frames.largest_window())
        with decompressor.stream_reader(file, read_across_frames=True, closefd=False) as reader:
            return bytes(reader.read(SNIFFED))
    except (OSError, EOFError, zlib.error, zstandard.ZstdError, MemoryError) as error:
        if start.startswith(GZIP):
            raise UnreadableError(source.name, f"its gzip data cannot be read: {error}") from error
        return b""


def holds_records(path: str | Path) -> bool:
    """Whether an existing file is recognized as market data: DBN, ITCH, LOBSTER, or compressed."""
    with suppress(OSError):
        if Path(path).is_file():
            with open(path, "rb") as file:
                start = file.read(SNIFFED)
            return is_dbn(start) or is_zstd(start) or is_gzip(start) or protocol.is_itch(start) or is_lobster(start)
    return False
