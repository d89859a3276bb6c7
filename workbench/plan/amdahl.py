"""The largest possible gain of a phase, from the share of the time that it works on.

Amdahl 1967: if a part takes the share p of the time and becomes s times as fast, the whole becomes 1 / (1 - p + p / s)
times as fast, and 1 / (1 - p) if the part vanishes.
"""

from __future__ import annotations

from collections.abc import Sequence

from lobench.engine.errors import UsageError
from lobench.workbench.results.model.analysis import StageShare
from lobench.workbench.results.model.document import Result
from lobench.workbench.results.model.intervals import Interval


def gain_range(share: tuple[float, float], speedup: float | None = None) -> tuple[float, float]:
    """Lowest and highest gain for a share between two values, each from 0 to below 1.

    Without ``speedup`` of the part anything from no gain to the part's vanishing is possible. Raises UsageError for
    values out of range.
    """
    low, high = share
    if not 0 <= low <= high < 1:
        raise UsageError(f"a share of the time must be from 0 to below 1, was {low:g} to {high:g}")
    if speedup is None:
        return 1.0, 1 / (1 - high)
    if not 1 < speedup < float("inf"):
        raise UsageError(f"--speedup is the speed-up of the part, above 1, was {speedup:g}")
    return 1 / (1 - low + low / speedup), 1 / (1 - high + high / speedup)


def share_from(document: Result, stage: str, feed: str | None = None, phase: int | None = None) -> tuple[float, float]:
    """Low and high end of a stage's measured share of the time, from a result document that holds a profile
    (``analysis.stages``).

    ``feed``: digest of the feed to use, needed if several have that stage. ``phase``: the predicted phase; if several
    variants were profiled, the share is taken from the highest phase below it, on which it builds. Raises UsageError
    if no stage, or more than one, is found.
    """
    known: list[str] = []
    found: list[tuple[str, Interval]] = []
    for entry in document.feeds:
        if feed is not None and entry.digest != feed:
            continue
        for measured in _below(document, entry.analysis.stages or () if entry.analysis else (), phase):
            known.append(measured.stage)
            if measured.stage == stage:
                found.append((entry.name, measured.share))
    if not known:
        raise UsageError(
            "the result holds no shares of stages" + (" of that feed" if feed else "") + ": it needs a profile; "
            "or give the share that you measured with --share"
        )
    if not found:
        raise UsageError(f"the result holds no stage '{stage}'. Use any of {', '.join(dict.fromkeys(known))}")
    if len(found) > 1:
        raise UsageError(
            f"the result holds stage '{stage}' {len(found)} times ({', '.join(name for name, _ in found)}): "
            "name the feed, or give --share"
        )
    share = found[0][1]
    return share.low, share.high


def _below(document: Result, rows: Sequence[StageShare], phase: int | None) -> Sequence[StageShare]:
    """Of the rows of several variants, those of the highest phase below ``phase``; all of them if there is none."""
    if phase is None:
        return rows
    phases = document.phases
    below = [phases[name] for row in rows if (name := row.variant) in phases and phases[name] < phase]
    return [row for row in rows if phases.get(row.variant or "") == max(below)] if below else rows
