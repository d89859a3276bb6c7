"""A text for a value, such that equal texts mean values that compile to equal code.

A value becomes a list of tokens: strings, bytes, and ``Ref`` to a function or class that is described separately, once.
Raises UnkeyableError for values without describable content: an open file, a pointer, an object of an unknown class.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import struct
import sys
import types as python_types
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from lobench.engine.kernel_cache import numba_internals, shared_libraries
from lobench.engine.kernel_cache.trusted import trusted_file, trusted_module

CALLED_BY_NAME = (
    python_types.BuiltinFunctionType,
    python_types.WrapperDescriptorType,
    python_types.MethodDescriptorType,
    python_types.ClassMethodDescriptorType,
    python_types.MethodWrapperType,
)


_REMEMBERING = type(functools.lru_cache(len))


class UnkeyableError(Exception):
    """A value that has no such text; the message names it."""


@dataclasses.dataclass(frozen=True, eq=False)
class Ref:
    """A function or a class, described elsewhere. Equal if it is the same object."""

    to: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and self.to is other.to

    def __hash__(self) -> int:
        return id(self.to)


Token: TypeAlias = "str | bytes | Ref"


def describe(value: Any) -> list[Token]:
    """The tokens of a value."""
    out: list[Token] = []
    _value(value, out, 0)
    return out


def _value(value: Any, out: list[Token], depth: int) -> None:
    if depth > 50:
        raise UnkeyableError("values nested more than 50 deep")
    kind = type(value)
    write = _EXACT.get(kind)
    if write is not None:
        write(value, out, depth + 1)
        return
    for base, write in _BY_BASE:
        if isinstance(value, base):
            write(value, out, depth + 1)
            return
    if _is_found_by_name(value):
        out += ["named", value.__module__, value.__qualname__]
    elif isinstance(value, _REMEMBERING):
        out.append("remembering")
        _value(value.__wrapped__, out, depth + 1)
    elif kind.__module__ == "typing":
        out += ["typing", repr(value)]
    elif dataclasses.is_dataclass(value):
        out += ["dataclass", Ref(kind)]
        _sequence([(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)], out, depth + 1)
    else:
        raise UnkeyableError(f"an object of class {kind.__module__}.{kind.__qualname__}")


def _is_found_by_name(value: Any) -> bool:
    """Whether a trusted module holds this very object under its own name."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or not trusted_module(module):
        return False
    found: Any = sys.modules[module]
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is value


def _plain(value: Any, out: list[Token], depth: int) -> None:
    out += [type(value).__name__, repr(value)]


def _float(value: float, out: list[Token], depth: int) -> None:
    out += ["float", struct.pack("<d", value)]


def _complex(value: complex, out: list[Token], depth: int) -> None:
    out += ["complex", struct.pack("<2d", value.real, value.imag)]


def _bytes(value: bytes, out: list[Token], depth: int) -> None:
    out += ["bytes", bytes(value)]


def _sequence(value: Any, out: list[Token], depth: int) -> None:
    out += [type(value).__name__, str(len(value))]
    for one in value:
        _value(one, out, depth)


def _set(value: Any, out: list[Token], depth: int) -> None:
    out += [type(value).__name__, str(len(value))]
    described = [describe(one) for one in value]
    if any(isinstance(token, Ref) for tokens in described for token in tokens):
        raise UnkeyableError("a set of functions or classes, which has no order")
    for tokens in sorted(described, key=repr):
        out += tokens


def _mapping(value: Any, out: list[Token], depth: int) -> None:
    out += ["mapping", str(len(value))]
    for key, one in value.items():
        _value(key, out, depth)
        _value(one, out, depth)


def _module(value: python_types.ModuleType, out: list[Token], depth: int) -> None:
    # Its attributes are described where code names them.
    out += ["module", value.__name__]


def _function(value: python_types.FunctionType, out: list[Token], depth: int) -> None:
    if trusted_file(value.__code__.co_filename):
        out += ["function", value.__module__ or "", value.__qualname__]
        if value.__closure__:
            _sequence([cell_contents(cell) for cell in value.__closure__], out, depth)
    else:
        out.append(Ref(value))


def cell_contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return "an empty cell"


def _class(value: type, out: list[Token], depth: int) -> None:
    if trusted_module(value.__module__) and not issubclass(value, enum.Enum):
        out += ["class", value.__module__, value.__qualname__]
    else:
        out.append(Ref(value))


def _named(value: Any, out: list[Token], depth: int) -> None:
    """A function written in C, identified by its place. The object of a method counts, too."""
    owner = getattr(value, "__self__", None)
    out += ["builtin", getattr(value, "__module__", None) or "", value.__qualname__]
    if owner is not None and not isinstance(owner, python_types.ModuleType):
        _owner(owner, out)
    elif not trusted_module(getattr(value, "__module__", None) or "builtins"):
        raise UnkeyableError(f"{value.__qualname__} of the extension module {value.__module__}")


def _array(value: Any, out: list[Token], depth: int) -> None:
    if value.dtype.hasobject:
        raise UnkeyableError("an array of objects")
    out.append(type(value).__name__)
    _dtype(value.dtype, out, depth)
    flags = value.flags
    out += [repr((value.shape, flags.c_contiguous, flags.f_contiguous, flags.writeable, flags.aligned))]
    out.append(value.tobytes())


