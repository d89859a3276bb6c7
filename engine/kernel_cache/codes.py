"""A code object's digest, and the names through which it reaches other things."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from opcode import EXTENDED_ARG, opmap
from types import CodeType
from typing import Any

_GLOBAL, _NAME, _IMPORT = (opmap[name] for name in ("LOAD_GLOBAL", "LOAD_NAME", "IMPORT_NAME"))


@dataclass(frozen=True)
class Code:
    """``digest`` of the code and of those nested in it, with and without its place in the file; ``globals``: names that
    it loads as globals; ``attributes``: names that it may load as attributes; ``imports``: modules that it imports when
    it runs; ``nested``: all codes within, including itself."""

    digest: bytes
    placeless: bytes
    globals: tuple[str, ...]
    attributes: tuple[str, ...]
    imports: tuple[str, ...]
    nested: frozenset[CodeType]


@cache
def read(code: CodeType) -> Code:
    """Everything about ``code``; nested codes count as part of it."""
    inner = [read(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    loads: set[str] = set()
    imports: set[str] = set()
    for operation, name in _named(code):
        (imports if operation == _IMPORT else loads).add(name)
    text: tuple[Any, ...] = (
        code.co_name,
        code.co_qualname,
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_flags,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        code.co_firstlineno,
    )
    parts = [repr(text).encode(), code.co_code, code.co_linetable, code.co_exceptiontable]
    parts += [_constant(constant) for constant in code.co_consts]
    placeless = _digest(parts)
    return Code(
        _digest([placeless, code.co_filename.encode(errors="surrogateescape"), *(one.digest for one in inner)]),
        placeless,
        tuple(sorted(loads.union(*(one.globals for one in inner)))),
        tuple(sorted(set(code.co_names).union(*(one.attributes for one in inner)))),
        tuple(sorted(imports.union(*(one.imports for one in inner)))),
        frozenset([code]).union(*(one.nested for one in inner)),
    )


def _named(code: CodeType) -> Iterator[tuple[int, str]]:
    """The operations of a code that load or import by name, each with the name. ``dis`` says the same, five times as
    slowly, of which every process that loads kernels would feel a tenth of a second."""
    names, text, argument = code.co_names, code.co_code, 0
    for operation, low in zip(text[::2], text[1::2], strict=True):
        argument = argument << 8 | low
        if operation == EXTENDED_ARG:
            continue
        if operation == _GLOBAL:
            # The lowest bit says whether a call follows.
            yield operation, names[argument >> 1]
        elif operation in (_NAME, _IMPORT):
            yield operation, names[argument]
        argument = 0


def _constant(constant: Any) -> bytes:
    if isinstance(constant, CodeType):
        return read(constant).placeless
    if isinstance(constant, tuple):
        return b"(" + _digest([_constant(one) for one in constant])
    if isinstance(constant, frozenset):
        return b"{" + _digest(sorted(_constant(one) for one in constant))
    return f"{type(constant).__name__} {constant!r}".encode(errors="surrogatepass")


def _digest(parts: list[bytes]) -> bytes:
    digest = hashlib.blake2b(digest_size=20)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()
