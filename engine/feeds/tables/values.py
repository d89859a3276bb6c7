"""Arrow columns as NumPy arrays of the numbers that MBO records hold: exact, or an error that names the row."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

UNDEF_TIME = 2**64 - 1
"""A time field that holds no time."""
NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_EXACT = float(2**51)
"""Below this many units a float64 is the nearest to one multiple of the unit only, and rounding finds that one."""
_DIGITS = 38
_LISTED = 16
"""Codes that an error lists."""


class UnfitError(Exception):
    """An invalid value, or one that does not fit; ``row`` counts from 0 in the batch."""

    def __init__(self, row: int, problem: str) -> None:
        super().__init__(problem)
        self.row = row


def integers(column: pa.Array, dtype: str, name: str, empty: int | None = None) -> npt.NDArray[Any]:
    """Integers of a NumPy ``dtype``; ``empty`` replaces empty values, which are refused if it is None."""
    wanted = pa.from_numpy_dtype(np.dtype(dtype))
    if column.type != wanted:
        column = _cast(column, wanted, name, f"is not an integer that fits in {dtype}")
    return _filled(column, name, empty)


def scaled(column: pa.Array, digits: int, dtype: str, name: str, empty: int | None = None) -> npt.NDArray[Any]:
    """Each value times 10 to the power ``digits`` (from 0), which must be a whole number of ``dtype``.

    A float counts as the multiple of the unit that it is the nearest float to.
    """
    kind = column.type
    if pa.types.is_integer(kind):
        if digits == 0:
            return integers(column, dtype, name, empty)
        column = _cast(column, pa.int64(), name, "does not fit in 64 bits")
        values = _filled(column, name, 0)
        factor = 10**digits
        _refuse(np.abs(values.astype(np.float64)) * factor >= 2.0**63, column, name, "does not fit in 64 bits")
        return _narrow(values * factor, column, dtype, name, empty)
    if pa.types.is_floating(kind):
        values = _filled(_cast(column, pa.float64(), name, "is no float64"), name, 0.0, nan=True)
        factor = float(10**digits)
        with np.errstate(over="ignore", invalid="ignore"):
            units = np.rint(values * factor)
            wrong = ~(np.abs(units) < _EXACT) | (units / factor != values)
        _refuse(wrong, column, name, f"is not a multiple of 1e-{digits} that float64 can tell from its neighbours")
        return _narrow(units.astype(np.int64), column, dtype, name, empty)
    exact = pa.decimal128(_DIGITS, digits)
    column = _cast(_text(column), exact, name, f"is not a multiple of {'1' if digits == 0 else f'1e-{digits}'}")
    words = np.frombuffer(column.buffers()[1], np.int64)[2 * column.offset :][: 2 * len(column)].reshape(-1, 2)
    low, high = words.T
    valid = _valid(column)
    _refuse(valid & (high != low >> 63), column, name, "does not fit in 64 bits")
    return _narrow(np.where(valid, low, 0), column, dtype, name, empty)


def times(column: pa.Array, unit: str, name: str) -> npt.NDArray[np.uint64]:
    """Nanoseconds since 1970, UTC, ``UNDEF_TIME`` for empty ones: from timestamps, from text in ISO 8601, and from
    numbers of ``unit``, one of ``NANOSECONDS``."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = _cast(column, pa.timestamp("ns", tz=kind.tz), name, "is not a time between 1970 and 2262")
        since = _filled(column.view(pa.int64()), name, 0)
        if not column.null_count and (since >= 0).all():
            return since.view(np.uint64)
        _refuse(since < 0, column, name, "is before 1970")
        return np.where(_valid(column), since.view(np.uint64), np.uint64(UNDEF_TIME))
    if NANOSECONDS[unit] == 1:
        return integers(column, "u8", name, UNDEF_TIME)
    digits = len(str(NANOSECONDS[unit])) - 1
    since = scaled(column, digits, "i8", name, -1)
    _refuse(_valid(column) & (since < 0), column, name, "is before 1970")
    return np.where(since < 0, np.uint64(UNDEF_TIME), since.astype(np.uint64))


def codes(column: pa.Array, known: Mapping[str, int], name: str) -> npt.NDArray[np.int16]:
    """The code of each text; an empty one has that of ``""``. Numbers are looked up as written."""
    table, indices = _dictionary(column)
    meaning = [known.get(word, -1) for word in table]
    if -1 in meaning:
        unknown = np.array([code < 0 for code in meaning])[indices]
        words = [repr(word) for word in known if word]
        valid = ", ".join(words) if 0 < len(words) <= _LISTED else "the codes that are known"
        _refuse(unknown, column, name, f"is not one of {valid}")
    return np.array(meaning or [0], np.int16)[indices]


def symbol_ids(column: pa.Array, known: Mapping[str, int], name: str) -> tuple[npt.NDArray[np.uint32], dict[int, str]]:
    """Instrument ids for symbols, those of ``known`` or else a CRC-32 of the name: the same in every file. Also their
    names by id."""
    table, indices = _dictionary(column)
    _refuse(np.array([word == "" for word in table] or [False])[indices], column, name, "is empty")
    ids = [known.get(word, zlib.crc32(word.encode())) for word in table]
    return np.array(ids or [0], np.uint32)[indices], dict(zip(ids, table, strict=True))


