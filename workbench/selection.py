"""Which variants a user asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lobench.engine.errors import UsageError
from lobench.engine.foreign.start import Contestant
from lobench.variants import REFERENCE, discover, factorial, from_top, resolve
from lobench.workbench.verification.isolated import check_loads

LADDER: Final = "ladder"
"""Stands for every variant there is."""


def select(names: str, files: Sequence[str] = ()) -> list[Contestant]:
    """``ladder``: every discovered variant and the user's own; ``factorial``: the combinations of the core axes and
    the user's own; ``from-top``: the last phase, it without one phase at a time, and the user's own; else names or
    combinations separated by spaces. Raises UsageError for what does not exist."""
    known = known_with(files)
    own = [variant for variant in known.values() if variant.phase is None]
    if names == LADDER:
        return list(known.values())
    if names == "factorial":
        return [*factorial(known), *own]
    if names == "from-top":
        return [*from_top(known), *own]
    chosen = {variant.name: variant for variant in (resolve(name, known) for name in names.split())}
    if not chosen:
        raise UsageError("--variants names no variant")
    return list(chosen.values())


def known_with(files: Sequence[str]) -> dict[str, Contestant]:
    """All variants by name, with the user's own. Raises UsageError for a file that cannot be used; one that would end
    the process that loads it is tried in another before."""
    check_loads(files)
    return discover(files)


def with_reference(names: str, files: Sequence[str] = ()) -> list[Contestant]:
    """As ``select``, with the reference before them if they lack it: what is measured is compared with it."""
    chosen = select(names, files)
    if any(variant.name == REFERENCE for variant in chosen):
        return chosen
    return [discover()[REFERENCE], *chosen]
