"""How far figures can be trusted: noise floors, error rates, smallest effects, disturbed samples, bias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from lobench.workbench.results.model.fields import Omitted
from lobench.workbench.results.model.intervals import Interval


@dataclass(frozen=True, slots=True)
class ControlResult:
    """An identical pair, and its noise floor at its speed, a fraction."""

    variant: str
    of: str
    ratio: Interval
    floor: float


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """The rate at which identical things are called different, with its interval, from ``simulated`` sessions."""

    nominal: float
    measured: float
    low: float
    high: float
    simulated: int


@dataclass(frozen=True, slots=True)
class NoisiestStep:
    """The smallest effect found between two variants that differ most from process to process."""

    variant: str
    base: str
    effect: float


@dataclass(frozen=True, slots=True)
class SmallestEffect:
    """The smallest effect that such a session finds with probability ``power``, a fraction: between the reference and
    itself, and in the noisiest step."""

    effect: float
    power: float
    step: NoisiestStep | None = None


@dataclass(frozen=True, slots=True)
class Contamination:
    """Disturbed samples out of all, and the rules that flagged them."""

    samples: int
    of: int
    kinds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Noise:
    """A session's own error. ``floor``: the fraction by which the reference differed from itself; ``controls``: every
    identical pair, the reference's first."""

    floor: float
    control: Interval
    false_positives: ErrorRate
    sequential_false_positives: ErrorRate | None
    mde: SmallestEffect
    contaminated: Contamination
    controls: tuple[ControlResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Bias:
    """The effect of lock-step on a variant: time in lock-step over time alone. ``shown``: beyond the noise floor; None
    in results without this."""

    variant: str
    ratio: Interval
    shown: Annotated[bool | None, Omitted()] = None