def names_in(column: pa.Array, rows: npt.NDArray[np.int64]) -> list[str]:
    """The text in some rows of a column, ``""`` for an empty one."""
    return [value or "" for value in column.take(pa.array(rows)).cast(pa.string()).to_pylist()]


def order_ids(column: pa.Array, kind: str, name: str) -> npt.NDArray[np.uint64]:
    """Order ids, 0 for empty ones. ``kind``: ``integer``; ``uuid``, whose two halves are folded into one; ``text``,
    which is replaced by its 64-bit BLAKE2b digest."""
    if kind == "integer":
        return integers(column, "u8", name, 0)
    valid = _valid(column)
    words = _text(column).cast(pa.string()).fill_null("").to_pylist()
    found = np.zeros(len(words), np.uint64)
    if kind == "text":
        found[:] = [int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little") for word in words]
        return np.where(valid, found, np.uint64(0))
    for row, word in enumerate(words):
        if word:
            digits = word.replace("-", "")
            try:
                number = int(digits, 16)
            except ValueError:
                number = -1
            if number < 0 or len(digits) != 32:
                raise UnfitError(row, f"{name} {word[:60]!r} is not a UUID")
            found[row] = number >> 64 ^ number & (2**64 - 1)
    return found


def first_of(columns: list[pa.Array]) -> pa.Array:
    """In each row the first of several columns that is not empty."""
    if len(columns) == 1:
        return columns[0]
    kinds = {column.type for column in columns}
    alike = columns if len(kinds) == 1 else [_text(column).cast(pa.string()) for column in columns]
    return pc.coalesce(*(column.dictionary_decode() if _is_dictionary(column) else column for column in alike))


def _dictionary(column: pa.Array) -> tuple[list[str], npt.NDArray[Any]]:
    """A column's distinct texts, and the place of each row's among them; empty ones are ``""``."""
    if not _is_dictionary(column):
        column = _text(column).cast(pa.string()).dictionary_encode()
    table = [word or "" for word in column.dictionary.cast(pa.string()).to_pylist()]
    if not column.null_count:
        return table, column.indices.to_numpy()
    indices = column.indices.fill_null(len(table)).to_numpy(zero_copy_only=False)
    return [*table, ""], indices


def _is_dictionary(column: pa.Array) -> bool:
    return bool(pa.types.is_dictionary(column.type))


def _text(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if _is_dictionary(column) else column


def _valid(column: pa.Array) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = column.is_valid().to_numpy(zero_copy_only=False)
    return found


def _filled(column: pa.Array, name: str, empty: Any, *, nan: bool = False) -> npt.NDArray[Any]:
    if column.null_count:
        if empty is None:
            raise UnfitError(int(np.argmin(_valid(column))), f"{name} is empty")
        column = column.fill_null(pa.scalar(empty, column.type))
    values: npt.NDArray[Any] = column.to_numpy(zero_copy_only=False)
    if nan:  # as pandas writes missing values
        values = np.where(np.isnan(values), empty, values)
    return values


def _narrow(
    values: npt.NDArray[np.int64], column: pa.Array, dtype: str, name: str, empty: int | None
) -> npt.NDArray[Any]:
    """``values`` as ``dtype``, with ``empty`` where the column is."""
    limits = np.iinfo(dtype)
    valid = _valid(column)
    if pa.types.is_floating(column.type):
        valid &= ~np.isnan(column.to_numpy(zero_copy_only=False))
    if empty is None and not valid.all():
        raise UnfitError(int(np.argmin(valid)), f"{name} is empty")
    if dtype != "i8":
        wrong = valid & ((values < limits.min) | (values > limits.max))
        _refuse(wrong, column, name, f"does not fit in {dtype}, {limits.min} to {limits.max} units")
    found = values.astype(dtype)
    if empty is not None:
        found[~valid] = empty
    return found


def _refuse(wrong: npt.NDArray[np.bool_], column: pa.Array, name: str, problem: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UnfitError(row, f"{name} {_shown(column, row)} {problem}")


def _cast(column: pa.Array, wanted: pa.DataType, name: str, problem: str) -> pa.Array:
    if column.type == wanted:
        return column
    column = _text(column)
    try:
        return column.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        row = _first_failing(lambda start, stop: column.slice(start, stop - start).cast(wanted), len(column))
        raise UnfitError(row, f"{name} {_shown(column, row)} {problem}") from None


def _first_failing(convert: Callable[[int, int], Any], count: int) -> int:
    """The first row that cannot be converted, of ``count`` rows that cannot all be."""
    low, high = 0, count
    while high - low > 1:
        middle = (low + high) // 2
        try:
            convert(low, middle)
            low = middle
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            high = middle
    return low


def _shown(column: pa.Array, row: int) -> str:
    text = repr(str(column[row]))
    return text if len(text) < 60 else f"{text[:56]}…'"