def _scalar(value: Any, out: list[Token], depth: int) -> None:
    if value.dtype.hasobject:
        raise UnkeyableError("a record with objects")
    out.append(type(value).__name__)
    _dtype(value.dtype, out, depth)
    out.append(value.tobytes())


def _dtype(value: Any, out: list[Token], depth: int) -> None:
    out.append(_layout(value))


@functools.lru_cache(maxsize=4096)
def _layout(dtype: Any) -> str:
    """Everything that ``==`` of dtypes leaves out or takes in: names, offsets, titles, order of bytes, alignment."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return f"({_layout(base)} x {shape})"
    if dtype.names is None:
        return f"{dtype.str} {dtype.num} {dtype.alignment}"
    fields = [(name, *map(str, dtype.fields[name][1:]), _layout(dtype.fields[name][0])) for name in dtype.names]
    return f"({fields} {dtype.itemsize} {dtype.isalignedstruct})"


def _member(value: enum.Enum, out: list[Token], depth: int) -> None:
    out += ["member", value.name, Ref(type(value))]


def _ufunc(value: Any, out: list[Token], depth: int) -> None:
    name = str(value.__name__)
    if getattr(np, name, None) is not value:
        raise UnkeyableError(f"the ufunc {name}")
    out += ["ufunc", name]


def _method(value: python_types.MethodType, out: list[Token], depth: int) -> None:
    out.append("method")
    _value(value.__func__, out, depth)
    _owner(value.__self__, out)


def _owner(value: Any, out: list[Token]) -> None:
    """The object of a bound method. Numba knows the methods of NumPy's one generator by name."""
    try:
        out += describe(value)
    except UnkeyableError:
        if not trusted_module(type(value).__module__):
            raise
        out += ["of a", type(value).__module__, type(value).__qualname__]


def _partial(value: functools.partial[Any], out: list[Token], depth: int) -> None:
    out.append("partial")
    _sequence((value.func, value.args, value.keywords), out, depth)


def _property(value: property, out: list[Token], depth: int) -> None:
    out.append("property")
    _sequence((value.fget, value.fset, value.fdel), out, depth)


def _wrapper(value: Any, out: list[Token], depth: int) -> None:
    out.append(type(value).__name__)
    _value(value.__func__, out, depth)


def _dispatcher(value: Any, out: list[Token], depth: int) -> None:
    out.append(Ref(value))


def _intrinsic(value: Any, out: list[Token], depth: int) -> None:
    out += ["intrinsic", repr(value._prefer_literal)]
    _mapping(value._ctor_kwargs, out, depth)
    _value(value._defn, out, depth)


def _external(value: Any, out: list[Token], depth: int) -> None:
    out += ["external", value.symbol, str(value.sig)]
    content = shared_libraries.content_of(value.symbol)
    if content is None:
        raise UnkeyableError(f"the function {value.symbol}, which is in no file")
    out.append(content)


def _numba_type(value: Any, out: list[Token], depth: int) -> None:
    if isinstance(value, numba_internals.DispatcherType):
        _value(value.dispatcher, out, depth)
        return
    name = numba_internals.type_name(value)
    if name is None:
        raise UnkeyableError(f"the type {type(value).__module__}.{type(value).__qualname__}")
    out += ["type", type(value).__qualname__, name]


Write: TypeAlias = Callable[[Any, list[Token], int], None]

_EXACT: dict[type, Write] = {
    **dict.fromkeys((type(None), bool, int, str, type(...), type(NotImplemented), range, slice), _plain),
    float: _float,
    complex: _complex,
    bytes: _bytes,
    tuple: _sequence,
    list: _sequence,
    dict: _mapping,
    set: _set,
    frozenset: _set,
    python_types.FunctionType: _function,
    python_types.ModuleType: _module,
    python_types.MethodType: _method,
    python_types.MappingProxyType: _mapping,
    functools.partial: _partial,
    property: _property,
    staticmethod: _wrapper,
    classmethod: _wrapper,
    **dict.fromkeys(CALLED_BY_NAME, _named),
}


def _named_tuple(value: Any, out: list[Token], depth: int) -> None:
    out.append(Ref(type(value)))
    _sequence(tuple(value), out, depth)


_BY_BASE: list[tuple[Any, Write]] = [
    (enum.Enum, _member),
    (numba_internals.Dispatcher, _dispatcher),
    (numba_internals.Intrinsic, _intrinsic),
    (numba_internals.ExternalFunction, _external),
    (numba_internals.Type, _numba_type),
    (np.ndarray, _array),
    (np.generic, _scalar),
    (np.dtype, _dtype),
    (np.ufunc, _ufunc),
    (type, _class),
    (python_types.ModuleType, _module),
    ((bool, int, float, complex, str, bytes), lambda value, out, depth: _subclass(value, out, depth)),
    (tuple, _named_tuple),
]


def _subclass(value: Any, out: list[Token], depth: int) -> None:
    """A number or text of a class of its own."""
    base: Any = next(one for one in (bool, int, float, complex, str, bytes) if isinstance(value, one))
    _class(type(value), out, depth)
    _EXACT[base](base.__new__(base, value) if base is not bytes else bytes(value), out, depth)
