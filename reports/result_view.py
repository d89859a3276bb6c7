"""A result document's data about one feed, read once: the refuted variants, and the figures to show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any, Protocol, TypeVar

from lobench.engine.policy import CORE_AXES
from lobench.variants import REFERENCE
from lobench.workbench.results.caution import idleness
from lobench.workbench.results.conversion import as_json, from_json
from lobench.workbench.results.model.analysis import Analysis, Rung
from lobench.workbench.results.model.attribution import FromTop
from lobench.workbench.results.model.document import FeedResult, Result
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.noise import Noise
from lobench.workbench.results.model.profiles import VariantProfile
from lobench.workbench.results.model.verdict import FASTER
from lobench.workbench.results.refuted import refuted

WHOLE = "strategies"
"""The pipeline's last stage: a document of all of it is ``until`` this."""
LATENCY = "latency"
"""The kind of a document that is about nothing but latency."""
OWN = "lobench"
"""The name of lobench's own ladder."""
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")


class OfVariant(Protocol):
    """A row of an analysis that is about one variant."""

    @property
    def variant(self) -> str: ...


Row = TypeVar("Row", bound=OfVariant)


def printable(document: Result) -> Result:
    """The same document with a mark in place of characters that neither XML nor a reader can take."""
    return from_json(Result, printed(as_json(document)))


