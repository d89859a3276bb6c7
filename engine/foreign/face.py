"""A replay's interface to an engine from outside, a library's or a Python class's."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from lobench.engine.errors import LobenchError
from lobench.engine.foreign.abi import Counts
from lobench.engine.native_call import Call


class EngineError(LobenchError):
    """An engine failed, or gave an impossible answer."""


class Face(Protocol):
    """An engine that was made. All methods raise ``EngineError`` when the engine fails."""

    def apply(self, address: int, stride: int, count: int) -> None:
        """Handle ``count`` MBO records from ``address`` on."""
        ...

    def call(self, address: int, stride: int, count: int) -> Call:
        """How a caller hands over these records itself."""
        ...

    def levels(self, instrument_id: int, publisher_id: int, side: str, n: int) -> npt.NDArray[np.void]:
        """The best ``n`` levels of side ``B`` or ``A``, dtype ``LEVEL``."""
        ...

    def orders(self, instrument_id: int, publisher_id: int, side: str, price: int) -> npt.NDArray[np.void]:
        """All orders of a level from front to tail, dtype ``ORDER``."""
        ...

    def features(self, instrument_id: int, publisher_id: int) -> npt.NDArray[np.float64] | None:
        """The features of the book's newest evaluation; None if there is no such book."""
        ...

    def accounts(self, instrument_id: int, publisher_id: int) -> npt.NDArray[np.void] | None:
        """The accounts of its strategies, dtype ``ACCOUNT``; None if there is no such book."""
        ...

    def trace(self) -> int: ...

    def counts(self) -> Counts: ...

    def ask(self, keys: npt.NDArray[np.int64], depth: int, counted: bool, stage: int, whole: bool) -> int:
        """The sum of the answers about these books, as ``walk.answers`` gives it."""
        ...

    def close(self) -> None:
        """End the engine."""
        ...
