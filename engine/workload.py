"""The settings of a replay, the same for all compared variants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from lobench.engine.errors import UsageError
from lobench.engine.records import F_LAST, F_SNAPSHOT
from lobench.engine.scope import BOOKS, Scope
from lobench.engine.stages import STAGES

EVALUATE: Final = {"last": (F_LAST | F_SNAPSHOT, F_LAST), "every": (0, 0)}
"""Which records are evaluated: (mask, value) of their flags."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """``evaluate``: which records are evaluated, a name in ``EVALUATE``. ``until``: the stage after which each record
    is done with, one of ``STAGES``. ``books``: how deep answers look into books, one of ``BOOKS``. ``files``: of the
    user, that define variants; a process that is to replay a variant loads them first. ``parameters``: values that
    were fitted to the feed, for variants that take such. ``orders`` and ``instruments``: how many rest at a time and
    how many there are, 0 where nobody knows before; engines from outside get them when they are made. Raises UsageError
    for an ``evaluate`` or ``until`` that does not exist."""

    evaluate: str = "last"
    until: str = STAGES[-1]
    books: str = BOOKS[-1]
    files: tuple[str, ...] = ()
    parameters: Mapping[str, int] | None = None
    orders: int = 0
    instruments: int = 0

    def __post_init__(self) -> None:
        if self.evaluate not in EVALUATE:
            raise UsageError(f"evaluate must be one of {', '.join(EVALUATE)}, was '{self.evaluate}'")
        if self.until not in STAGES:
            raise UsageError(f"until must be one of {', '.join(STAGES)}, was '{self.until}'")

    @property
    def flags(self) -> tuple[int, int]:
        """(mask, value) of the flags of records that are evaluated."""
        return EVALUATE[self.evaluate]

    def within(self, scope: Scope) -> Workload:
        """The same, as far as ``scope`` goes."""
        return replace(self, until=scope.until, books=scope.books)

    def as_json(self) -> dict[str, Any]:
        """For another process."""
        return asdict(self)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Workload:
        """The inverse of ``as_json``."""
        return cls(**{**values, "files": tuple(values["files"])})
