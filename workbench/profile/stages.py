"""Which stage of the pipeline, and which mechanism of a variant, a stack of functions belongs to.

A stage is entered by calling one of the functions that ``engine.replay`` and the policies' interfaces name; what
those call belongs to the stage that called. So a hash table counts as lookup where an order is looked up, and as
strategies where their context keeps a map.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import lobench.engine.strategies  # noqa: F401  (registers the features and strategies that shapes are built for)
from lobench.engine.policy import AXES, STAGES, Variant
from lobench.engine.registry import FEATURES

if TYPE_CHECKING:
    from lobench.workbench.profile.codemap import Frame

UNKNOWN = "unattributed"
"""The stage of a function that several others call, where nothing tells how often each did."""

GROUPS = {
    "decode": "decode",
    "lookup": "book",
    "levels": "book",
    "best price": "book",
    "features": "features",
    "strategies": "strategies",
    UNKNOWN: UNKNOWN,
}
"""Stage to the stage of ``engine.policy.STAGES`` that it is a part of: what a replay that stops there leaves out.
Trackers belong to the features, the context to the strategies that read it."""

assert set(GROUPS.values()) == {*STAGES, UNKNOWN}

_OPEN = {
    "replay": "decode",
    "look_ahead": "lookup",
    "handle": "levels",
    "apply": "levels",
    "reserve": "levels",
    "evaluate": "features",
    "flush": "features",
    "follow": "best price",
    "layout.prepare": "levels",
    "shape.prepare": "features",
}
"""Functions that begin a stage which others may be entered from."""

_CLOSED = {
    "load": "decode",
    "at": "decode",
    "release": "decode",
    "look_for_levels": "levels",
    "find_ahead": "lookup",
    "group": "lookup",
    "home_of": "lookup",
    "book_of": "lookup",
    "find": "lookup",
    "insert": "lookup",
    "move": "lookup",
    "erase": "lookup",
    "level_from_best": "best price",
    "requote": "best price",
    "join_instrument": "best price",
    "best_behind": "best price",
    "put_best": "best price",
    "close_window": "features",
    "follow_best": "features",
    "follow_trade": "features",
    "follow_level": "features",
    "append_side": "features",
    "read_side": "features",
    "lose_queue": "features",
    "moving_average": "features",
    "remember_quotes": "features",
    "record_trade": "strategies",
    "put_quote": "strategies",
    "put_trades": "strategies",
    "publish": "strategies",
    "put_mid": "strategies",
    "mid": "strategies",
    "context.best": "strategies",
    "trade_mean": "strategies",
    "decide": "strategies",
}
"""Functions that begin a stage which all below them belongs to."""

_WITHIN = {("features", "follow"): "strategies", ("features", "trade"): "strategies"}
"""Stage and function to the stage that the function begins there: a block of evaluations is followed by trades and
accounts, an event by the best prices; and an event that is a trade is none of a strategy's."""


def stage_of(functions: Iterable[str]) -> str:
    """The stage of a stack of qualified function names, outermost first."""
    stage = UNKNOWN
    for qualified in functions:
        # A role may be known with its axis.
        name = qualified if qualified in _CLOSED or qualified in _OPEN else qualified.rpartition(".")[2]
        if (stage, name) in _WITHIN:
            return _WITHIN[stage, name]
        if name in _CLOSED:
            return _CLOSED[name]
        stage = _OPEN.get(name, stage)
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
        """What the stages' tables know the function by, whatever its author named it."""
        full = f"{self.axis}.{self.field}"
        return full if full in _OPEN or full in _CLOSED else self.field


def places_of(variant: Variant) -> list[Place]:
    """Where a variant's policies stand in the source. A function that serves two of them is the first one's: a layout
    may hand on what it got of the memory."""
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
    """Each axis with its policy, and with the functions that the policy builds, which may stand in other files."""
    yield from ((axis, getattr(variant, axis)) for axis in AXES)
    store = variant.features.build(tuple(FEATURES))
    yield "features", store
    context = variant.context.build(store, variant.memory)
    yield "context", context
    layout = variant.layout.build(variant.lookup, variant.memory, True, variant.shape.mids)
    yield "layout", layout
    yield "shape", variant.shape.build(context, layout, STAGES[-1])


def stage_in(stack: Sequence[Frame], places: Sequence[Place]) -> str:
    """The stage of a stack. What a policy's function is for counts, not how its author named it."""
    roles = {(place.file, place.function): place.role for place in places if not place.makes}
    return stage_of(roles.get((frame.file, frame.function), frame.function) for frame in stack)


def mechanism_of(stack: Sequence[Frame], places: Sequence[Place]) -> str | None:
    """The axis whose policy's function stands innermost in a stack; None for what all variants share: the loop itself,
    trackers between two events, quotes.

    So the book rules and the walk to the best levels are the layout's but for what lookup and memory do in them, and
    evaluating is the shape's, formulas included, but for what the layout, the context and the feature store do in it.
    """
    for frame in reversed(stack):
        for place in places:
            if place.holds(frame):
                return place.axis
    return None
