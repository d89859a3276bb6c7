"""Numbers on a page, formatted as on the terminal (``workbench.results.numbers``)."""

from lobench.workbench.results.numbers import (
    MILLION,
    TIMES,
    between,
    counted,
    decimals,
    estimate,
    integer,
    limits,
    listed,
    percent,
    significant,
    spelled,
)

__all__ = [
    "MILLION",
    "TIMES",
    "between",
    "counted",
    "decimals",
    "estimate",
    "integer",
    "limits",
    "listed",
    "percent",
    "significant",
    "spelled",
]
