"""What a tool saw of a variant or an engine: what its document and its pages are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lobench.workbench.profile.attribution import Spent
from lobench.workbench.profile.sources import Sources


@dataclass(frozen=True)
class Seen:
    """What a tool saw: costs of stacks, in all; ``facts``: what else the document holds."""

    spent: list[Spent]
    events: int
    feed: str
    sources: Sources
    facts: Mapping[str, Any]
