"""Which variants a user asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lobench.engine.errors import UsageError
from lobench.engine.foreign.start import Contestant
from lobench.variants import factorial, from_top, resolve
from lobench.workbench.ladder import Ladder

LADDER: Final = "ladder"
"""Stands for every step of the ladder, and the user's own variants beside it."""


def select(names: str, ladder: Ladder) -> list[Contestant]:
    """``ladder``: every step and the user's own; ``factorial``: the combinations of the core axes and the user's own;
    ``from-top``: the last step, it without one axis at a time, and the user's own; else names or combinations separated
    by spaces, ``ladder`` among them, and the user's own that are not named: who gives a file means it. Raises
    UsageError for what does not exist."""
    if names == "factorial":
        if not ladder.crossed:
            raise UsageError(f"{ladder.path}: factorial needs steps with two policies of each core axis")
        return [*factorial(dict(ladder.known)), *ladder.beside]
    if names == "from-top":
        if not ladder.dismantled:
            raise UsageError(f"{ladder.path}: from-top needs both ends of the ladder made of lobench's policies")
        return [*from_top(dict(ladder.known), ladder.reference), *ladder.beside]
    if not names.split():
        raise UsageError("--variants names no variant")
    chosen: dict[str, Contestant] = {}
    for name in names.split():
        found = [*ladder.steps, *ladder.beside] if name == LADDER else [ladder.named(name)]
        chosen |= {variant.name: variant for variant in found}
    chosen |= {variant.name: variant for variant in ladder.beside}
    return list(chosen.values())


def with_reference(names: str, ladder: Ladder) -> list[Contestant]:
    """As ``select``, with the ladder's reference before them if it is missing: measurements are compared with it."""
    chosen = select(names, ladder)
    if any(variant.name == ladder.reference for variant in chosen):
        return chosen
    return [ladder.known[ladder.reference], *chosen]


def named_or_last(name: str | None, known: Mapping[str, Contestant]) -> Contestant:
    """The variant of this name, or combination; the ladder's last without one. Raises UsageError as ``resolve``."""
    if name:
        return resolve(name, known)
    return max(known.values(), key=lambda variant: -1 if variant.phase is None else variant.phase)
