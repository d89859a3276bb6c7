"""Variants that are one kernel under several names: nothing can be faster than itself, whatever a session shows.

A replay is compiled from the policies that take part in it, up to the stage where it stops, and started with run-time
parameters. If both are the same for two variants, so are the machine code and its behaviour: a user's file that
re-exports phase 7, a combination that changes nothing, phase 8 on a feed without a tuning, phases 1 to 3 while only
books are built.

Functions count as the same if they are one object, or copies of one text that refer to the same things: a copied file
is no other kernel. Engines from outside are one if their files are, byte for byte. Not recognized: two different texts
that compile to the same code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.foreign.start import Contestant
from lobench.engine.stages import STAGES

TAKES_PART: Final = {
    "events": "decode",
    "lookup": "book",
    "memory": "book",
    "layout": "book",
    "tuning": "book",
    "context": "features",
    "features": "features",
    "shape": "features",
}
"""Axis to the first stage whose code its policies are compiled into (``lobench.engine.kernel_builder``)."""


def same_kernels(variants: Sequence[Contestant], until: str = STAGES[-1]) -> dict[str, str]:
    """Variant to the first of ``variants`` that is the same kernel with the same parameters, in a replay that stops
    after stage ``until``; those that are like none before them are not there."""
    found: dict[str, str] = {}
    first: list[Contestant] = []
    for variant in variants:
        like = next((one for one in first if same_kernel(one, variant, until)), None)
        if like is None:
            first.append(variant)
        else:
            found[variant.name] = like.name
    return found


def same_kernel(one: Contestant, other: Contestant, until: str = STAGES[-1]) -> bool:
    """Whether two variants are compiled of the same functions and started with the same parameters."""
    if isinstance(one, ForeignEngine) or isinstance(other, ForeignEngine):
        return isinstance(one, ForeignEngine) and isinstance(other, ForeignEngine) and one.digest == other.digest
    stage = STAGES.index(until)
    # Identical layouts replace the same axes.
    axes = [axis for axis, begins in TAKES_PART.items() if STAGES.index(begins) <= stage and axis not in one.replaced]
    seen: set[tuple[int, int]] = set()
    return all(
        one.parameters == other.parameters
        if axis == "tuning"
        else _same(getattr(one, axis), getattr(other, axis), seen)
        for axis in axes
    )


def _same(one: Any, other: Any, seen: set[tuple[int, int]]) -> bool:
    """Whether two values make the same code where a kernel holds them. ``seen``: pairs that are being compared, or
    were found the same."""
    if one is other or (id(one), id(other)) in seen:
        return True
    if type(one) is not type(other):
        return False
    seen.add((id(one), id(other)))
    if isinstance(one, FunctionType):
        return _same_function(one, other, seen)
    if hasattr(one, "py_func"):  # a Numba dispatcher
        return _same(one.py_func, other.py_func, seen) and _same(one.targetoptions, other.targetoptions, seen)
    if is_dataclass(one):
        # The name of a policy is not compiled.
        names = [field.name for field in fields(one) if field.name != "name"]
        return all(_same(getattr(one, name), getattr(other, name), seen) for name in names)
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(lambda a, b: _same(a, b, seen), one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key], seen) for key in one)
    if isinstance(one, ModuleType):
        return False
    try:
        # The sign of a number and the type of a float count: 0.0 is not -0.0.
        return bool(one == other) and repr(one) == repr(other)
    except Exception:  # comparing a user's object may raise anything; treat them as different
        return False


def _same_function(one: FunctionType, other: FunctionType, seen: set[tuple[int, int]]) -> bool:
    if not _same_code(one.__code__, other.__code__):
        return False
    cells = [[cell.cell_contents for cell in function.__closure__ or ()] for function in (one, other)]
    held = [(function.__defaults__, function.__kwdefaults__) for function in (one, other)]
    # Code objects list attributes among the globals: a name that is in neither module's globals is an attribute.
    for name in _names(one.__code__):
        here, there = name in one.__globals__, name in other.__globals__
        if here != there or (here and not _same(one.__globals__[name], other.__globals__[name], seen)):
            return False
    return _same(cells[0], cells[1], seen) and _same(held[0], held[1], seen)


def _names(code: CodeType) -> set[str]:
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _same_code(one: CodeType, other: CodeType) -> bool:
    """Whether two texts compile to the same bytecode, wherever they are."""
    shape = "co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_argcount", "co_kwonlyargcount"
    if any(getattr(one, name) != getattr(other, name) for name in (*shape, "co_flags")):
        return False
    if len(one.co_consts) != len(other.co_consts):
        return False
    return all(
        _same_code(mine, theirs)
        if isinstance(mine, CodeType) and isinstance(theirs, CodeType)
        else type(mine) is type(theirs) and repr(mine) == repr(theirs)
        for mine, theirs in zip(one.co_consts, other.co_consts, strict=True)
    )
