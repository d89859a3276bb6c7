"""What a file holds, told by how it begins."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from lobench.engine.feeds import zstd_frames
from lobench.engine.feeds.header import MAGIC

SNIFFED = 16
"""Bytes that tell a file's kind."""


def is_dbn(start: bytes) -> bool:
    return start.startswith(MAGIC)


def is_zstd(start: bytes) -> bool:
    """Whether data that begins with ``start`` is compressed with zstd, or the legacy DBZ container."""
    return start.startswith(zstd_frames.MAGIC) or zstd_frames.is_skippable(start)


def holds_records(path: str | Path) -> bool:
    """Whether a file that exists is market data, as far as one can tell: DBN, or data that zstd compressed."""
    with suppress(OSError):
        if Path(path).is_file():
            with open(path, "rb") as file:
                start = file.read(SNIFFED)
            return is_dbn(start) or is_zstd(start)
    return False
