"""The sections of a page, in their order: one module builds each from the view of a feed or from a document.

A new section is a module with ``section(...) -> Section | None`` and its place in one of these lists; None leaves it
out, one that lacks its data says so and names the command that gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lobench.reports.blocks import Section
from lobench.reports.result_view import LATENCY, ResultView
from lobench.reports.sections import (
    added,
    attribution,
    contest,
    cost,
    counters,
    hardware,
    interactions,
    ladder,
    latency,
    machine,
    noise,
    profiles,
    scaling,
    verification,
)
from lobench.workbench.results.model.document import Result

FEED_SECTIONS: Sequence[Callable[[ResultView], Section | None]] = (
    ladder.section,
    attribution.section,
    interactions.section,
    counters.section,
    hardware.section,
    profiles.section,
    verification.section,
    noise.section,
    scaling.section,
    latency.section,
    added.section,
)
CONTEST_SECTIONS: Sequence[Callable[[Result], Section | None]] = (contest.section, contest.noise_section)
DOCUMENT_SECTIONS: Sequence[Callable[[Result], Section | None]] = (cost.section, machine.section)


def feed_sections(document: Result) -> Sequence[Callable[[ResultView], Section | None]]:
    """The sections of a document's feeds: for a latency result, only those about latency."""
    return (latency.section, verification.section) if document.kind == LATENCY else FEED_SECTIONS


def document_sections(document: Result) -> Sequence[Callable[[Result], Section | None]]:
    return (machine.section,) if document.kind == LATENCY else DOCUMENT_SECTIONS
