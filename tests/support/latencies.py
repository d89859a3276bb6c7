"""A feed's latency as a result document holds it, made up: slower variants answer later, and one takes blocks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from lobench.workbench.latency.histograms import distribution
from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.latency import BlockCost, Counter, Distribution, Latency, Load, VariantLatency

EVENTS = 2_000
SPEEDS = (1.0, 4.0, 16.0)


@cache
def _times(typical: float) -> Distribution:
    made = distribution(typical * np.random.default_rng(1).lognormal(0, 1, EVENTS))
    assert made is not None
    return made


def latency_of(names: Sequence[str]) -> dict[str, Any]:
    """Of these variants, the last of which takes up to 256 records at a time."""
    variants = []
    for place, name in enumerate(names):
        typical, several = 900.0 / (1 + place), name == names[-1]
        service = None if several else _times(typical)
        variants.append(
            VariantLatency(
                variant=name,
                block=256 if several else 1,
                passes=3,
                replay=typical / 2,
                probe=19.5,
                service=service,
                actions={} if service is None else {"A": service, "C": service},
                costs=(BlockCost(1, 1, 40, typical), BlockCost(2, 3, 7, typical / 2)) if several else (),
                loads=tuple(Load(speed, 0.01 * speed, EVENTS, _times(typical * speed)) for speed in SPEEDS),
                largest=None if place == 0 else 10.0 * place,
            )
        )
    found: dict[str, Any] = as_json(
        Latency("ts_recv", EVENTS, 12, 3, 6e10, 1e5, 0.999, Counter("tsc", 2.4e9), tuple(variants))
    )
    return found
