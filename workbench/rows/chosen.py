"""Which features a user wants as columns."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import lobench.engine.features  # noqa: F401  (registers those that there are)
from lobench.engine.errors import UsageError
from lobench.engine.registry import FEATURES


def chosen_features(columns: str | Sequence[str] | None) -> list[str]:
    """Names of features: all for None, else those of a list, or of a text with commas. Raises UsageError."""
    if columns is None:
        return list(FEATURES)
    names = [name.strip() for name in columns.split(",")] if isinstance(columns, str) else list(columns)
    if not names or len(set(names)) < len(names):
        raise UsageError(f"--columns takes names of features, each once, was '{','.join(names)}'")
    for name in names:
        place_of(name)
    return names


def place_of(name: str) -> int:
    """Its place among all features. Raises UsageError for one that does not exist."""
    if name not in FEATURES:
        near = difflib.get_close_matches(name, FEATURES, 3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"use any of {', '.join(FEATURES)}"
        raise UsageError(f"no feature '{name}'; {hint}")
    return list(FEATURES).index(name)
