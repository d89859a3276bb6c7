"""The prediction ledger: what the plan promised for each phase before it was measured (``variants/plan.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Prediction:
    """One phase's promise: the gain of its step over the phase before, as a range of ratios, and who made it when."""

    phase: int
    bottleneck: str
    low: float
    high: float
    source: str
    date: str


def predictions() -> dict[int, Prediction]:
    """Predictions by phase; a phase without one is not there."""
    ledger = tomllib.loads(files("variants").joinpath("plan.toml").read_text())
    return {
        entry["phase"]: Prediction(
            phase=entry["phase"],
            bottleneck=entry["bottleneck"],
            low=float(entry["gain"][0]),
            high=float(entry["gain"][1]),
            source=entry["source"],
            date=str(entry["date"]),
        )
        for entry in ledger["prediction"]
    }
