"""What a file holds, told by how it begins."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from lobench.engine.feeds import zstd_frames
from lobench.engine.feeds.header import MAGIC
from lobench.engine.feeds.itch import protocol
from lobench.engine.feeds.lobster.files import is_lobster

SNIFFED = 16
"""Bytes that tell a file's kind."""


def is_dbn(start: bytes) -> bool:
    return start.startswith(MAGIC)


def is_zstd(start: bytes) -> bool:
    """Whether data that begins with ``start`` is compressed with zstd, or the legacy DBZ container."""
    return start.startswith(zstd_frames.MAGIC) or zstd_frames.is_skippable(start)


def is_gzip(start: bytes) -> bool:
    return start.startswith(b"\x1f\x8b")


def holds_records(path: str | Path) -> bool:
    """Whether a file that exists is market data, as far as one can tell: DBN, ITCH, LOBSTER, or data that is compressed."""
    with suppress(OSError):
        if Path(path).is_file():
            with open(path, "rb") as file:
                start = file.read(protocol.SNIFFED)
            return is_dbn(start) or is_zstd(start) or is_gzip(start) or protocol.is_itch(start) or is_lobster(start)
    return False
