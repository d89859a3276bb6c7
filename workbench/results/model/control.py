"""The name under which a session measures one of its variants a second time: the A/A control, or a second one."""

from __future__ import annotations

TWICE = " (A/A)"
"""Ends such a name."""


def again(name: str) -> str:
    """The second name of a variant."""
    return f"{name}{TWICE}"


def is_again(name: str) -> bool:
    """Whether this is the second name of a variant."""
    return name.endswith(TWICE)


def once(name: str) -> str:
    """The variant of a name, which may be its first or its second name."""
    return name.removesuffix(TWICE)
