"""Everything that a function can be compiled from, as a text.

The walk goes from a function to the values of all names in its code: globals, closure variables, defaults, and
attributes that a code may load from a module; from there to the functions and classes among them, each once. Numba
freezes just these values. A name that no path of execution uses counts as well: too much in the key makes a miss, too
little a wrong kernel.
"""

from __future__ import annotations

import builtins
import enum
import operator
import sys
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, is_dataclass
from hashlib import blake2b
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from lobench.engine.kernel_cache import codes, numba_internals
from lobench.engine.kernel_cache.trusted import installed_file, trusted
from lobench.engine.kernel_cache.values import Ref, Token, UnkeyableError, cell_contents, describe

_NO_CONTENT = {
    "__abstractmethods__",
    "__annotations__",
    "__dataclass_fields__",
    "__dataclass_params__",
    "__dict__",
    "__doc__",
    "__firstlineno__",
    "__match_args__",
    "__module__",
    "__orig_bases__",
    "__parameters__",
    "__qualname__",
    "__slots__",
    "__static_attributes__",
    "__weakref__",
    "_abc_impl",
}
"""Attributes of a class that no code comes of."""

_COMPILERS = "lobench.engine.part_compiler"

_UNDEFINED = ("undefined",)

_NEVER_CHANGES = {
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    bool,
    bytes,
    float,
    int,
    str,
    type,
    type(None),
    type(np.dtype("i8")),
    numba_internals.CPUDispatcher,
    numba_internals.Intrinsic,
}
"""Types of values that are the same, or known by a reference, as long as they are the same object."""

_known: weakref.WeakKeyDictionary[FunctionType, tuple[list[Any], list[Token]]] = weakref.WeakKeyDictionary()


@dataclass(frozen=True)
class Fingerprint:
    """``lines``: one for each function and class, in the order in which they are reached. ``functions``: to their
    tokens; ``covered``: all codes among them; ``dispatchers``: all dispatchers met."""

    lines: tuple[str, ...]
    functions: dict[FunctionType, tuple[Token, ...]]
    covered: frozenset[CodeType]
    dispatchers: tuple[Any, ...]


def fingerprint(roots: Iterable[Any]) -> Fingerprint:
    """Of everything that ``roots`` lead to, and of all global registrations. Raises UnkeyableError."""
    numba_internals.refresh()
    walk = _Walk()
    for root in roots:
        walk.add("root", describe(root))
    for what, entry in numba_internals.ambient():
        if isinstance(entry, FunctionType) and installed_file(entry.__code__.co_filename):
            # The name of an installed extension is enough, unless a kernel uses it, which is noticed.
            walk.add("ambient", [what, entry.__module__, entry.__qualname__, codes.read(entry.__code__).digest])
        else:
            walk.add("ambient", [what, Ref(entry)])
    walk.run()
    covered = frozenset[CodeType]().union(*(codes.read(function.__code__).nested for function in walk.functions))
    return Fingerprint(tuple(walk.lines), walk.functions, covered, tuple(walk.dispatchers))


def digest_of(roots: Iterable[Any]) -> str:
    """64 bits, hex, of everything that ``roots`` lead to, wherever the files are. Unkeyable things are left out."""
    numba_internals.refresh()
    walk = _Walk(lenient=True)
    for root in roots:
        walk.add("root", walk.described(root))
    walk.run()
    return blake2b("\n".join(walk.lines).encode(), digest_size=8).hexdigest()


def own_tokens(function: FunctionType) -> tuple[Token, ...]:
    """A function's own code and values; other functions among them as references."""
    return tuple(_Walk().function(function))


def joined(tokens: Iterable[Token]) -> list[Token]:
    """The same with everything between two references as one token; separate references stay separate in it."""
    out: list[Token] = []
    parts: list[bytes] = []
    for token in tokens:
        if isinstance(token, str):
            content = token.encode(errors="surrogatepass")
            parts += [b"S%d:" % len(content), content]
        elif isinstance(token, bytes):
            parts += [b"B%d:" % len(token), token]
        else:
            out += [b"".join(parts), token]
            parts = []
    return [*out, b"".join(parts)]


