"""What a tool saw of a variant or an engine: what its document and its pages are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from lobench.workbench.profile.attribution import Spent
from lobench.workbench.profile.sources import Sources


class Facts(TypedDict, total=False):
    """What a tool tells beside costs, as ``model.costs.Profile`` has it."""

    caches: tuple[str, ...]
    library_calls: dict[str, float]
    samples: int
    kernel_samples: int
    event: str
    hardware_counters: dict[str, int | None]


@dataclass(frozen=True)
class Seen:
    """What a tool saw: costs of stacks, in all; ``facts``: what else the document holds."""

    spent: list[Spent]
    events: int
    feed: str
    sources: Sources
    facts: Facts
