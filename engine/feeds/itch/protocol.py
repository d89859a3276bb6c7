"""The messages of ITCH 5.0: their kinds and lengths, and whether a file begins like one.

A message is preceded by its length, two bytes, big endian. Some writers leave all lengths 0; each kind has one length,
so such a file can be read all the same (``framed`` is False).
"""

from __future__ import annotations

from typing import Final

import numpy as np

NAMES: Final = {
    "S": "system event",
    "R": "stock directory",
    "H": "trading action",
    "Y": "Reg SHO restriction",
    "L": "market participant position",
    "V": "MWCB decline level",
    "W": "MWCB status",
    "K": "IPO quoting period",
    "J": "LULD auction collar",
    "h": "operational halt",
    "A": "add order",
    "F": "add order with MPID",
    "E": "order executed",
    "C": "order executed with price",
    "X": "order cancel",
    "D": "order delete",
    "U": "order replace",
    "P": "trade",
    "Q": "cross trade",
    "B": "broken trade",
    "I": "net order imbalance",
    "N": "retail price improvement",
    "O": "direct listing price",
}
"""The name of each kind of message."""

_LENGTHS = dict(
    zip(
        NAMES, (12, 39, 25, 20, 26, 35, 12, 28, 35, 21, 36, 40, 31, 36, 23, 19, 35, 44, 40, 19, 50, 20, 48), strict=True
    )
)

LENGTHS: Final = np.zeros(256, np.int64)
"""Bytes of a message of each kind, 0 for unknown kinds; int64, shape (256,)."""
for _kind, _length in _LENGTHS.items():
    LENGTHS[ord(_kind)] = _length

BOOK_KINDS: Final = "AFECXDUPQR"
"""Kinds that give records, or symbols; all others are skipped and counted."""

PREFIX: Final = 2
SNIFFED: Final = 2 * (PREFIX + 50)
"""Enough bytes for any first two messages."""


def is_itch(start: bytes) -> bool:
    """Whether data that begins with ``start`` (``SNIFFED`` bytes, fewer only where it ends) begins with two messages,
    or is one."""
    position = found = 0
    framed = is_framed(start)
    while position + PREFIX < len(start) and found < 2:
        length = int(LENGTHS[start[position + PREFIX]])
        said = int.from_bytes(start[position : position + PREFIX], "big")
        if length == 0 or said != (length if framed else 0):
            # A kind of a later version may follow; the bytes after the first message then decide nothing.
            return found > 0 and framed and length == 0 and said > 0
        position += PREFIX + length
        found += 1
    return found > 0


def is_framed(start: bytes) -> bool:
    """Whether the messages of a file that begins with ``start`` are preceded by their lengths, rather than by 0."""
    return start[:PREFIX] != bytes(PREFIX)
