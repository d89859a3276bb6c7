"""The stage of the pipeline, and the mechanism of a variant, that a stack of functions belongs to.

A stage is entered by calling one of the functions that declare it: kernels in their decorators, functions of policies
in their contracts (``lobench.engine.stages``). Their callees belong to the caller's stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, get_type_hints

from lobench.engine.kernel_builder import build
from lobench.engine.policy import (
    AXES,
    ContextKernels,
    Events,
    FeatureStore,
    LayoutKernels,
    Lookup,
    Memory,
    ShapeKernels,
    Variant,
)
from lobench.engine.registry import FEATURES
from lobench.engine.stages import DECLARED, INHERITED, PARTS, STAGES, Stage
from lobench.variants import discover

if TYPE_CHECKING:
    from lobench.workbench.profile.codemap import Frame

UNKNOWN = "unattributed"
"""The stage of a function with several callers, if the number of calls from each is unknown."""

GROUPS = {**PARTS, UNKNOWN: UNKNOWN}
"""Stage to the stage of ``engine.stages.STAGES`` that it is a part of."""

assert set(GROUPS.values()) == {*STAGES, UNKNOWN}

CONTRACTS: dict[str, type] = {
    "events": Events,
    "context": ContextKernels,
    "features": FeatureStore,
    "lookup": Lookup,
    "memory": Memory,
    "shape": ShapeKernels,
    "layout": LayoutKernels,
}
"""Axis to the functions that a policy of it supplies."""


def declared_fields(contract: type) -> dict[str, Stage | None]:
    """Function of a contract to the stage that it begins, None for that of its caller. Raises ValueError for one that
    declares neither."""
    hints = get_type_hints(contract, include_extras=True)
    found: dict[str, Stage | None] = {}
    for each in fields(contract):
        told = getattr(hints[each.name], "__metadata__", ())
        stage = next((one for one in told if isinstance(one, Stage) or one == INHERITED), None)
        if stage is not None:
            found[each.name] = None if stage == INHERITED else stage
        elif hints[each.name] not in (str, int):
            raise ValueError(f"{contract.__name__}.{each.name} declares no stage")
    return found


@cache
def _roles() -> dict[str, Stage]:
    """Function of a policy, with its axis, to the stage that it begins; without it, too, where all axes that have such
    a function agree."""
    found: dict[str, Stage] = {}
    short: dict[str, set[Stage | None]] = {}
    for axis, contract in CONTRACTS.items():
        for name, stage in declared_fields(contract).items():
            short.setdefault(name, set()).add(stage)
            if stage is not None:
                found[f"{axis}.{name}"] = stage
    return found | {name: stage for name, (stage, *others) in short.items() if stage is not None and not others}


@cache
def _declare_all() -> None:
    """Make the kernels of the ladder, which declare their stages as they are made; nothing is compiled."""
    for variant in discover().values():
        build(variant)


def stage_named(name: str, within: str) -> Stage | None:
    """The stage that a function begins, by its name or by its axis and field, when it is called within a stage."""
    _declare_all()
    return DECLARED.get(name, within) or DECLARED.get(name, None) or _roles().get(name)


def stage_of(functions: Iterable[str]) -> str:
    """The stage of a stack of qualified function names, outermost first."""
    stage = UNKNOWN
    for qualified in functions:
        # The name of a role may include its axis.
        name = qualified if qualified in _roles() else qualified.rpartition(".")[2]
        begun = stage_named(name, stage)
        if begun is not None and not begun.nested:
            return begun.name
        stage = stage if begun is None else begun.name
    return stage


@dataclass(frozen=True)
class Place:
    """The function that serves as ``field`` of one policy, or every function that it makes."""

    axis: str
    field: str
    file: str
    function: str
    makes: bool

    def holds(self, frame: Frame) -> bool:
        if frame.file != self.file:
            return False
        return frame.function.startswith(self.function) if self.makes else frame.function == self.function

    @property
    def role(self) -> str:
        """The key of the function in the tables of stages, whatever its author named it."""
        full = f"{self.axis}.{self.field}"
        return full if full in _roles() else self.field


def places_of(variant: Variant) -> list[Place]:
    """The places of a variant's policies in the source. A function that serves two of them is the first one's: a layout
    may expose a function of the memory."""
    places: dict[tuple[str, str], Place] = {}
    for axis, functions in _policies(variant):
        for field in fields(functions):
            function = getattr(functions, field.name)
            code = getattr(function, "__code__", None)
            if code is not None:
                makes = field.name == "build"
                name = f"{function.__qualname__}.<locals>." if makes else function.__qualname__
                places.setdefault((code.co_filename, name), Place(axis, field.name, code.co_filename, name, makes))
    return list(places.values())


def _policies(variant: Variant) -> Iterator[tuple[str, Any]]:
    """Each axis with its policy, and with the functions that the policy builds, which may be in other files."""
    yield from ((axis, getattr(variant, axis)) for axis in AXES)
    store = variant.features.build(tuple(FEATURES))
    yield "features", store
    context = variant.context.build(store, variant.memory)
    yield "context", context
    layout = variant.layout.build(variant.lookup, variant.memory, True, variant.shape.mids)
    yield "layout", layout
    yield "shape", variant.shape.build(context, layout, STAGES[-1])


def stage_in(stack: Sequence[Frame], places: Sequence[Place]) -> str:
    """The stage of a stack. The role of a policy's function counts, not its name."""
    roles = {(place.file, place.function): place.role for place in places if not place.makes}
    return stage_of(roles.get((frame.file, frame.function), frame.function) for frame in stack)


def mechanism_of(stack: Sequence[Frame], places: Sequence[Place]) -> str | None:
    """The axis whose policy's function is innermost in a stack; None for code that all variants share: the loop itself,
    trackers between two events, quotes.

    So the book rules and the walk to the best levels are the layout's, except for the work of lookup and memory in
    them, and evaluating is the shape's, formulas included, except for the work of the layout, the context and the
    feature store in it.
    """
    for frame in reversed(stack):
        for place in places:
            if place.holds(frame):
                return place.axis
    return None
