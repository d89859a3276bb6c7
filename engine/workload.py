"""What a replay is to do, the same for all variants that are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lobench.engine.errors import UsageError
from lobench.engine.parameters import LayoutParameters
from lobench.engine.records import F_LAST, F_SNAPSHOT
from lobench.engine.stages import STAGES

EVALUATE: Final = {"last": (F_LAST | F_SNAPSHOT, F_LAST), "every": (0, 0)}
"""Which records are evaluated: (mask, value) of their flags."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """``evaluate``: which records are evaluated, a name in ``EVALUATE``. ``until``: the stage after which each record
    is done with, one of ``STAGES``. ``files``: of the user, that define variants. ``parameters``: what was fitted to
    the feed, for variants that take it. Raises UsageError for an ``evaluate`` or ``until`` that does not exist."""

    evaluate: str = "last"
    until: str = STAGES[-1]
    files: tuple[str, ...] = ()
    parameters: LayoutParameters | None = None

    def __post_init__(self) -> None:
        if self.evaluate not in EVALUATE:
            raise UsageError(f"evaluate must be one of {', '.join(EVALUATE)}, was '{self.evaluate}'")
        if self.until not in STAGES:
            raise UsageError(f"until must be one of {', '.join(STAGES)}, was '{self.until}'")

    @property
    def flags(self) -> tuple[int, int]:
        """(mask, value) of the flags of records that are evaluated."""
        return EVALUATE[self.evaluate]
