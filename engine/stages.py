"""The stages of the pipeline, and the stage of each kernel, declared where the kernel is defined.

A kernel that begins a stage names it in its decorator, as ``@kernel(stage="lookup")``; a function that serves as a
field of a policy has the stage of that field (``engine.policy``), whatever its name; all others belong to the stage of
their caller. So a hash table counts as lookup where an order is looked up, and as strategies where their context keeps
a map.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

STAGES = ("decode", "book", "features", "strategies")
"""The stages after which a replay may stop, each including all before it: read the records; apply them to their books;
trackers and features; context, with the BBO over an instrument's books, and strategies."""

PARTS: Final = {
    "decode": "decode",
    "lookup": "book",
    "levels": "book",
    "best price": "book",
    "features": "features",
    "strategies": "strategies",
}
"""Stage to the one of ``STAGES`` that it belongs to: a replay that stops there leaves it out.
Trackers belong to the features, the context to the strategies that read it."""


@dataclass(frozen=True)
class Stage:
    """``name``: one of ``PARTS``. Unless ``nested``, all that is called from there belongs to it, too; if it is, other
    stages may be entered from it. ``within``: the stage that it is entered from; elsewhere the kernel is its
    caller's."""

    name: str
    nested: bool = False
    within: str | None = None

    def __post_init__(self) -> None:
        for name in (self.name, self.within or self.name):
            if name not in PARTS:
                raise ValueError(f"'{name}' is not a stage; choose from {', '.join(PARTS)}")


INHERITED: Final = "inherited"
"""In place of a ``Stage``: the function of a policy belongs to the stage of its caller."""


class Declarations:
    """The stage of every kernel that was declared so far; kernels of the same name have the same stage.

    Not a plain container: it grows as a process builds kernels, and a digest of a variant's content may reach it.
    """

    def __init__(self) -> None:
        self._stages: dict[tuple[str, str | None], Stage] = {}

    def note(self, name: str, stage: Stage) -> None:
        self._stages.setdefault((name, stage.within), stage)

    def get(self, name: str, within: str | None) -> Stage | None:
        """The stage of the kernel ``name`` when entered from stage ``within``."""
        return self._stages.get((name, within))


DECLARED: Final = Declarations()


def declare(function: Callable[..., Any], stage: Stage) -> None:
    """Note that a kernel begins a stage."""
    DECLARED.note(function.__name__, stage)
