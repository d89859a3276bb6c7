"""Which stage of the pipeline, and which mechanism of a variant, a stack of functions belongs to.

A stage is entered by calling one of the functions that ``engine.replay`` and the policies' interfaces name; what
those call belongs to the stage that called. So a hash table counts as lookup where an order is looked up, and as
strategies where their context keeps a map.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from engine.policy import AXES, STAGES, Variant

if TYPE_CHECKING:
    from workbench.profile.codemap import Frame

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
    "handle": "levels",
    "apply": "levels",
    "reserve": "levels",
    "evaluate": "features",
    "flush": "features",
    "follow": "best price",
}
"""Functions that begin a stage which others may be entered from."""

_CLOSED = {
    "load": "decode",
    "at": "decode",
    "release": "decode",
    "look_ahead": "lookup",
    "book_of": "lookup",
    "find": "lookup",
    "insert": "lookup",
    "move": "lookup",
    "erase": "lookup",
    "level_from_best": "best price",
    "requote": "best price",
    "close_window": "features",
    "follow_best": "features",
    "follow_trade": "features",
    "lose_queue": "features",
    "moving_average": "features",
    "remember_quotes": "features",
    "record_trade": "strategies",
    "put_quote": "strategies",
    "put_trades": "strategies",
    "publish": "strategies",
    "mid": "strategies",
    "trade_mean": "strategies",
    "decide": "strategies",
}
"""Functions that begin a stage which all below them belongs to."""

_WITHIN = {("features", "follow"): "strategies"}
"""Stage and function to the stage that the function begins there: a block of evaluations is followed by accounts, an
event by the best prices."""


def stage_of(functions: Iterable[str]) -> str:
    """The stage of a stack of qualified function names, outermost first."""
    stage = UNKNOWN
    for qualified in functions:
        name = qualified.rpartition(".")[2]
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


def places_of(variant: Variant) -> list[Place]:
    """Where a variant's policies stand in the source."""
    places = []
    for axis in AXES:
        policy = getattr(variant, axis)
        for field in fields(policy):
            function = getattr(policy, field.name)
            code = getattr(function, "__code__", None)
            if code is not None:
                makes = field.name == "build"
                name = f"{function.__qualname__}.<locals>." if makes else function.__qualname__
                places.append(Place(axis, field.name, code.co_filename, name, makes))
    return places


def stage_in(stack: Sequence[Frame], places: Sequence[Place]) -> str:
    """The stage of a stack. What a policy's function is for counts, not how its author named it."""
    roles = {(place.file, place.function): place.field for place in places if not place.makes}
    return stage_of(roles.get((frame.file, frame.function), frame.function) for frame in stack)


def mechanism_of(stack: Sequence[Frame], places: Sequence[Place]) -> str | None:
    """The axis whose policy's function stands innermost in a stack; None for what all variants share."""
    for frame in reversed(stack):
        for place in places:
            # The shape calls everything: that it is somewhere around says nothing.
            if place.axis != "shape" and place.holds(frame):
                return place.axis
    return None
