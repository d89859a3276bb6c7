"""A step: one part of an experiment on one feed, as an object that declares its inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lobench.engine.errors import UsageError
from lobench.workbench.experiment.budget import Budget
from lobench.workbench.experiment.feed import FeedExperiment

Advance = Callable[[float], None]
"""Receives the seconds that passed, as they pass."""


class Run(Protocol):
    """Do a step. Its outputs go to ``experiment.put``; a user's own step returns its result instead."""

    def __call__(self, experiment: FeedExperiment, advance: Advance, /) -> Any: ...


def _always(experiment: FeedExperiment) -> bool:
    return True


def _anything_goes(experiment: FeedExperiment) -> None:
    pass


def _as_long_as_it_takes(budget: Budget) -> float:
    return 0.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """One part of an experiment.

    ``name``: its name in other steps' ``needs``; ``title``: shown while it runs. ``needs``: names of steps that must
    come before it; if one of them had nothing to do, neither has this one. ``adds``: the fields that it fills in the
    feed's part of the document, or in the document. ``wanted``: whether it has anything to do; ``check``: raises
    UsageError for an unsuitable feed, before any step runs; ``seconds``: its measuring time, 0 for a step without a
    time limit. ``bar``: show a progress bar over these seconds, moved by ``advance``; otherwise the step shows its own
    progress.
    """

    name: str
    title: str
    run: Run
    needs: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    wanted: Callable[[FeedExperiment], bool] = _always
    check: Callable[[FeedExperiment], None] = _anything_goes
    seconds: Callable[[Budget], float] = _as_long_as_it_takes
    bar: bool = False

    def __post_init__(self) -> None:
        for what, text in (("name", self.name), ("title", self.title)):
            if not isinstance(text, str) or not text.strip():
                raise UsageError(f"a step's {what} is a text, not {text!r}")


def in_order(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The same steps. Raises UsageError if one comes before a step that it needs, or two have the same name."""
    before: dict[str, Step] = {}
    for step in steps:
        missing = [name for name in step.needs if name not in before]
        if missing:
            there = ", ".join(before) or "none"
            raise UsageError(f"the step '{step.name}' needs '{missing[0]}', and the steps before it are {there}")
        if step.name in before:
            raise UsageError(f"two steps are named '{step.name}'")
        before[step.name] = step
    return tuple(steps)
