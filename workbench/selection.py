"""From what a user types to variants and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lobench.engine.errors import UsageError
from lobench.engine.policy import Variant
from lobench.variants import REFERENCE, discover, factorial, from_top, resolve
from lobench.workbench.verification.isolated import check_loads


def select(names: str, files: Sequence[str] = ()) -> list[Variant]:
    """``ladder``: every discovered variant and the user's own; ``factorial``: the combinations of the core axes and
    the user's own; ``from-top``: the last phase, it without one phase at a time, and the user's own; else names or
    combinations separated by spaces. Raises UsageError for what does not exist."""
    known = known_with(files)
    own = [variant for variant in known.values() if variant.phase is None]
    if names == "ladder":
        return list(known.values())
    if names == "factorial":
        return [*factorial(known), *own]
    if names == "from-top":
        return [*from_top(known), *own]
    chosen = {variant.name: variant for variant in (named(name, known) for name in names.split())}
    if not chosen:
        raise UsageError("--variants names no variant")
    return list(chosen.values())


def known_with(files: Sequence[str]) -> dict[str, Variant]:
    """All variants by name, with the user's own. Raises UsageError for a file that cannot be used; one that would end
    the process that loads it is tried in another before."""
    check_loads(files)
    return discover(files)


def named(name: str, known: Mapping[str, Variant]) -> Variant:
    """A variant by name, by the first letters that only its name has, or a combination, also on top of one so named.
    Raises UsageError as ``resolve``."""
    first, comma, rest = name.partition(",")
    matching = [full for full in known if full.startswith(first)] if first not in known else []
    return resolve(f"{matching[0] if len(matching) == 1 else first}{comma}{rest}", dict(known))


def with_reference(names: str, files: Sequence[str] = ()) -> list[Variant]:
    """As ``select``, with the reference before them if they lack it: what is measured is compared with it."""
    chosen = select(names, files)
    if any(variant.name == REFERENCE for variant in chosen):
        return chosen
    return [discover()[REFERENCE], *chosen]


def worker_counts(text: str) -> list[int]:
    """``1,2`` as [1, 2]. Raises UsageError for anything but positive integers."""
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError:
        counts = []
    if not counts or min(counts) < 1:
        raise UsageError(f"--workers takes positive numbers separated by commas, was '{text}'")
    return counts
