"""Record framing: finds the runs of consecutive MBO records in a piece of memory, and gathers runs that are short.

A DBN record begins with its length (uint8, in words of 4 bytes) and its rtype (uint8). The lengths form a chain: one
wrong length and everything after it is noise, so each is checked, and no byte is read beyond the piece.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry, kernel
from lobench.engine.records import RTYPE_MBO

_HEADER = 16
"""Bytes of the header that every record begins with."""
_WORD = 4
_PLAIN = 14
_WITH_TS_OUT = 16

MORE, PARTIAL, BAD_LENGTH, BAD_MBO, SECOND_FILE = range(5)
"""Why the kernel stopped: end of the run or of its limit, an incomplete record, or a problem at the byte it returns."""


@kernel
def find_run(
    data: npt.NDArray[np.uint8], start: int, stop: int, limit: int, others: npt.NDArray[np.int64]
) -> tuple[int, int, int, int, int]:
    """Find the next run of MBO records of one length in ``data[start:stop]``.

    ``data`` is uint8, shape (n,), ``start`` the first byte of a record, ``others`` int64, shape (256,): other records
    are skipped and counted there by rtype. At most ``limit`` records are walked.
    Returns (first byte, records, stride in bytes, first byte not walked, status), all int64.
    """
    position = start
    left = limit
    status = MORE
    stride = 0
    words: Any = 0  # an int64 below, which mypy does not accept as an int
    while left > 0:  # up to the first MBO record
        if position + _HEADER > stop:
            status = PARTIAL
            break
        words = np.int64(data[position])
        rtype = data[position + 1]
        if words < _HEADER // _WORD:
            status = BAD_LENGTH
            break
        if rtype == RTYPE_MBO and words != _PLAIN and words != _WITH_TS_OUT:
            status = BAD_MBO
            break
        if words == ord("D") and rtype == ord("B") and data[position + 2] == ord("N"):
            status = SECOND_FILE
            break
        if position + words * _WORD > stop:
            status = PARTIAL
            break
        if rtype == RTYPE_MBO:
            stride = words * _WORD
            break
        others[rtype] += 1
        position += words * _WORD
        left -= 1
    first = position
    if stride > 0:  # a plain MBO file spends all its time in this loop
        end = min(stop - stride + 1, first + left * stride)
        while position < end and data[position] == words and data[position + 1] == RTYPE_MBO:
            position += stride
    count = (position - first) // stride if stride > 0 else 0
    return first, count, stride, position, status


@entry
def next_run(
    data: npt.NDArray[np.uint8], start: int, stop: int, limit: int, others: npt.NDArray[np.int64]
) -> tuple[int, int, int, int, int]:
    """``find_run``, for Python."""
    return find_run(data, start, stop, limit, others)


@entry
def gather(
    data: npt.NDArray[np.uint8],
    start: int,
    stop: int,
    target: npt.NDArray[np.uint8],
    long: int,
    others: npt.NDArray[np.int64],
) -> tuple[int, int, int, int]:
    """Copy the runs that begin in ``data[start:stop]`` to ``target`` one after the other, up to one of ``long`` records
    or more, to one of another record length, or until ``target`` (uint8, shape (m,)) is full.

    ``data``, ``start``, ``stop`` and ``others`` as for ``find_run``; ``data[start]`` begins an MBO record.
    Returns (records, stride in bytes, first byte not walked, status), all int64.
    """
    position = start
    filled = 0
    count = 0
    stride: Any = np.int64(data[start]) * _WORD
    status = MORE
    while status == MORE and position < stop:
        room = (len(target) - filled) // stride
        if room == 0:
            break
        first, found, step, end, status = find_run(data, position, stop, room, others)
        position = end
        if found > 0:
            if found >= long or step != stride:
                position = first
                break
            size = found * stride
            target[filled : filled + size] = data[first:end]
            filled += size
            count += found
    return count, stride, position, status


PROBLEMS = {
    BAD_LENGTH: "a record of length {words} (in words of 4 bytes); 4 or more expected",
    BAD_MBO: "an MBO record of length {words} (in words of 4 bytes); 14, or 16 with ts_out, expected",
    SECOND_FILE: "a second DBN header: files joined into one; name them one by one instead",
}
"""The message for each error status; ``words`` is the first byte there."""
