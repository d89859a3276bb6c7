"""How much of a feed the factorial replays."""

from __future__ import annotations

import numpy as np
import pytest

from lobench.engine.records import F_LAST, F_SNAPSHOT
from lobench.workbench.experiment.stretch import representative


@pytest.mark.parametrize(("filling", "expected"), [(0, 100), (40, 200), (150, 800), (900, 1000)])
def test_a_beginning_without_evaluations_is_no_measure(filling: int, expected: int) -> None:
    flags = np.full(1000, F_LAST, np.uint8)
    flags[:filling] |= F_SNAPSHOT
    assert representative(flags, "last", 100) == expected
    assert representative(flags, "every", 100) == 100


def test_short_feeds_and_feeds_that_are_never_evaluated() -> None:
    assert representative(np.full(30, F_LAST, np.uint8), "last", 100) == 30
    assert representative(np.zeros(1000, np.uint8), "last", 100) == 100
