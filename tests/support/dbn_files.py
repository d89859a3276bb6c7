"""DBN files for tests, built byte by byte: headers, records, zstd frames."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import zstandard
from databento_dbn import Metadata, Schema, SType

from lobench.engine.records import ADD, ASK, BID, F_LAST, MBO, RTYPE_MBO


def header(
    version: int = 3, schema: str | None = "mbo", *, ts_out: bool = False, padding: int = 0, symbols: int = 1
) -> bytes:
    """A DBN header; ``padding`` bytes after its metadata shift the records' alignment."""
    encoded = Metadata(
        dataset="GLBX.MDP3",
        start=1,
        stype_in=SType.from_str("raw_symbol"),
        stype_out=SType.from_str("instrument_id"),
        schema=None if schema is None else Schema.from_str(schema),
        symbols=[f"SYM{number}" for number in range(symbols)],
        ts_out=ts_out,
        version=version,
    ).encode()
    length = len(encoded) - 8 + padding
    return encoded[:4] + length.to_bytes(4, "little") + encoded[8:] + bytes(padding)


def records(count: int, seed: int = 0) -> npt.NDArray[np.void]:
    """``count`` MBO records with every field filled, dtype ``MBO``, shape (count,)."""
    rng = np.random.default_rng(seed)
    made = np.frombuffer(rng.bytes(count * MBO.itemsize), MBO).copy()
    made["length"] = MBO.itemsize // 4
    made["rtype"] = RTYPE_MBO
    made["action"] = ADD
    made["side"] = np.where(np.arange(count) % 2, BID, ASK)
    made["flags"] = F_LAST
    made["sequence"] = np.arange(count)
    return made


def with_ts_out(made: npt.NDArray[np.void]) -> bytes:
    """The same records, each with 8 more bytes."""
    wide = np.full((len(made), 64), 0xAB, np.uint8)
    wide[:, :56] = made.view(np.uint8).reshape(len(made), 56)
    wide[:, 0] = 16
    return wide.tobytes()


def other_record(rtype: int = 0x16, words: int = 20) -> bytes:
    """A record that is not MBO; its body looks like the beginning of MBO records."""
    return bytes([words, rtype]) + (bytes([14, RTYPE_MBO]) * (2 * words))[: words * 4 - 2]


def zstd(*parts: bytes) -> bytes:
    """``parts`` as one zstd frame each, with its checksum."""
    compressor = zstandard.ZstdCompressor(write_checksum=True)
    return b"".join(compressor.compress(part) for part in parts)


def skippable(payload: bytes = b"\0" * 9, kind: int = 0) -> bytes:
    """A skippable zstd frame."""
    return bytes([0x50 + kind]) + b"\x2a\x4d\x18" + len(payload).to_bytes(4, "little") + payload


def split(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """``data`` in pieces that end at ``cuts``."""
    edges = [0, *sorted(cuts), len(data)]
    return [data[start:stop] for start, stop in pairwise(edges)]


def write(path: Path, *parts: bytes) -> str:
    """Write ``parts`` to ``path``; returns it as a feed's spec."""
    path.write_bytes(b"".join(parts))
    return str(path)
