"""How much of a feed's beginning stands for all of it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from lobench.engine.workload import EVALUATE

_ALIKE: Final = 0.8


def representative(flags: npt.NDArray[np.integer], evaluate: str, least: int) -> int:
    """Records from the beginning, ``least`` or twice as many and so on, in which nearly as large a share is evaluated
    as in the whole feed. ``flags``: of all its records, shape (records,).

    A feed may begin with books being filled, and what phases do to features and strategies would not be seen there.
    """
    mask, value = EVALUATE[evaluate]
    evaluated = (flags & mask) == value
    enough = _ALIKE * evaluated.mean()
    count = least
    while count < len(flags) and evaluated[:count].mean() < enough:
        count *= 2
    return min(count, len(flags))
