"""The one-line reason why a commit could not be measured."""

from __future__ import annotations

import re

_ERROR = re.compile(r"\b(?:fatal )?error(?:\[\w+\])?:\s")
_TRAILING = re.compile(r"aborting due to|could not compile|^make|errors? generated", re.IGNORECASE)
"""Closing lines of compilers after the real error."""


def essence(reason: str) -> str:
    """The commit and the fault: the first error in a tool's output, else its last line."""
    first, *said = [line.strip() for line in reason.splitlines() if line.strip()] or [""]
    errors = [line for line in said if _ERROR.search(line) and not _TRAILING.search(line)]
    what = errors[0] if errors else said[-1] if said else ""
    return f"{first} {what}".strip()
