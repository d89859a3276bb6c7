"""What a reader of a session's figures should be told first."""

from __future__ import annotations

from typing import Any

FEW = 5
"""Fewer processes than these say little about how much processes differ."""


def caution(session: dict[str, Any]) -> str | None:
    """That a session rests on few processes, and what to do about it; None if it does not. ``session``: the part of a
    feed in a result."""
    place = session["samples"]["columns"].index("process")
    processes = len({row[place] for row in session["samples"]["rows"]})
    if processes >= FEW:
        return None
    count = "1 process" if processes == 1 else f"{processes} processes"
    return f"measured in {count} only: intervals rest on little; a longer --budget measures in more"
