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
    """``evaluate``: the evaluated records, a name in ``EVALUATE``. ``until``: the last stage, one of ``STAGES``.
    ``books``: the depth of books in answers, one of ``BOOKS``. ``files``: the user's files that define variants; a
    replaying process loads them first. ``parameters``: values fitted to the feed, for variants that take them.
    ``orders`` and ``instruments``: expected numbers of resting orders and of instruments, 0 if unknown; a replay gets
    them at its creation. Raises UsageError for an unknown ``evaluate`` or ``until``."""

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
