"""The rows of a table of numbers as Arrow arrays, without a copy.

pyarrow takes some ten microseconds to make an array from one of numpy's, but little more than one to make a slice of
another array. There are dozens of columns and, in a sample, few rows of each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def arrow_columns(table: npt.NDArray[Any]) -> list[pa.Array]:
    """One array for each row of ``table``, shape (columns, n). They share its memory, and keep it, if the numbers of a
    row lie next to each other."""
    columns, count = table.shape
    step, apart = divmod(table.strides[0], table.itemsize)
    if columns < 2 or count == 0 or apart or step < count or table.strides[1] != table.itemsize:
        return [pa.array(column) for column in table]
    everything = np.lib.stride_tricks.as_strided(table, (step * (columns - 1) + count,), (table.itemsize,))
    array = pa.array(everything)
    return [array.slice(column * step, count) for column in range(columns)]
