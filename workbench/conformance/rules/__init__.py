"""All rules by name, in the order in which they are told: books first, then what is computed of them."""

from __future__ import annotations

from typing import Final

from lobench.workbench.conformance.rule import Rule
from lobench.workbench.conformance.rules import orders, others, ranges, repairs, top_of_book

_PARTS: Final = (orders, others, repairs, top_of_book, ranges)

RULES: Final[dict[str, Rule]] = {rule.name: rule for part in _PARTS for rule in part.RULES}
