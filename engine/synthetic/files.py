"""Write a feed to a DBN file, plain or zstd."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import zstandard
from databento_dbn import Metadata, Schema, SType

from engine.errors import LobenchError, UsageError
from engine.records import MBO
from engine.synthetic.feed import SyntheticFeed
from engine.synthetic.market import START

_LEVEL = 3
_SPARE = 64 * 2**20
"""Bytes that must stay free on the disk."""


def generate(feed: SyntheticFeed, path: str | Path, progress: Callable[[int], object] | None = None) -> None:
    """Write all records of ``feed`` to ``path``, DBN version 3, compressed if it ends in ``.dbn.zst``.

    ``progress`` is called with the number of records written so far. The file appears whole or not at all: until then it
    has another name in the same folder. Raises UsageError for another ending, LobenchError if the folder cannot be
    written or the disk is too full, before anything is generated where that can be known.
    """
    target = Path(path)
    compressed = target.name.endswith(".dbn.zst")
    if not compressed and not target.name.endswith(".dbn"):
        raise UsageError(f"{target}: the name must end in .dbn or .dbn.zst")
    if target.is_dir():
        raise LobenchError(f"{target}: is a folder")
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        _check_room(target, 0 if compressed else feed.n * MBO.itemsize)
        with partial.open("xb") as file:
            if compressed:
                with zstandard.ZstdCompressor(level=_LEVEL).stream_writer(file) as packed:
                    _write(feed, cast(BinaryIO, packed), progress)
            else:
                _write(feed, file, progress)
        partial.replace(target)
    except OSError as error:
        raise LobenchError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


def _check_room(target: Path, size: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if size + _SPARE > free:
        raise LobenchError(f"{target}: needs {size / 1e9:,.1f} GB, {free / 1e9:,.1f} GB are free; choose a smaller n or .dbn.zst")


def _write(feed: SyntheticFeed, file: BinaryIO, progress: Callable[[int], object] | None) -> None:
    profile = feed.profile
    metadata = Metadata(
        dataset=profile.dataset,
        start=START - 10**9,
        stype_in=SType.RAW_SYMBOL,
        stype_out=SType.INSTRUMENT_ID,
        schema=Schema.MBO,
        symbols=[profile.name.upper()],
        version=3,
    )
    file.write(metadata.encode())
    written = 0
    for chunk in feed:
        file.write(memoryview(chunk.array()).cast("B"))
        written += chunk.count
        if progress:
            progress(written)