def printed(value: Any) -> Any:
    """The same of JSON."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {printed(key): printed(entry) for key, entry in value.items()}
    if isinstance(value, list):
        # Raw samples are lists of integers and by far the largest part of a document.
        return value if value and type(value[0]) is int else [printed(entry) for entry in value]
    return value


class ResultView:
    """One feed of one document. ``refuted`` variants (``results.refuted``) must not be shown: this class removes all
    their figures."""

    def __init__(self, document: Result, feed: FeedResult) -> None:
        self.document, self.feed = document, feed
        self.analysis: Analysis | None = feed.analysis
        self.whole = document.until == WHOLE
        self.name = feed.name if self.whole else f"{feed.name} until {document.until}"

    @property
    def ladder_name(self) -> str:
        """Of the ladder that was measured."""
        return self.document.ladder.name if self.document.ladder else OWN

    @cached_property
    def titles(self) -> dict[str, str]:
        """Variant to its title in the user's ladder; lobench's own steps go by their names."""
        return self.document.ladder.titles if self.document.ladder else {}

    @cached_property
    def digests(self) -> dict[str, str]:
        """Variant to the digest of its sources."""
        return {variant.name: variant.source_digest for variant in self.document.variants}

    @property
    def crossed(self) -> bool:
        """Whether the core axes can be crossed: of lobench's ladder, or one from the same reference up that changes
        each of them once."""
        if self.document.ladder is None:
            return True
        if self.document.ladder.reference != REFERENCE:
            return False
        steps = [variant.policies for variant in self.document.variants if variant.phase is not None]
        return all(len({own[axis] for own in steps if axis in own}) == 2 for axis in CORE_AXES)

    @property
    def dismantled(self) -> bool:
        """Whether the top can be taken apart by axes: the ends of the ladder are made of lobench's policies."""
        ladder = self.document.ladder
        if ladder is None:
            return True
        policies = {variant.name: variant.policies for variant in self.document.variants}
        return bool(policies.get(ladder.reference) and policies.get(ladder.steps[-1].variant))

    @property
    def idle(self) -> str:
        """A warning that features and strategies had no work on this feed, with a remedy; empty if they had."""
        return idleness(self.name, self.feed.evaluations, self.document.until) or ""

    @cached_property
    def refuted(self) -> dict[str, str]:
        """Variant -> why."""
        return refuted(self.feed)

    @cached_property
    def variants(self) -> list[str]:
        """Names in the document's order, with those that verification alone knows."""
        names = [variant.name for variant in self.document.variants]
        return list(dict.fromkeys([*names, *(outcome.name for outcome in self.feed.verification)]))

    @cached_property
    def agreeing(self) -> list[str]:
        verified = {outcome.name for outcome in self.feed.verification}
        return [name for name in self.variants if name in verified and name not in self.refuted]

    @cached_property
    def ladder(self) -> list[Rung]:
        """Rungs without refuted variants; a step from a refuted one is no step."""
        rungs = []
        for rung in self.shown(self.analysis.ladder if self.analysis else ()):
            if rung.base in self.refuted:
                rung = replace(rung, step=None, step_wall=None, step_verdict=None, step_alone=None, score=None)
            if self.reference in self.refuted:
                rung = replace(rung, total=None, total_verdict=None, total_alone=None)
            rungs.append(rung)
        return rungs

    @cached_property
    def speeds(self) -> dict[str, Interval]:
        """Variant to events per second, without refuted variants."""
        return {rung.variant: rung.events_per_second for rung in self.ladder}

    @cached_property
    def detectable(self) -> list[float]:
        """Smallest reliably detected effects: between the reference and itself; in the noisiest step, if known."""
        if self.noise is None:
            return []
        mde = self.noise.mde
        return [entry.effect for entry in (mde, mde.step) if entry]

    @cached_property
    def reference(self) -> str:
        """The original of the session's control; without a session, the ladder's reference, or phase 0."""
        # A variant at the top may be measured twice, too; the reference's second name comes last.
        if self.feed.session is not None and self.feed.session.has_control:
            return self.feed.session.reference
        if self.document.ladder is not None:
            return self.document.ladder.reference
        bottom = [variant.name for variant in self.document.variants if variant.phase == 0]
        return next(iter([*bottom, *self.variants]), "")

    @cached_property
    def phases(self) -> list[Rung]:
        """Rungs of the ladder proper, from the bottom up."""
        return [rung for rung in self.ladder if rung.phase is not None]

    @cached_property
    def top(self) -> Rung | None:
        """The highest phase that has a total; without phases, the last variant that has one. Of several names of one
        kernel the first."""
        rungs = [rung for rung in self.phases or self.ladder if rung.total and not rung.same_as]
        return rungs[-1] if rungs else None

    @cached_property
    def beside(self) -> list[Rung]:
        """Rungs of variants that are no phase, compared with the ladder's top."""
        return [rung for rung in self.ladder if rung.phase is None and rung.step and self.phases]

    @cached_property
    def biggest(self) -> Rung | None:
        """The phase with the largest step among those with a shown gain; a step over several phases at once belongs to
        none."""
        phases = self.document.phases
        earning = [rung for rung in self.phases if rung.step and rung.step_verdict == FASTER]
        steps = [rung for rung in earning if phases.get(rung.base or "") == (rung.phase or 0) - 1]
        return max(steps, key=lambda rung: rung.step.value if rung.step else 0.0, default=None)

    @cached_property
    def profiles(self) -> list[VariantProfile]:
        """Variants' profiles; a change from a refuted variant is no change."""
        entries = self.shown(self.feed.profiles.variants if self.feed.profiles else ())
        return [
            replace(entry, change=None) if entry.change and entry.change.before in self.refuted else entry
            for entry in entries
        ]

    @cached_property
    def bottleneck(self) -> str:
        """Where the top variant's time goes, as a sentence; empty if it was not profiled."""
        by_name = {entry.variant: entry for entry in self.profiles if entry.next_bottleneck_line}
        ladder = [name for name in by_name if name in self.document.phases]
        top = self.top.variant if self.top and self.top.variant in by_name else ""
        name = top or (ladder or [*by_name] or [""])[-1]
        return f"{name}: {by_name[name].next_bottleneck_line}." if name else ""

    @cached_property
    def from_top(self) -> FromTop | None:
        """The loss of the top without one single phase; None if not measured, or if the top is refuted."""
        found = self.analysis.from_top if self.analysis else None
        if found is None or found.top in self.refuted:
            return None
        return replace(found, axes=tuple(entry for entry in found.axes if entry.variant not in self.refuted))

    @property
    def noise(self) -> Noise | None:
        return self.analysis.noise if self.analysis else None

    @property
    def factorial_refuted(self) -> list[str]:
        """Combinations of the factorial that ended in another state: they spoil every effect."""
        return list(self.feed.factorial.disagreeing) if self.feed.factorial else []

    def run(self, *arguments: str, verb: str = "run") -> str:
        """The command that measures the missing part of this result."""
        options = self.document.options
        ladder = ["--ladder", options.ladder] if options and options.ladder else []
        return shlex.join(["lobench", verb, *ladder, *arguments, *self.feed.specs])

    def shown(self, rows: Iterable[Row] | None) -> list[Row]:
        """Rows of an analysis that are about no refuted variant."""
        return [row for row in rows or () if row.variant not in self.refuted]
