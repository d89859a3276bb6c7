"""Write a feed to a DBN file, plain or zstd."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import BinaryIO, cast

import zstandard
from databento_dbn import Metadata, Schema, SType

from lobench.engine.errors import LobenchError, OutputError, UsageError
from lobench.engine.feeds.symbology import SymbolInterval, SymbolMapping
from lobench.engine.parts import Part
from lobench.engine.records import MBO
from lobench.engine.synthetic.catalogue import MODELS
from lobench.engine.synthetic.every_rule import EveryRuleFeed
from lobench.engine.synthetic.feed import SyntheticFeed
from lobench.engine.synthetic.market import START

_LEVEL = 3
_PACKED = 15
"""Bytes a record that compressed files have at least; 17 to 20 are usual."""
_FIRST_DAY, _LAST_DAY = date(2024, 1, 1), date(2025, 1, 1)
_BEGIN = START - 10**9
"""Start of the period in the metadata."""
_SPARE = 64 * 2**20
"""Bytes that must stay free on the disk."""


def generate(
    feed: SyntheticFeed | EveryRuleFeed, path: str | Path, progress: Callable[[int], object] | None = None
) -> None:
    """Write all records of ``feed`` to ``path``, DBN version 3, compressed if it ends in ``.dbn.zst``.

    ``progress`` is called with the number of records written so far. The file appears whole or not at all: until then
    it has another name in the same folder. Raises UsageError for another ending, OutputError if the folder cannot be
    written or the disk is too full, before anything is generated where that can be known.
    """
    target = Path(path)
    check_name(target)
    compressed = target.name.endswith(".dbn.zst")
    try:
        if target.is_dir():
            raise LobenchError(f"{target}: is a folder")
        _check_room(target, feed.n * (_PACKED if compressed else MBO.itemsize))
        # An interrupt leaves nothing behind.
        with Part(target) as part:
            with part.path.open("wb") as file:
                if compressed:
                    with zstandard.ZstdCompressor(level=_LEVEL).stream_writer(file) as packed:
                        _write(feed, cast(BinaryIO, packed), progress)
                else:
                    _write(feed, file, progress)
            part.finish()
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from error


def check_name(target: Path) -> None:
    """Raise UsageError unless a feed can be written to a file of that name."""
    if not target.name.endswith((".dbn", ".dbn.zst")):
        raise UsageError(f"{target}: the name must end in .dbn or .dbn.zst")


def is_generated(metadata: Metadata) -> bool:
    """Whether a DBN file with this metadata is one that ``generate`` wrote; no recorded feed looks like it."""
    names = {model.symbols[model.first_instrument] for model in MODELS.values()}
    return bool(metadata.start == _BEGIN and metadata.symbols and metadata.symbols[0] in names)


def _check_room(target: Path, size: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if size + _SPARE > free:
        room = f"needs {size / 1e9:,.1f} GB, {free / 1e9:,.1f} GB are free"
        raise OutputError(f"{target}: {room}; a smaller n, or .dbn.zst, takes less")


def _write(feed: SyntheticFeed | EveryRuleFeed, file: BinaryIO, progress: Callable[[int], object] | None) -> None:
    symbols = feed.symbols
    metadata = Metadata(
        dataset=feed.model.dataset,
        start=_BEGIN,
        stype_in=SType.from_str("raw_symbol"),
        stype_out=SType.from_str("instrument_id"),
        schema=Schema.from_str("mbo"),
        symbols=list(symbols.values()),
        mappings=[
            SymbolMapping(name, [SymbolInterval(_FIRST_DAY, _LAST_DAY, str(instrument))])
            for instrument, name in symbols.items()
        ],
        version=3,
    )
    file.write(metadata.encode())
    written = 0
    for chunk in feed:
        file.write(chunk.array().data)
        written += chunk.count
        if progress:
            progress(written)
