"""Names of functions of C, C++ and Rust, as people write them: qualified, without templates and parameters."""

from __future__ import annotations

import re

_OPERATOR = re.compile(r"operator *(\(\)|\[\]|<=>|<<=|>>=|->\*|->|<<|>>|<=|>=|<|>)")
_NOBODY = re.compile(r"\{impl#\d+\}|\{\{impl\}\}")
"""Rust's symbol for a block of trait functions, which has no name."""


def plain(symbol: str) -> str:
    """A function's qualified name as a debugger shows it, without template arguments, parameters, return type, unnamed
    namespaces, and a compiler's suffixes."""
    symbol = symbol.replace("(anonymous namespace)", "")
    kept, depth, place = "", 0, 0
    while place < len(symbol):
        operator = None if depth else _OPERATOR.match(symbol, place)
        if operator and not kept[-1:].isalnum():
            kept += operator[0].replace(" ", "")
            place = operator.end()
            continue
        letter = symbol[place]
        if letter == "(" and not depth and kept.strip(": "):
            break
        if letter in "<(":
            depth += 1
        elif letter in ">)" and symbol[place - 1] != "-":
            depth -= 1
        elif not depth:
            kept += letter
        place += 1
    # "void add", but "operator new".
    kept = kept.strip() if "operator " in kept else kept.strip().rpartition(" ")[2]
    parts = [part for part in kept.partition(".")[0].split("::") if part and not _NOBODY.fullmatch(part)]
    return "::".join(parts) or symbol


def part(name: str) -> str:
    """One part of a qualified name without its template arguments; empty for a block that has no name."""
    return "" if _NOBODY.fullmatch(name) else plain(name)


def legible(symbol: str) -> str:
    """A linker's symbol: one that only nests names is read, any other stays as it is."""
    if not symbol.startswith("_ZN"):
        return symbol
    rest = re.sub(r"^[rVKRO]+", "", symbol[3:])
    parts = []
    while found := re.match(r"\d+", rest):
        end = found.end() + int(found[0])
        parts.append(rest[found.end() : end])
        rest = rest[end:]
    # Rust appends a hash.
    parts = [part for part in parts if not re.fullmatch("h[0-9a-f]{16}", part)]
    return "::".join(parts) or symbol
