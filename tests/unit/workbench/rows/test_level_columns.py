"""Levels as columns: which is where, and whose memory they are."""

from __future__ import annotations

import numpy as np
import pytest

from lobench.engine.layout import OUTPUT_LEVEL
from lobench.engine.rows import OUTPUT_SLICE
from lobench.workbench.rows.level_columns import LevelColumns


@pytest.mark.normal
@pytest.mark.parametrize("count", [1, 300, OUTPUT_SLICE, OUTPUT_SLICE + 1])
def test_levels_of_any_number_of_rows(count: int) -> None:
    """A part of those that are turned at once, few with memory of their own, many in memory that is used again."""
    columns = LevelColumns(2)
    levels = np.zeros((count, 2), OUTPUT_LEVEL)
    levels["ask_px"][:, 1], levels["bid_ct"][:, 1] = np.arange(count), np.arange(count)[::-1]
    kept = [*columns.of(levels)]
    assert len(kept) == 12
    assert kept[7].tolist() == [*range(count)]
    assert kept[10].tolist() == [*range(count)][::-1]
    levels["ask_px"] = 5
    assert {*map(int, [*columns.of(levels)][7])} == {5}
    assert kept[7].tolist() == [*range(count)], "they may be kept"
