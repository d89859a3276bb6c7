"""The state of an object whose class has no ``==`` of its own."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any


class IncomparableError(Exception):
    """Nothing says whether two values are equal."""


def parts_of(value: Any) -> dict[str, Any]:
    """Fields of a dataclass, else everything that a pickle would hold of an object, by name. This includes state
    outside ``__dict__``, such as an exception's arguments or memory of ctypes. Raises IncomparableError if an object
    does not reveal it."""
    kind = type(value)
    if is_dataclass(value) and _is_plain(kind):
        return {"the attributes": _fields(value)}
    try:
        told = value.__reduce_ex__(4)
    except RecursionError:
        raise
    except Exception as error:
        raise IncomparableError(kind.__name__) from error
    if isinstance(told, str):
        return {"the name": told}
    parts: list[Any] = [*told, None, None, None]
    make, given, state, entries, items = parts[:5]
    if state is None and not hasattr(value, "__dict__") and len(given) == 1 and given[0] is kind:
        # Its identity is its only state.
        raise IncomparableError(kind.__name__)
    return {
        "the maker": make,
        "the arguments": given,
        "the attributes": _attributes(kind, state),
        "the entries": list(entries or ()),
        "the items": list(items or ()),
    }


def _is_plain(kind: Any) -> bool:
    """Whether objects of a class keep all their state in attributes: no base keeps any elsewhere."""
    return kind.__reduce_ex__ is object.__reduce_ex__ and kind.__reduce__ is object.__reduce__


def _fields(value: Any) -> dict[str, Any]:
    named = {field.name: getattr(value, field.name) for field in fields(value) if hasattr(value, field.name)}
    return {**named, **getattr(value, "__dict__", {})}


def _attributes(kind: Any, state: Any) -> Any:
    """Those in ``__dict__`` and those in slots side by side, where a class leaves its state to Python."""
    if kind.__getstate__ is not object.__getstate__:
        return state
    if isinstance(state, tuple):
        return {**(state[0] or {}), **state[1]}
    return state or {}
