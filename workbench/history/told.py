"""What is told of a commit that could not be measured, in one line."""

from __future__ import annotations

import re

_ERROR = re.compile(r"\b(?:fatal )?error(?:\[\w+\])?:\s")
_TRAILING = re.compile(r"aborting due to|could not compile|^make|errors? generated", re.IGNORECASE)
"""What compilers say after what is wrong."""


def essence(reason: str) -> str:
    """Which commit, and what is wrong: of what a tool said the first error, else its last line."""
    first, *said = [line.strip() for line in reason.splitlines() if line.strip()] or [""]
    errors = [line for line in said if _ERROR.search(line) and not _TRAILING.search(line)]
    what = errors[0] if errors else said[-1] if said else ""
    return f"{first} {what}".strip()
