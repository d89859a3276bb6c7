"""Direct comparison of two variants of one session, whatever their places on the ladder."""

from __future__ import annotations

from dataclasses import replace

from lobench.engine.errors import LobenchError
from lobench.engine.stages import STAGES
from lobench.workbench.comparison.diff import slower_than
from lobench.workbench.results.caution import idleness
from lobench.workbench.results.model.analysis import Comparison
from lobench.workbench.results.model.document import FeedResult
from lobench.workbench.statistics import compared, verdict
from lobench.workbench.statistics.analysis import UNJUDGED
from lobench.workbench.statistics.bias import alone
from lobench.workbench.statistics.ladder import Comparisons
from lobench.workbench.statistics.verdicts import holm


def compare(
    feed: FeedResult,
    base: str,
    variant: str,
    tolerance: float,
    family: int = 1,
    until: str = STAGES[-1],
) -> Comparison:
    """``feeds[].comparison`` of a result document: how many times faster ``variant`` is than ``base``.

    ``family``: comparisons that are made beside each other, this one among them. Without a second process the p-value
    is 1, as nothing is known of how processes differ. Two names of one kernel get no verdict, nor does anything on a
    feed where nothing was evaluated: ``note`` says why. Raises LobenchError where nothing was measured.
    """
    if feed.session is None:
        raise LobenchError(f"{feed.name}: nothing was measured, so there is nothing to compare")
    comparisons = compared(feed.session)
    note = _unjudged(feed, comparisons, base, variant, until)
    p = p_of(comparisons, variant, base)
    # Holm's first step, as if this were the smallest p-value of its family.
    adjusted = holm([p, *[1.0] * (family - 1)])[0]
    biases = {entry.variant: entry for entry in (feed.analysis.bias if feed.analysis else None) or ()}
    pair = judged(comparisons, base, variant, tolerance, p_holm=adjusted, note=note)
    return replace(pair, ratio_alone=alone(pair.ratio, biases.get(variant), biases.get(base)))


def judged(
    comparisons: Comparisons, base: str, variant: str, tolerance: float, *, p_holm: float, note: str | None
) -> Comparison:
    """One pair of a session. ``p_holm``: its p-value, corrected for those compared beside it; ``note``: why there is no
    verdict."""
    found = comparisons.compare(variant, base)
    ratio, floor = found.ratio(), comparisons.floor_for(variant, base)
    word = None if note else verdict(ratio, p_holm, floor)
    return Comparison(
        base=base,
        variant=variant,
        ratio=ratio,
        ratio_wall=comparisons.compare(variant, base, wall=True).ratio(),
        p=p_of(comparisons, variant, base),
        p_holm=p_holm,
        floor=floor,
        verdict=word,
        note=note,
        of_build=comparisons.of_build(variant, base, word),
        tolerance=tolerance,
        regression=not note and slower_than(ratio, p_holm, floor, tolerance),
    )


def p_of(comparisons: Comparisons, variant: str, base: str) -> float:
    """The p-value of a pair; 1 without a second process, as nothing is known of how processes differ."""
    return comparisons.compare(variant, base).p if comparisons.cpu.repeated else 1.0


def _unjudged(feed: FeedResult, comparisons: Comparisons, base: str, variant: str, until: str) -> str | None:
    if comparisons.kind(base) == comparisons.kind(variant):
        return f"{variant} is the same kernel as {base} here"
    return UNJUDGED if idleness(feed.name, feed.evaluations, until) else None
