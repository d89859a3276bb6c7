"""Writing records of one schema to a DBN, CSV or Parquet file, which appears whole or not at all."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

import databento_dbn as dbn
import numpy as np
import numpy.typing as npt
import zstandard

from lobench.engine.errors import OutputError, UsageError
from lobench.engine.feeds.symbology import SymbolInterval, SymbolMapping
from lobench.engine.parts import Part
from lobench.workbench.converting.schemas import UNDEF_TIME, Schema

ENDINGS: Final = (".dbn", ".dbn.zst", ".csv", ".csv.zst", ".csv.gz", ".parquet")
_LEVEL = 3
_DATASETS = {1: "GLBX.MDP3", 2: "XNAS.ITCH"}
"""The vendor's name for a publisher's dataset, if the source does not give it."""
_FROM, _TO = date(1970, 1, 1), date(2200, 1, 1)
"""Days on which a name holds whose source does not say on which."""


@dataclass(frozen=True)
class Source:
    """The origin of a file's records: ``metadata`` of a source in DBN, ``symbols`` so far."""

    symbols: Callable[[], Mapping[int, str]]
    metadata: dbn.Metadata | None = None


class Writer(Protocol):
    """Takes records of a schema in order."""

    def write(self, records: npt.NDArray[np.void]) -> None: ...


def check_ending(path: str) -> None:
    """Raise UsageError for a file whose name does not select a format."""
    if not path.endswith(ENDINGS):
        raise UsageError(f"{path}: the name must end in one of {', '.join(ENDINGS)}")


@contextmanager
def writing(path: str, schema: Schema, source: Source, *, raw: bool = False) -> Iterator[Writer]:
    """A writer whose file gets its name when the context ends without an error. ``raw``: times and prices of text and
    Parquet as whole numbers. Raises OutputError where it cannot be written."""
    try:
        with Part(Path(path)) as part, ExitStack() as stack:
            if path.endswith(".parquet"):
                yield stack.enter_context(_parquet(part.path, schema, source, raw))
            else:
                file = stack.enter_context(_packed(part.path, path))
                yield _Text(file, schema, source, raw) if ".csv" in path[-8:] else _Dbn(file, schema, source)
            stack.close()
            part.finish()
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


@contextmanager
def _packed(place: Path, name: str) -> Iterator[BinaryIO]:
    with place.open("wb") as file:
        if name.endswith(".zst"):
            compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
            with compressor.stream_writer(file, closefd=False) as packed:
                yield cast(BinaryIO, packed)
        elif name.endswith(".gz"):
            with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=_LEVEL, mtime=0) as packed_text:
                yield cast(BinaryIO, packed_text)
        else:
            yield file


class _Dbn:
    """DBN, version 3."""

    def __init__(self, file: BinaryIO, schema: Schema, source: Source) -> None:
        self._file, self._schema, self._source = file, schema, source
        self._begun = False

    def write(self, records: npt.NDArray[np.void]) -> None:
        if not self._begun:
            self._file.write(head(records, self._schema, self._source))
            self._begun = True
        self._file.write(np.ascontiguousarray(records).view(np.uint8).data)


class _Text:
    """CSV by the vendor's own encoder."""

    def __init__(self, file: BinaryIO, schema: Schema, source: Source, raw: bool) -> None:
        self._schema, self._source = schema, source
        self._encoder = dbn.Transcoder(
            file,
            dbn.Encoding.from_str("csv"),
            dbn.Compression.from_str("none"),
            pretty_px=not raw,
            pretty_ts=not raw,
            map_symbols=True,
        )
        self._begun = False

    def write(self, records: npt.NDArray[np.void]) -> None:
        if not self._begun:
            self._encoder.write(head(records, self._schema, self._source))
            self._begun = True
        self._encoder.write(records.tobytes())
        self._encoder.flush()


def head(first: npt.NDArray[np.void], schema: Schema, source: Source) -> bytes:
    """DBN metadata for records that begin with ``first``."""
    old = source.metadata
    symbols = source.symbols()
    publisher = int(first["publisher_id"][0]) if len(first) else 0
    start = int(first["ts_recv"][0]) if len(first) else 0
    if old is not None:
        names, mappings = list(old.symbols), [SymbolMapping(*pair) for pair in _intervals(old)]
    else:
        names = list(symbols.values())
        mappings = [SymbolMapping(name, [SymbolInterval(_FROM, _TO, str(key))]) for key, name in symbols.items()]
    metadata = dbn.Metadata(
        dataset=old.dataset if old is not None else _DATASETS.get(publisher, "UNKNOWN"),
        start=old.start if old is not None else start if start != UNDEF_TIME else 0,
        end=old.end if old is not None else None,
        stype_in=dbn.SType.from_str(str((old and old.stype_in) or "raw_symbol")),
        stype_out=dbn.SType.from_str(str((old and old.stype_out) or "instrument_id")),
        schema=dbn.Schema.from_str(schema.name),
        symbols=names,
        mappings=mappings,
        version=3,
    )
    return metadata.encode()


def _intervals(metadata: dbn.Metadata) -> Iterator[tuple[str, list[SymbolInterval]]]:
    for name, intervals in metadata.mappings.items():
        yield name, [SymbolInterval(each["start_date"], each["end_date"], each["symbol"]) for each in intervals]


@contextmanager
def _parquet(place: Path, schema: Schema, source: Source, raw: bool) -> Iterator[Writer]:
    import pyarrow as pa

    from lobench.workbench.converting.columns import Columns

    with pa.OSFile(os.fsencode(place), "wb") as sink, Columns(sink, schema, source.symbols, raw) as columns:
        yield columns
