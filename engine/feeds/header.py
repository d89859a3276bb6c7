"""The head of a DBN stream: magic, version, metadata; and the starts of other kinds of files.

``databento_dbn`` parses the metadata itself; this module reads the eight bytes before it, and checks the result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from databento_dbn import Metadata

from lobench.engine.errors import FeedError
from lobench.engine.feeds.symbology import names_of

MAGIC = b"DBN"
NEWEST = 3
"""The newest DBN version that is read."""

_PRELUDE = 8
_LEAST = 104
"""Bytes of the metadata's fixed part; the decoder panics, rather than raises, on some shorter ones."""
_MOST = 1 << 28
"""Larger metadata is refused. A day of all instruments of a large venue, including options and spreads, takes 100 MB;
decoding it takes three times as much memory."""
_SCHEMA_AT = _PRELUDE + 16

_OTHER_KINDS = {
    b"\x1f\x8b": "gzip data",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ": "xz data",
    b"PK\x03\x04": "a zip archive",
    b"PAR1": "a Parquet file",
    b"DBZ": "the legacy DBZ metadata",
    b"\x28\xb5\x2f\xfd": "zstd data",
}


@dataclass(frozen=True)
class Header:
    """``size`` bytes come before the first record; ``metadata`` is their content."""

    size: int
    metadata: Metadata

    @cached_property
    def symbols(self) -> dict[int, str]:
        """Names by instrument id, where the metadata maps the one to the other."""
        return names_of(self.metadata)


def found(start: bytes) -> str:
    """A description of data that begins with ``start``, for an error message."""
    if not start:
        return "nothing: it is empty"
    for magic, kind in _OTHER_KINDS.items():
        if start.startswith(magic):
            return kind
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in start):
        return f"text: {start.decode()!r}"
    return f"0x{start.hex()}"


def read_header(read: Callable[[int], bytes], fail: Callable[[int, str], FeedError], most: int | None = None) -> Header:
    """Read and check the head of a DBN stream of MBO records.

    ``read(n)`` returns the next n bytes, fewer only at the end; ``fail(byte, problem)`` makes the error to raise.
    ``most``: a lower limit on the size of the metadata than the general one.
    """
    prelude = read(_PRELUDE)
    if not prelude.startswith(MAGIC):
        raise fail(0, f'expected a DBN header ("DBN"), found {found(prelude)}')
    if len(prelude) < _PRELUDE:
        raise fail(len(prelude), f"the DBN header is cut short: {_PRELUDE} bytes expected")
    version = prelude[3]
    if not 1 <= version <= NEWEST:
        raise fail(3, f"DBN version {version}; versions 1 to {NEWEST} are supported")
    length = int.from_bytes(prelude[4:], "little")
    most = _MOST if most is None else min(most, _MOST)
    if not _LEAST <= length <= most:
        raise fail(4, f"the DBN metadata cannot be {length} bytes long; {_LEAST} to {most} expected")
    rest = read(length)
    if len(rest) < length:
        raise fail(_PRELUDE + len(rest), f"the DBN metadata is cut short: {length} bytes expected, {len(rest)} found")
    metadata = _decode(prelude + rest, fail)
    schema = metadata.schema
    if schema is not None and str(schema) != "mbo":
        raise fail(_SCHEMA_AT, f"the schema is {schema}; mbo expected (market by order)")
    return Header(_PRELUDE + length, metadata)


def _decode(head: bytes, fail: Callable[[int, str], FeedError]) -> Metadata:
    try:
        return Metadata.decode(head)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # The decoder is written in Rust: a panic arrives as an exception that is no Exception and has no public name.
        raise fail(_PRELUDE, f"the DBN metadata is not valid: {' '.join(str(error).split())}") from error
