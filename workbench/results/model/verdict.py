"""The words of a verdict on a ratio between two things, wherever it was measured."""

from __future__ import annotations

from typing import Final

FASTER: Final = "faster"
SLOWER: Final = "slower"
NO_DIFFERENCE: Final = "no difference shown"

SHOWN: Final = (FASTER, SLOWER)
"""Those that say that there is an effect."""
VERDICTS: Final = (*SHOWN, NO_DIFFERENCE)

THIS_BUILD: Final = "this build"
"""Added to a verdict on a difference so small that another layout of the same code may undo it."""


def worded(verdict: str | None, of_build: bool) -> str:
    """A verdict as text, with the remark that it holds for this build only if ``of_build``; "" for no verdict."""
    return f"{verdict}, {THIS_BUILD}" if verdict and of_build else verdict or ""
