"""Parsing of durations, fractions and the like on the command line, the same in every verb.

Each function takes the text of one argument and raises UsageError, which ends a command in one line, for invalid text.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lobench.engine.errors import UsageError, meant
from lobench.engine.stages import STAGES
from lobench.workbench.plain_names import is_plain_name

if TYPE_CHECKING:
    from lobench.workbench.rows.sample import Sample


def duration(text: str) -> float:
    """Seconds: ``90``, ``90s``, ``1.5m``; more than none."""
    number, factor = text, 1.0
    if text[-1:] in ("s", "m"):
        number, factor = text[:-1], {"s": 1.0, "m": 60.0}[text[-1]]
    seconds = _number(number) * factor
    if not 0 < seconds < math.inf:
        raise UsageError(f"'{text}' is not a duration; write 90, 90s or 2m")
    return seconds


def precision(text: str) -> float:
    """``0.5%`` or ``0.005`` as 0.005: above 0, below 1."""
    value = _fraction(text)
    if not 0 < value < 1:
        raise UsageError(f"'{text}' is not a precision; write the half-width of the intervals as 0.5%")
    return value


def tolerance(text: str) -> float:
    """``1%`` or ``0.01`` as 0.01: from 0, below 1."""
    value = _fraction(text)
    if not 0 <= value < 1:
        raise UsageError(f"--tolerance takes a fraction like 1% or 0.01, was '{text}'")
    return value


def percentage(text: str) -> float:
    """``0.5%`` as 0.005, from 0. A number without the sign is refused: it was once one of per cent."""
    value = _fraction(text)
    if not text.endswith("%") or not 0 <= value < math.inf:
        raise UsageError(f"--allow-instructions takes per cent like 0.5%, was '{text}'")
    return value


def stage(text: str) -> str:
    """One of ``STAGES``."""
    if text not in STAGES:
        number = text[:1].isdigit() or text.endswith("%")
        remedy = "; a precision is --precision 0.5%" if number else meant(text, STAGES)
        raise UsageError(f"--until takes a stage ({', '.join(STAGES)}), was '{text}'{remedy}")
    return text


def nanoseconds(text: str) -> float:
    """``100us`` as 100,000; more than none."""
    unit = next((unit for unit in ("ns", "us", "ms", "s") if text.endswith(unit)), "")
    value = _number(text.removesuffix(unit)) * {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}.get(unit, math.nan)
    if not 0 < value < math.inf:
        raise UsageError(f"--bound takes a time like 100us, 500ns or 2ms, was '{text}'")
    return value


def speeds(text: str) -> tuple[float, ...]:
    """``1,2,4`` or ``1x,2x,4x``, each once and in order."""
    found = sorted({_number(part.strip().removesuffix("x")) for part in text.split(",")})
    if not all(0 < speed < math.inf for speed in found):
        raise UsageError(f"--speeds takes positive numbers separated by commas, was '{text}'")
    return tuple(found)


def machine(text: str) -> str:
    """A machine's name, which is also the name of its folder."""
    if not is_plain_name(text):
        raise UsageError(f"--machine takes the name of one folder, was '{text}'")
    return text


def workers(text: str) -> list[int]:
    """``2`` as [2], ``1,2`` as [1, 2]."""
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError:
        counts = []
    if not counts or min(counts) < 1:
        raise UsageError(f"--workers takes positive numbers separated by commas, was '{text}'")
    return counts


def size(text: str) -> int:
    """Bytes: ``4GB``, ``512M``, ``1000000``; the letters count in 1024s."""
    number = text.upper().removesuffix("B")
    factor = 1
    if number[-1:] in tuple("KMGT"):
        number, factor = number[:-1], 1024 ** (1 + "KMGT".index(number[-1]))
    value = _number(number) * factor
    if not 1 <= value < 2**63:
        raise UsageError(f"'{text}' is not a size; write 4GB, 512MB or bytes")
    return int(value)


def sample(text: str) -> Sample:
    """``1s``, ``1000e``, ``10000v``, ``trade`` or ``bbo``."""
    from lobench.workbench.rows.sample import parse_sample

    return parse_sample(text)


def columns(text: str) -> list[str]:
    """Names of features."""
    from lobench.workbench.rows.chosen import chosen_features

    return chosen_features(text)


def _fraction(text: str) -> float:
    """``1%`` or ``0.01`` as 0.01."""
    return _number(text.removesuffix("%")) / (100 if text.endswith("%") else 1)


def _number(text: str) -> float:
    """Not a number, which fails every comparison, for text that is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan
