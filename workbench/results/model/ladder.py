"""A user's ladder as it was when measured: a page needs no file. lobench's own is not stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lobench.workbench.results.model.analysis import Promise


@dataclass(frozen=True)
class Prediction(Promise):
    """One prediction for a phase: the gain of its step over the phase before, as a range of ratios, with its source and
    date.

    ``throughput`` is in millions of events per second after the phase. ``share`` is the basis of an Amdahl bound: low
    and high share of the time, 0 to 1. ``feed`` is (name, digest) of the only feed that the prediction is for.
    """

    before: str | None = None
    after: str | None = None
    throughput: tuple[float, ...] | None = None
    share: tuple[float, ...] | None = None
    speedup: float | None = None
    feed: tuple[str, ...] | None = None

    def promise(self) -> Promise:
        """The prediction beside a measured step in a result document."""
        return Promise(self.phase, self.bottleneck, self.low, self.high, self.source, self.date)

    @property
    def gain(self) -> str:
        """The range for a person."""
        return f"{self.low:.4g}x" if self.low == self.high else f"{self.low:.4g}-{self.high:.4g}x"


def of_feed(entries: Iterable[Prediction], feed: str | None) -> dict[int, Prediction]:
    """Predictions by phase; a phase without one is not there.

    ``feed`` is a digest: a prediction for that feed comes before one for all feeds, one for another feed counts for
    nothing.
    """
    # Predictions for all feeds first, so that those for this feed replace them.
    ordered = sorted(entries, key=lambda entry: (entry.phase, entry.feed is not None))
    return {entry.phase: entry for entry in ordered if entry.feed is None or entry.feed[1] == feed}


@dataclass(frozen=True, slots=True)
class KeptStep:
    """A step: the name of its variant, and its title for a person."""

    variant: str
    title: str


@dataclass(frozen=True, slots=True)
class KeptLadder:
    """``steps``: from the bottom up; a step's phase is its place. ``reference``: the step that totals are over.
    ``until``: the last stage that every step computes, as far as the ladder goes."""

    name: str
    reference: str
    until: str
    steps: tuple[KeptStep, ...]
    predictions: tuple[Prediction, ...]

    def predicted(self, feed: str | None) -> dict[int, Prediction]:
        """As ``of_feed``."""
        return of_feed(self.predictions, feed)

    @property
    def titles(self) -> dict[str, str]:
        """Variant to title."""
        return {step.variant: step.title for step in self.steps}
