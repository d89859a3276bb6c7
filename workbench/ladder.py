"""The ladder: each variant's throughput, its gain over the step before, and what the plan predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.policy import Variant
from variants import REFERENCE
from workbench.estimates import Estimate, Estimates, verdict
from workbench.plan import Prediction, predictions


@dataclass(frozen=True)
class Rung:
    """One variant's place. ``step`` compares with the phase before it (for a variant beside the ladder: with the
    top), ``total`` with the reference; None for the reference."""

    variant: str
    phase: int | None
    base: str | None
    events_per_second: Estimate
    step: Estimate | None
    step_verdict: str | None
    total: Estimate | None
    total_verdict: str | None
    prediction: Prediction | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def climb(variants: Sequence[Variant], estimates: Estimates) -> list[Rung]:
    """The rungs of the measured variants: phases from the bottom up, then those beside the ladder in the order given.

    A step's base is the nearest earlier phase that was measured. A prediction stands only beside the step that it was
    made for, from the phase just before.
    """
    floor = estimates.noise_floor(REFERENCE)
    rungs = []
    below: Variant | None = None
    for variant in sorted(variants, key=lambda entry: (entry.phase is None, entry.phase or 0)):
        step = estimates.speedup(variant.name, below.name) if below else None
        total = estimates.speedup(variant.name, REFERENCE) if variant.name != REFERENCE else None
        rungs.append(
            Rung(
                variant=variant.name,
                phase=variant.phase,
                base=below.name if below else None,
                events_per_second=estimates.events_per_second(variant.name),
                step=step,
                step_verdict=verdict(step, floor) if step else None,
                total=total,
                total_verdict=verdict(total, floor) if total else None,
                prediction=_promise(variant, below),
            )
        )
        if variant.phase is not None:
            below = variant
    return rungs


def _promise(variant: Variant, below: Variant | None) -> Prediction | None:
    if variant.phase is None or below is None or below.phase != variant.phase - 1:
        return None
    return predictions().get(variant.phase)
