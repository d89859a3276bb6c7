"""The interface of a feed: an ordered source of MBO records, in chunks of raw memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lobench.engine.records import MBO


@dataclass(frozen=True)
class Chunk:
    """A run of MBO records in memory, none of it copied.

    ``address`` of the first record, ``stride`` bytes from one to the next (56, or 64 with ts_out), ``count`` of
    records. Addresses may be odd. ``owner`` keeps the memory alive. A chunk is valid until its feed is asked for the
    next one.
    """

    address: int
    stride: int
    count: int
    owner: object

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """NumPy's own protocol for foreign memory; the array made of it keeps this chunk, and so ``owner``, alive."""
        return {
            "version": 3,
            "data": (self.address, True),
            "shape": (self.count,),
            "strides": (self.stride,),
            "typestr": f"|V{MBO.itemsize}",
        }

    def array(self) -> npt.NDArray[np.void]:
        """The records as a read-only strided view of dtype ``MBO``, shape (count,)."""
        return np.asarray(self).view(MBO)


class Feed(Protocol):
    """An ordered source of events. Each iteration starts from the beginning.

    A feed may also offer ``progress`` (the fraction of its input that the running iteration has consumed, 0 to 1, a
    float), ``stable`` (True: its chunks stay valid for as long as their ``owner`` lives), ``skipped`` (rows or messages
    that gave no record, counted by kind, a text, by the last iteration) and ``learns_symbols`` (True: names are not
    all known before the first iteration has ended).
    """

    @property
    def name(self) -> str:
        """How the user named it."""
        ...

    @property
    def expected(self) -> int | None:
        """Number of records, if known before reading (an upper bound for mixed captures), for progress."""
        ...

    @property
    def other_records(self) -> dict[int, int]:
        """Records that were not MBO, by rtype, counted by the last iteration."""
        ...

    @property
    def symbols(self) -> Mapping[int, str]:
        """Names by instrument id, as far as known. A name is known at the latest with the first record of its
        instrument; empty if the source has no names."""
        ...

    def __iter__(self) -> Iterator[Chunk]: ...
