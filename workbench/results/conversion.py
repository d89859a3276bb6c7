"""JSON to dataclasses and back, field by field according to their types.

Documents have been validated: nothing is checked here. Sequences of a document are tuples, rows of samples lists, which
are passed on unchanged. Properties without a field are dropped, or kept in the field that is marked as ``Rest``.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from lobench.workbench.results.model.fields import Omitted, Rest

Node = TypeVar("Node")


def from_json(kind: type[Node], value: Any) -> Node:
    """A dataclass of ``kind`` from the JSON object of it."""
    shape: Any = kind
    read: Node = _reader(shape)(value)
    return read


def as_json(value: Any) -> Any:
    """Plain values that ``json`` writes; rows of samples are the very same lists."""
    if is_dataclass(value):
        written: dict[str, Any] = {}
        kind: Any = type(value)
        for name, key, omitted in properties(kind):
            entry = getattr(value, name)
            if entry is not None or not omitted:
                written[key] = as_json(entry)
        rest = rest_of(kind)
        return written if rest is None else written | as_json(getattr(value, rest))
    if isinstance(value, tuple):
        return [as_json(entry) for entry in value]
    if isinstance(value, Mapping):
        return {key: as_json(entry) for key, entry in value.items()}
    if isinstance(value, list) and value and is_dataclass(value[0]):
        return [as_json(entry) for entry in value]
    return value


@cache
def properties(kind: Any) -> list[tuple[str, str, bool]]:
    """For each field of a dataclass that holds one property: its name, the property's in JSON, and whether it is left
    out if None."""
    hints = get_type_hints(kind, include_extras=True)
    names = [field.name for field in fields(kind) if field.name != rest_of(kind)]
    marks = {name: _mark(hints[name], Omitted) for name in names}
    return [(name, (mark and mark.name) or name, mark is not None) for name, mark in marks.items()]


@cache
def rest_of(kind: Any) -> str | None:
    """The name of the field that collects all other properties; None for a dataclass without one."""
    hints = get_type_hints(kind, include_extras=True)
    return next((field.name for field in fields(kind) if _mark(hints[field.name], Rest)), None)


def _mark(hint: Any, kind: type[Node]) -> Node | None:
    return next((mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, kind)), None)


@cache
def _reader(hint: Any) -> Callable[[Any], Any]:
    """The converter from JSON to a type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (one for one in arguments if one is not type(None))
        read = _reader(inner)
        return lambda value: None if value is None else read(value)
    if is_dataclass(hint):
        return _dataclass_reader(hint)
    if origin is tuple:
        read = _reader(arguments[0])
        return lambda value: tuple(map(read, value))
    if origin is list:
        read = _reader(arguments[0])
        # Rows are the only lists that do not hold dataclasses.
        return (lambda value: list(map(read, value))) if is_dataclass(arguments[0]) else lambda value: value
    if origin is not None and issubclass(origin, Mapping):
        read = _reader(arguments[1])
        return lambda value: {key: read(entry) for key, entry in value.items()}
    return lambda value: value


def _dataclass_reader(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    readers = {key: (name, _reader(hints[name])) for name, key, _ in properties(kind)}
    rest = rest_of(kind)
    others = _reader(hints[rest]) if rest is not None else None

    def read(value: Any) -> Any:
        known = {name: of(value[key]) for key, (name, of) in readers.items() if key in value}
        if rest is not None and others is not None:
            known[rest] = others({key: entry for key, entry in value.items() if key not in readers})
        return kind(**known)

    return read
