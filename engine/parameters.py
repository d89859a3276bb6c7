"""Run-time parameters of a layout, which can be fitted to a feed without recompiling.

A layout that has some defines a subclass of ``LayoutParameters`` and names an instance as its defaults
(``engine.policy.Layout.parameters``). They change how fast a replay is, never what it computes. Its kernels read them
through the state's word ``layout_parameters``, the address of all values as int64 in the order of the fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Final, NamedTuple, Protocol, Self

NEVER: Final = 1 << 62
"""As a threshold: one that nothing reaches."""


class Range(NamedTuple):
    """The integers that a parameter may be; ``powers``: only powers of two among them."""

    low: int
    high: int
    powers: bool = False

    def check(self, name: str, value: Any) -> None:
        """Raise ValueError for anything else."""
        whole = type(value) is int and self.low <= value <= self.high
        if not whole or (self.powers and value & (value - 1) != 0):
            kind = "a power of two" if self.powers else "an integer"
            raise ValueError(f"{name} must be {kind} from {self.low} to {self.high}, was {str(value)[:40]}")


@dataclass(frozen=True)
class LayoutParameters:
    """Integer fields, each with a default and with its range in ``RANGES``. ``of`` makes them from unchecked values."""

    RANGES: ClassVar[Mapping[str, Range]] = {}

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in fields(cls))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Parameters with these values, the default for missing ones. Raises ValueError, with the parameter's name, for
        an unknown one and for a value outside its ``RANGES``."""
        for name, value in values.items():
            if name not in cls.RANGES:
                raise ValueError(f"{name} is not a parameter; choose from {', '.join(cls.names())}")
            cls.RANGES[name].check(name, value)
        made = cls(**values)
        made.check()
        return made

    def check(self) -> None:
        """Raise ValueError, with the parameter's name, for values that do not go together."""

    def sized(self, orders: int) -> Self:
        """These parameters for a replay in which ``orders`` are expected to rest at one time; 0: unknown."""
        return self

    def as_json(self) -> dict[str, int]:
        """Every parameter's value by name."""
        return asdict(self)


class FeedTraits(Protocol):
    """The properties of a feed on which parameters may depend: most orders and levels that rest at one time in all
    books together, their bytes, and the number of ticks that most prices of the busiest instrument span."""

    @property
    def books(self) -> int: ...
    @property
    def live_orders(self) -> int: ...
    @property
    def held_bytes(self) -> int: ...
    @property
    def span_ticks(self) -> int: ...


Options = list[dict[str, int]]
"""Changes to a set of parameters, each a choice."""
