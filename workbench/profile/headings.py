"""What the pages of a profile are headed with: a variant's are per event, a program's in all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def subject(document: Mapping[str, Any]) -> str:
    """What was looked at."""
    return str(document["variant"] if "variant" in document else document["program"])


def whole(document: Mapping[str, Any]) -> Mapping[str, float]:
    """Column to what all of it cost."""
    costs: Mapping[str, float] = document["per_event"] if "per_event" in document else document["total"]
    return costs


def basis(document: Mapping[str, Any]) -> str:
    return "per event" if "per_event" in document else "in all"


def number(value: float) -> str:
    """A cost: of a program's lines a whole number, per event with two digits behind the point."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