class _Walk:
    """``lenient``: places are ignored, and unkeyable values are named by their class."""

    def __init__(self, *, lenient: bool = False) -> None:
        self.lenient = lenient
        self.lines: list[str] = []
        self.functions: dict[FunctionType, tuple[Token, ...]] = {}
        self.dispatchers: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._waiting: list[Any] = []

    def run(self) -> None:
        at = 0
        while at < len(self._waiting):
            node = self._waiting[at]
            at += 1
            if isinstance(node, FunctionType):
                tokens = self.function(node)
                self.functions[node] = tuple(tokens)
            elif isinstance(node, type):
                tokens = self.class_(node)
            else:
                tokens = self.described((numba_internals.parts_of(node), node.py_func))
                self.dispatchers.append(node)
            self.add(self._name(node), tokens)

    def add(self, name: str, tokens: Iterable[Token]) -> None:
        """A line of its own: a name for people, and a digest in which references are numbers."""
        parts: Any = [b"R%d:" % self._number(one.to) if isinstance(one, Ref) else one for one in joined(tokens)]
        self.lines.append(f"{blake2b(b''.join(parts), digest_size=16).hexdigest()} {name}")

    def _number(self, node: Any) -> int:
        number = self._numbers.get(id(node))
        if number is None:
            number = self._numbers[id(node)] = len(self._numbers)
            self._waiting.append(node)
        return number

    def _name(self, node: Any) -> str:
        if self.lenient:
            return str(node.__qualname__)
        code = getattr(node, "__code__", None)
        place = f" {code.co_filename}:{code.co_firstlineno}" if code else ""
        return f"{node.__module__}.{node.__qualname__}{place}"

    def described(self, value: Any) -> list[Token]:
        try:
            return describe(value)
        except UnkeyableError as problem:
            if not self.lenient:
                raise
            return [str(problem)]

    def function(self, function: FunctionType) -> list[Token]:
        """Tokens of a function: its code, then the values of the names in it.

        Most functions occur again in the next kernel; parts that are the same and cannot have changed are not computed
        again.
        """
        registration = numba_internals.registration(function)
        values = [self.lenient, registration, *self._values(function)]
        known = _known.get(function)
        if known is not None and all(map(operator.is_, known[0], values)):
            return known[1]
        tokens = joined(self._function(function, values[2:], registration))
        if all(type(value) in _NEVER_CHANGES for value in values[2:]):
            _known[function] = (values, tokens)
        return tokens

    def _values(self, function: FunctionType) -> list[Any]:
        """Of all names in a function's code, in the order of ``_names``."""
        code, space = codes.read(function.__code__), function.__globals__
        known = vars(builtins)
        return [
            function.__code__,
            function.__defaults__,
            function.__kwdefaults__,
            *[space[name] if name in space else known.get(name, _UNDEFINED) for name in code.globals],
            *[cell_contents(cell) for cell in function.__closure__ or ()],
            *[self._imported(name, space) for name in code.imports],
        ]

    def _function(self, function: FunctionType, values: list[Any], registration: Any) -> list[Token]:
        code = codes.read(function.__code__)
        out: list[Token] = (
            [code.placeless] if self.lenient else [code.digest, function.__module__ or "", function.__qualname__]
        )
        names = ["defaults", "keywords", *code.globals, *function.__code__.co_freevars, *code.imports]
        for name, value in zip(names, values[1:], strict=True):
            try:
                out += [name, *self.described(value)]
                if isinstance(value, ModuleType):
                    self._attributes(value, code.attributes, out, {id(value)})
            except UnkeyableError as problem:
                raise UnkeyableError(f"{function.__module__}.{function.__qualname__} uses {name}: {problem}") from None
        for chooser, options in numba_internals.registered(registration):
            out.append("registered")
            out += self.described(chooser)
            out += self.described(options)
        return out

    def _attributes(self, module: ModuleType, names: tuple[str, ...], out: list[Token], seen: set[int]) -> None:
        """Values of all attributes of a module that a code may ask for."""
        for name in names:
            value = vars(module).get(name, _UNDEFINED)
            if value is _UNDEFINED and hasattr(module, "__getattr__") and not trusted(module):
                value = getattr(module, name, _UNDEFINED)
            if value is _UNDEFINED:
                continue
            if self.lenient and trusted(module):
                # The version is enough; the state (lines of files read so far) differs between processes.
                out.append(f"{module.__name__}.{name}")
                continue
            out += [f"{module.__name__}.{name}", *self.described(value)]
            if isinstance(value, ModuleType) and id(value) not in seen:
                seen.add(id(value))
                self._attributes(value, names, out, seen)

    def _imported(self, name: str, space: dict[str, Any]) -> Any:
        package = space.get("__package__") or ""
        for known in (name, f"{package}.{name}".rstrip("."), package):
            if known and known in sys.modules:
                return sys.modules[known]
        if self.lenient:
            return name
        raise UnkeyableError(f"the module {name}, which is imported while it is compiled")

    def class_(self, kind: Any) -> list[Token]:
        """Tokens of a class: bases and attributes; of an enumeration its members, of a named tuple its fields. A
        compiler class of ``lobench.engine.part_compiler``, which holds its compiled functions, is represented by its
        text.
        """
        out: list[Token] = [kind.__qualname__] if self.lenient else [kind.__module__, kind.__qualname__]
        # A user's subclass of the pipeline may do something else.
        if kind.__module__ == _COMPILERS and numba_internals.is_compiler(kind) and hasattr(kind, "text"):
            return [*out, kind.text]
        out += self.described(kind.__bases__)
        if issubclass(kind, enum.Enum):
            return out + self.described([(name, member._value_) for name, member in kind.__members__.items()])
        if issubclass(kind, tuple) and hasattr(kind, "_fields"):
            return out + self.described((kind._fields, getattr(kind, "_field_defaults", None)))
        for name, value in sorted(vars(kind).items()):
            generated = isinstance(value, FunctionType) and value.__code__.co_filename.startswith("<")
            slot = type(value).__name__ in ("member_descriptor", "getset_descriptor")
            if name in _NO_CONTENT or slot or (generated and is_dataclass(kind)):
                continue
            out += [name, *self.described(value)]
        return out
