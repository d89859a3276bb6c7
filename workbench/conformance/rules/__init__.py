"""All rules by name, in documentation order: books first, then the values computed from them."""

from __future__ import annotations

from typing import Final

from lobench.workbench.conformance.rule import Rule
from lobench.workbench.conformance.rules import (
    anomalies,
    calls,
    evaluation,
    formulas,
    orders,
    others,
    queues,
    ranges,
    repairs,
    strategies,
    top_of_book,
    trades,
    windows,
)

_PARTS: Final = (
    orders,
    others,
    repairs,
    top_of_book,
    ranges,
    calls,
    anomalies,
    evaluation,
    windows,
    queues,
    trades,
    formulas,
    strategies,
)

RULES: Final[dict[str, Rule]] = {rule.name: rule for part in _PARTS for rule in part.RULES}
