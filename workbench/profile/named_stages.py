"""Stages of an engine from outside, which names the functions that do their work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from lobench.engine.errors import UsageError
from lobench.engine.stages import PARTS
from lobench.workbench.profile.native_names import plain
from lobench.workbench.profile.stages import UNKNOWN

STAGES: Final = {**{name: name for name in PARTS}, "trackers": "features"}
"""An engine's words, and the stage that they mean in a profile."""


class NamedStages:
    """Functions and their stages, as an engine's table has them. Raises UsageError for a stage that there is not."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        self._named: list[tuple[Sequence[str], str]] = []
        for symbol, stage in names:
            if stage not in STAGES:
                raise UsageError(f"the engine's stage '{stage}' of {symbol} is unknown; use any of {', '.join(STAGES)}")
            self._named.append((plain(symbol).split("::"), STAGES[stage]))
        self._known: dict[str, str | None] = {}

    def of(self, functions: Iterable[str]) -> str:
        """The stage of a stack of functions: that of the innermost one that is named."""
        found = UNKNOWN
        for function in functions:
            found = self._begun(function) or found
        return found

    def _begun(self, function: str) -> str | None:
        """The stage of the name that agrees with the most of a function's, from its end."""
        if function not in self._known:
            parts = plain(function).split("::")
            named = [(len(one), stage) for one, stage in self._named if parts[-len(one) :] == one]
            self._known[function] = max(named, key=lambda one: one[0])[1] if named else None
        return self._known[function]
