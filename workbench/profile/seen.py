"""A tool's raw findings about a variant or an engine, from which documents and pages are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from lobench.workbench.profile.attribution import Spent
from lobench.workbench.profile.sources import Sources


class Facts(TypedDict, total=False):
    """A tool's facts beside costs, as in ``model.costs.Profile``."""

    caches: tuple[str, ...]
    library_calls: dict[str, float]
    samples: int
    kernel_samples: int
    event: str
    hardware_counters: dict[str, int | None]


@dataclass(frozen=True)
class Seen:
    """A tool's findings: costs of stacks, in all; ``facts``: the other facts of the document."""

    spent: list[Spent]
    events: int
    feed: str
    sources: Sources
    facts: Facts
