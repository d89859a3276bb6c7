"""A command's messages about a session."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from lobench.workbench.results.model.noise import NoisiestStep, SmallestEffect
from lobench.workbench.summaries.phrases import resolution


def said(effect: float, noisiest: float) -> str:
    step = NoisiestStep("p2_snapshot", "p1_zero_copy", noisiest)
    noise: Any = SimpleNamespace(mde=SmallestEffect(effect, 0.8, step))
    return resolution(noise)


def test_the_smallest_effects_are_said_in_percent() -> None:
    assert said(0.0031, 0.0095) == (
        "differences of 0.31% are detected with 80% probability; 0.95% in the noisiest step, p1_zero_copy to "
        "p2_snapshot"
    )


def test_an_effect_without_sense_is_only_large() -> None:
    """Two processes that differ much tell of effects of twenty digits."""
    assert said(1.2e24, 9.99) == (
        "differences of more than 1,000% are detected with 80% probability; "
        "999.00% in the noisiest step, p1_zero_copy to p2_snapshot"
    )
