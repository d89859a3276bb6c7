"""Whether two libraries contain the same code: a digest of the loaded sections without descriptive ones."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_ALLOCATED, _EMPTY, _NOTE = 2, 8, 7
"""Of a section: its flag in memory; its type if it has no bytes in the file, or is a note."""


def code_digest(file: Path) -> str:
    """A digest that is equal for libraries (64-bit ELF, little-endian) that differ only in debug information; for any
    other file, of its whole content."""
    content = file.read_bytes()
    digest = hashlib.blake2b(digest_size=10)
    try:
        parts = _loaded(content)
    except (struct.error, IndexError):
        parts = []
    for part in parts or [content]:
        digest.update(struct.pack("<Q", len(part)) + part)
    return digest.hexdigest()


def _loaded(content: bytes) -> list[bytes]:
    """The bytes of the loaded sections; none if it is not such a library."""
    if content[:6] != b"\x7fELF\x02\x01":
        return []
    header = _HEADER.unpack_from(content)
    start, size, count = header[6], header[11], header[12]
    found = []
    for place in range(count):
        _, kind, flags, _, offset, length, *_ = _SECTION.unpack_from(content, start + place * size)
        # A note may hold the linker's digest of the whole file.
        if flags & _ALLOCATED and kind not in (_EMPTY, _NOTE):
            found.append(content[offset : offset + length])
    return found
