"""Whether two results are equal, and where they differ first.

The rules are those of ``numpy.testing``: values and shapes count, kinds of containers and of numbers do not; NaN equals
NaN; floats may differ by ``RTOL`` of the expected value (``assert_allclose``), everything else not at all. Masks count,
masked values do not. Tables are compared by their own ``equals``, objects of other classes by their own ``==`` or else
by their parts (``states``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import is_dataclass
from typing import Any

import numpy as np

from lobench.workbench.contest.states import IncomparableError, parts_of

RTOL = 1e-7


def difference(expected: Any, found: Any, where: str, rtol: float = RTOL) -> str | None:
    """The place and nature of a difference of ``found``, None if equal. Raises IncomparableError if undecidable."""
    if expected is found:
        return None
    if _exactly(expected, found, rtol):
        # Python integers have no limit; numpy's do.
        same = expected == found or (expected != expected and found != found)
        return None if same else f"{where} is {_short(found)}, not {_short(expected)}"
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        if expected.keys() != found.keys():
            odd = [*(key for key in expected if key not in found), *(key for key in found if key not in expected)][0]
            return f"{where} has {'no' if odd in expected else 'an unexpected'} key {_short(odd)}"
        return _first(((expected[key], found[key], f"{where}[{_short(key)}]") for key in expected), rtol)
    if isinstance(expected, list | tuple) and isinstance(found, list | tuple):
        if len(expected) != len(found):
            return f"{where} has {len(found)} entries, not {len(expected)}"
        kind = _numbers(expected)
        if kind is None or kind != _numbers(found):
            pairs = enumerate(zip(expected, found, strict=True))
            return _first(((one, other, f"{where}[{place}]") for place, (one, other) in pairs), rtol)
    if _is_array(expected) and _is_array(found):
        return _of_arrays(_array(expected), _array(found), where, rtol)
    return _of_objects(expected, found, where, rtol)


def _first(pairs: Iterable[tuple[Any, Any, str]], rtol: float) -> str | None:
    """The first difference of pairs, each with the name of its place."""
    return next(filter(None, (difference(*pair, rtol=rtol) for pair in pairs)), None)


def _exactly(expected: Any, found: Any, rtol: float) -> bool:
    """Whether two are numbers of Python that must not differ at all."""
    numbers: tuple[type, ...] = (int,) if rtol else (int, float)
    return isinstance(expected, numbers) and isinstance(found, numbers)


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic | int | float | complex | list | tuple)


def _array(value: Any) -> Any:
    """As numpy has it, with its mask if there is one."""
    if isinstance(value, np.ma.MaskedArray):
        return value
    try:
        return np.asarray(value)
    except ValueError as error:
        # A list whose entries differ in length.
        raise IncomparableError(type(value).__name__) from error


def _numbers(values: Any) -> str | None:
    """The kind of plain numbers that all are, which numpy then compares faster than a loop does, and as exactly: it
    makes floats of integers beside floats, and of integers beyond its own. None where there are several."""
    kinds = {type(value) for value in values}
    if kinds <= {float, complex}:
        return "floats"
    return "integers" if kinds <= {int, bool} and np.asarray(values).dtype.kind in "bi" else None


def _of_arrays(expected: Any, found: Any, where: str, rtol: float) -> str | None:
    if expected.shape != found.shape:
        return f"{where} has shape {found.shape}, not {expected.shape}"
    if expected.dtype.names is not None or found.dtype.names is not None:
        if expected.dtype.names != found.dtype.names:
            return f"{where} has fields {found.dtype.names}, not {expected.dtype.names}"
        fields = expected.dtype.names
        return _first(((expected[name], found[name], f"{where}['{name}']") for name in fields), rtol)
    mask = np.ma.getmaskarray(expected)
    masks = _wrong(mask != np.ma.getmaskarray(found))
    if masks is not None:
        hidden = np.atleast_1d(mask)[masks]
        named = _place(where, masks) if expected.shape else where
        how = "not masked, where the expected one is" if hidden else "masked, where the expected one is not"
        return f"{named} is {how}"
    if "O" in (expected.dtype.kind, found.dtype.kind):
        if not expected.shape:
            return None if mask else _of_objects(expected.item(), found.item(), where, rtol)
        pairs = zip(np.ndindex(expected.shape), expected.flat, found.flat, strict=True)
        return _first(((one, other, _place(where, index)) for index, one, other in pairs), rtol)
    expected, found = np.asarray(expected), np.asarray(found)
    wrong = np.atleast_1d(~_equal(expected, found, rtol) & ~mask)
    index = _wrong(wrong)
    if index is None:
        return None
    one, other = np.atleast_1d(expected)[index], np.atleast_1d(found)[index]
    named = _place(where, index) if expected.shape else where
    count = f" ({int(wrong.sum()):,} of {wrong.size:,} values differ)" if wrong.size > 1 else ""
    return f"{named} is {_short(other)}, not {_short(one)}{count}"


def _wrong(wrong: Any) -> Any:
    """The first place of an array that is wrong, None where none is."""
    wrong = np.atleast_1d(wrong)
    return np.unravel_index(int(np.argmax(wrong)), wrong.shape) if wrong.any() else None


def _equal(expected: Any, found: Any, rtol: float) -> Any:
    kinds = {expected.dtype.kind, found.dtype.kind}
    if kinds <= set("mM"):
        return (expected == found) | (np.isnat(expected) & np.isnat(found))
    if kinds & set("fc") and kinds <= set("biufc"):
        return np.isclose(found, expected, rtol=rtol, atol=0.0, equal_nan=True)
    # For types that it cannot compare numpy returns a single False.
    return np.broadcast_to(np.asarray(expected == found), expected.shape)


def _place(where: str, index: Any) -> str:
    return f"{where}[{', '.join(str(int(place)) for place in index)}]"


def _of_objects(expected: Any, found: Any, where: str, rtol: float) -> str | None:
    differs = f"{where} is {_short(found)}, not {_short(expected)}"
    if type(expected) is not type(found):
        return differs
    if callable(getattr(expected, "equals", None)):
        return None if expected.equals(found) else f"{where}: the two of type {type(expected).__name__} are not equal"
    rule: Any = type(expected).__eq__
    if is_dataclass(expected) or rule is object.__eq__:
        if isinstance(expected, type) or callable(expected):
            raise IncomparableError(type(expected).__name__)
        one, other = parts_of(expected), parts_of(found)
        named = dict.fromkeys([*one, *other])
        return _first(((one.get(part), other.get(part), f"{part} of {where}") for part in named), rtol)
    try:
        same = bool(expected == found)
    except Exception as error:
        raise IncomparableError(type(expected).__name__) from error
    if not same and isinstance(expected, Set):
        return f"{where}: {len(expected ^ found)} elements are in only one of the two"
    return None if same else differs


def _short(value: Any) -> str:
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."
