"""Sessions of stage times made up: processes that have peculiarities of their own, and slices with noise."""

from __future__ import annotations

import numpy as np

SHARES = (0.1, 0.3, 0.4, 0.2)
SLICES = 5
PASSES = 6


def simulated(seed: int, processes: int = 6, *, peculiar: float = 0.03, noise: float = 0.02) -> list[np.ndarray]:
    """Nanoseconds as ``stage_times`` takes them, of 100,000 ns a pass: each process has its own speed and its own
    shares, a stage at a time, and each sample its own noise."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(processes):
        stages = np.array(SHARES) * (1 + rng.normal(0, peculiar, len(SHARES))) * (1 + rng.normal(0, peculiar))
        whole = np.cumsum(stages) * 100_000 / SLICES
        found.append(whole * (1 + rng.normal(0, noise, (PASSES, SLICES, len(SHARES)))))
    return found
