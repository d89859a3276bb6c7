"""Did a prediction come true? The measured interval of a phase's step against the predicted range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from lobench.engine.errors import UsageError
from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.analysis import Rung
from lobench.workbench.results.model.document import FeedResult, Result
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.ladder import Prediction
from lobench.workbench.results.model.verdict import SHOWN

Score = Literal["hit", "under", "over", "open"]


@dataclass(frozen=True)
class Grade:
    """One prediction on one feed. ``measured`` is the step's interval, None if it was not measured; ``notes`` qualify
    the score."""

    feed: str
    prediction: Prediction
    variant: str | None
    measured: Interval | None
    score: Score
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "feed": self.feed,
            "phase": self.prediction.phase,
            "variant": self.variant,
            "prediction": as_json(self.prediction.promise()),
            "measured": as_json(self.measured),
            "score": self.score,
            "notes": list(self.notes),
        }


def grade(low: float, high: float, measured: Interval | None, verdict: str | None) -> Score:
    """A step's grade: it follows the verdict on the step, and claims no more than the interval does.

    ``open``: the step is not shown to differ from no effect, or its interval crosses an end of the predicted range.
    Otherwise ``hit``: the interval lies within the range; ``under``, ``over``: wholly below or above it. One predicted
    figure stands for all values that round to it: 1.2 is 1.15 to 1.25, and 1 is 0.95 to 1.05.
    """
    if measured is None or verdict not in SHOWN:
        return "open"
    low, high = rounded(low, high)
    if measured.high < low:
        return "under"
    if measured.low > high:
        return "over"
    return "hit" if low <= measured.low and measured.high <= high else "open"


def rounded(low: float, high: float) -> tuple[float, float]:
    """The range of a prediction."""
    if low < high:
        return low, high
    half = 0.5 * 10.0 ** min(-1, int(Decimal(repr(low)).as_tuple().exponent))
    return low - half, high + half


def score(document: Result, feed: FeedResult, ledger: Mapping[int, Prediction]) -> list[Grade]:
    """Grades of all predictions of ``ledger`` on one feed of a result document, by phase. All are open where only a
    part of the pipeline was measured.

    Raises UsageError if the feed has no analysis.
    """
    if feed.analysis is None:
        raise UsageError(
            f"{feed.name}: the result holds no analysis because it was interrupted; "
            f"finish the measurement first: {document.command}"
        )
    if not document.whole:
        why = f"measured until {document.until} only: predictions are of the whole pipeline"
        return [Grade(feed.name, ledger[phase], None, None, "open", (why,)) for phase in sorted(ledger)]
    rungs = {rung.phase: rung for rung in feed.analysis.ladder if rung.phase is not None}
    phases = {rung.variant: phase for phase, rung in rungs.items()}
    return [_graded(document, feed.name, rungs.get(phase), phases, ledger[phase]) for phase in sorted(ledger)]


def _graded(
    document: Result,
    feed: str,
    rung: Rung | None,
    phases: Mapping[str, int],
    prediction: Prediction,
) -> Grade:
    if rung is not None and rung.same_as:
        return Grade(feed, prediction, rung.variant, None, "open", (rung.note or "",))
    if rung is None or rung.step is None:
        return Grade(feed, prediction, None, None, "open", ("the phase was not measured",))
    if phases.get(rung.base or "") != prediction.phase - 1:
        missing = f"phase {prediction.phase - 1}, over which the gain was predicted, was not measured"
        return Grade(feed, prediction, rung.variant, None, "open", (missing,))
    notes = []
    # Dates have no time of day: a prediction of the same day counts as made before.
    if prediction.date[:10] > document.created[:10]:
        notes.append(f"predicted on {prediction.date}, after the measurement of {document.created[:10]}")
    kept = rung.prediction
    if kept is not None and (kept.low, kept.high) != (prediction.low, prediction.high):
        notes.append(f"when it was measured the ledger predicted {kept.low:.4g} to {kept.high:.4g}")
    found = grade(prediction.low, prediction.high, rung.step, rung.step_verdict)
    if found == "open":
        notes.append(_why_open(prediction, rung))
    return Grade(feed, prediction, rung.variant, rung.step, found, tuple(notes))


def _why_open(prediction: Prediction, rung: Rung) -> str:
    """Reasons that keep a measured step from being graded."""
    if rung.step_verdict not in SHOWN:
        return rung.note or rung.step_verdict or "no verdict"
    return f"the interval reaches across an end of the predicted range, {prediction.gain}"
