"""The sections of a page, in their order: one module builds each from a feed's facts or from a document.

A new section is a module with ``section(...) -> Section | None`` and its place in one of these lists; None leaves it
out, one that lacks its data says so and names the command that gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lobench.reports.blocks import Section
from lobench.reports.facts import Facts
from lobench.reports.sections import (
    attribution,
    cost,
    counters,
    interactions,
    ladder,
    machine,
    noise,
    profiles,
    scaling,
    verification,
)

FEED_SECTIONS: Sequence[Callable[[Facts], Section | None]] = (
    ladder.section,
    attribution.section,
    interactions.section,
    counters.section,
    profiles.section,
    verification.section,
    noise.section,
    scaling.section,
)
DOCUMENT_SECTIONS: Sequence[Callable[[dict[str, Any]], Section | None]] = (cost.section, machine.section)
