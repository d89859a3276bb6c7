"""Arrays whose memory is written to again once nobody has them any more, with its pages in place."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

import numpy.typing as npt

_KEPT: Final = 24
"""Arrays that a pool keeps. Excess ones go when they are no longer in use."""


class Pool:
    """Arrays of one shape, each taken by whoever may keep it, or views of it, for as long as they like."""

    def __init__(self, make: Callable[[], npt.NDArray[Any]]) -> None:
        self._make = make
        self._arrays: list[npt.NDArray[Any]] = []

    def take(self) -> npt.NDArray[Any]:
        """One that nobody else has."""
        for place in range(len(self._arrays)):
            # The list's, and the one that is counted; whoever has a view of it has another.
            if sys.getrefcount(self._arrays[place]) == 2:
                return self._arrays[place]
        self._arrays = [*self._arrays[1 - _KEPT :], self._make()]
        return self._arrays[-1]
