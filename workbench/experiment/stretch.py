"""The length of a feed's beginning that represents all of it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.workload import EVALUATE

_ALIKE: Final = 0.8


def representative(flags: npt.NDArray[np.integer], evaluate: str, least: int) -> int:
    """Records from the beginning, ``least`` or twice as many and so on, of which nearly as large a share is evaluated
    as of the whole feed.

    ``flags``: of all its records, shape (records,). A feed may begin by filling books, where the effect of phases on
    features and strategies would not show.
    """
    mask, value = EVALUATE[evaluate]
    evaluated = (flags & mask) == value
    enough = _ALIKE * evaluated.mean()
    count = least
    while count < len(flags) and evaluated[:count].mean() < enough:
        count *= 2
    return min(count, len(flags))
