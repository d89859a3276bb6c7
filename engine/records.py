"""The DBN market-by-order record: its dtype, its flags, its actions and sides.

The layout is DBN's ``MboMsg``, 56 bytes, little endian, packed (records may start at any byte).
Field names are Databento's.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from databento_dbn import MBOMsg

UNDEF_PRICE: Final = 2**63 - 1
"""A price field that holds no price."""

RTYPE_MBO: Final = 0xA0

F_LAST: Final = 0x80
F_TOB: Final = 0x40
F_SNAPSHOT: Final = 0x20
F_BAD_TS_RECV: Final = 0x08

ADD: Final = ord("A")
CANCEL: Final = ord("C")
MODIFY: Final = ord("M")
CLEAR: Final = ord("R")
TRADE: Final = ord("T")
FILL: Final = ord("F")
NONE: Final = ord("N")

BID: Final = ord("B")
ASK: Final = ord("A")
NO_SIDE: Final = ord("N")

BATCH: Final = 4096
"""Records between two batch boundaries of a feed."""

# One-byte characters as integers: kernels compare them as numbers.
MBO: Final = np.dtype(
    [(name, "u1" if kind == "S1" else np.dtype(kind).newbyteorder("<")) for name, kind in MBOMsg._dtypes]
)
"""dtype of one MBO record, packed, 56 bytes; ``action`` and ``side`` are uint8 character codes."""


def book_keys(records: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    """The key of each record's book, int64: ``instrument_id << 16 | publisher_id`` (``lobench.engine.market.book_key``
    in kernels). ``records``: dtype ``MBO``."""
    return records["instrument_id"].astype(np.int64) << 16 | records["publisher_id"]
