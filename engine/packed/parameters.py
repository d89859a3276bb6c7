"""What may be fitted to a feed without compiling anything anew: the run-time parameters of the packed layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, NamedTuple


@dataclass(frozen=True)
class Parameters:
    """Parameters of the packed layout; they change how fast a replay is, never what it computes. ``of`` makes them of
    values that nobody has checked.

    ``distance``: how many records ahead a record's levels are looked for; its order and its book, twice as many.
    ``least_lines``: lines of the order table at least. ``fullest``: of 64 slots, how many may be taken before the table
    grows; ``after``: how many are taken when it has grown. ``ahead_bytes``: from what size of tables and levels on it
    pays to look ahead. ``widest``: ticks of a window at most, a power of two; ``per_level``: ticks for each of its
    book's levels at most. ``grouped``: from how many books on a batch's records are handled book by book.
    """

    distance: int = 12
    least_lines: int = 2048
    fullest: int = 38
    after: int = 25
    ahead_bytes: int = 1 << 20
    widest: int = 1 << 16
    per_level: int = 16
    grouped: int = 8

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Parameters:
        """Parameters with these values, the default where there is none. Raises ValueError, with the parameter's name,
        for one that does not exist and for a value beyond its ``RANGES``."""
        for name, value in values.items():
            if name not in RANGES:
                raise ValueError(f"{name} is no parameter; there are {', '.join(NAMES)}")
            RANGES[name].check(name, value)
        made = cls(**values)
        if made.after > made.fullest - LEAST_GAP:
            raise ValueError(f"after must be at most fullest - {LEAST_GAP}, was {made.after} with {made.fullest}")
        return made

    def as_json(self) -> dict[str, int]:
        """Every parameter's value by name."""
        return asdict(self)


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


RING: Final = 128
"""What is found ahead is kept for so many records: three distances and more."""
NEVER: Final = 1 << 62
"""``ahead_bytes`` with which no replay looks ahead."""
LEAST_GAP: Final = 4
"""Of 64 slots, so many are free between two growths of the table: it would do nothing but grow."""
RANGES: Final = {
    "distance": Range(1, RING // 4),
    "least_lines": Range(16, 1 << 22),
    "fullest": Range(12, 56),
    "after": Range(8, 52),
    "ahead_bytes": Range(0, NEVER),
    "widest": Range(64, 1 << 20, powers=True),
    "per_level": Range(1, 1 << 10),
    "grouped": Range(0, NEVER),
}
"""Parameter to what it may be. A table of 2^22 lines takes 400 MB a worker, and is there from the first record."""
DEFAULTS: Final = Parameters()
NAMES: Final = tuple(field.name for field in fields(Parameters))
assert tuple(RANGES) == NAMES
