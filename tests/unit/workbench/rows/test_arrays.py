"""Numbers of numpy as Arrow arrays: equal, and in the same memory where that is possible."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lobench.workbench.rows.arrays import arrow_columns

NUMBERS = np.arange(24, dtype=float).reshape(4, 6)


@pytest.mark.parametrize(
    ("table", "shares"),
    [
        (NUMBERS, True),
        (NUMBERS[:, :4], True),
        (NUMBERS[1:3, 2:5].view(), True),
        (NUMBERS[:1, :4], True),
        (NUMBERS[::2, :5], True),
        (NUMBERS.astype(np.uint32)[:, :5], True),
        (NUMBERS.T, False),
        (NUMBERS[:, ::2], False),
        (NUMBERS[:, :0], False),
        (NUMBERS[:0], False),
    ],
)
def test_rows_become_arrays(table: npt.NDArray[Any], shares: bool) -> None:
    arrays = arrow_columns(table)
    assert [array.to_pylist() for array in arrays] == table.tolist()
    if shares:
        assert all(np.shares_memory(array.to_numpy(), table) for array in arrays)


def test_arrays_keep_their_memory() -> None:
    table = np.arange(3_000.0).reshape(3, 1_000)
    arrays = arrow_columns(table[:, :900])
    del table
    assert arrays[2].to_numpy().tolist() == [*map(float, range(2_000, 2_900))]
