"""Two variants of one session compared directly, whatever their places on the ladder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.changes import slower_than
from workbench.statistics import compared, verdict
from workbench.statistics.verdicts import holm


def compare(feed: Mapping[str, Any], base: str, variant: str, tolerance: float, family: int = 1) -> dict[str, Any]:
    """``feeds[].comparison`` of a result document: how many times faster ``variant`` is than ``base``.

    ``family``: comparisons that are made beside each other, this one among them. Without a second process the p-value
    is 1, as nothing is known of how processes differ.
    """
    comparisons = compared(feed["session"])
    found = comparisons.compare(variant, base)
    p = found.p if comparisons.cpu.repeated else 1.0
    # The others of the family are at most as telling: Holm's first step.
    adjusted = holm([p, *[1.0] * (family - 1)])[0]
    ratio = found.ratio()
    return {
        "base": base,
        "variant": variant,
        "ratio": ratio,
        "ratio_wall": comparisons.compare(variant, base, wall=True).ratio(),
        "p": p,
        "p_holm": adjusted,
        "verdict": verdict(ratio, adjusted, comparisons.floor),
        "tolerance": tolerance,
        "regression": slower_than(ratio, adjusted, comparisons.floor, tolerance),
    }
