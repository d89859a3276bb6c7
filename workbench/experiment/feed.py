"""One feed of an experiment: its replays, its variants, and its growing part of the document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final

from lobench.engine.closing import Closing
from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.feeds import Feed, LoadedFeed, load
from lobench.engine.foreign.start import Contestant
from lobench.engine.parameters import LayoutParameters
from lobench.engine.scope import least
from lobench.engine.workload import Workload
from lobench.workbench.console import progress, stderr
from lobench.workbench.experiment.budget import Budget
from lobench.workbench.experiment.document import Document
from lobench.workbench.ladder import Ladder
from lobench.workbench.measurement.grain import Grain
from lobench.workbench.measurement.shared_feed import SharedFeed, shared
from lobench.workbench.precompile import warm_all
from lobench.workbench.processes.starting import WorkerError
from lobench.workbench.results.caution import evaluates, unevaluated
from lobench.workbench.results.model.document import FeedResult, Verified
from lobench.workbench.results.refuted import failed
from lobench.workbench.tuning.fitted import parameters_for
from lobench.workbench.tuning.picking import pick

ANALYSED: Final = frozenset(
    ("verification", "session", "isolated", "factorial", "from_top", "scaling", "at_once", "limits")
)
"""Fields of a feed's part of the document that its analysis is made of."""


class FeedExperiment(Closing):
    """One feed's part of a document. ``variants`` include the reference of the ``ladder``; ``tuning`` is the user's
    tuning file (``workbench.tuning.picking``); ``pair``: names of the two variants to measure, None for all.
    Close it, or use it as a context.

    Steps read it, and pass their findings to ``put``. Raises UsageError for a feed without events.
    """

    def __init__(
        self,
        document: Document,
        specs: Sequence[str],
        source: Feed,
        variants: Sequence[Contestant],
        ladder: Ladder,
        budget: Budget,
        tuning: str | None = None,
        pair: tuple[str, str] | None = None,
    ) -> None:
        self.document = document
        self.pair = pair
        self.specs = list(specs)
        self.ladder = ladder
        self.budget = budget
        content = document.content
        scope = least(variant.scope(content.until) for variant in variants)
        self.traced = scope.trace
        asked = Workload(evaluate=content.evaluate, until=content.until, files=ladder.files)
        self.workload = asked.within(scope)
        # Refuse a bad tuning file before the feed is read.
        named = pick(source, tuning, variants) if tuning else None
        with progress(f"reading {source.name}", None):
            self.feed: LoadedFeed = load(source)
        if not self.feed.count:
            raise UsageError(f"{self.feed.name}: no events to measure")
        if self.idle:
            stderr().print(f"lobench: {unevaluated(self.feed.name)}", markup=False, soft_wrap=True)
        self.picked = named if tuning else pick(self.feed, None, variants)
        self._fit(variants, self.picked.parameters if self.picked else None)
        self._content: FeedResult | None = None
        self._open = ExitStack()
        self._shared: SharedFeed | None = None
        self.grains: dict[tuple[str, ...], Grain] = {}
        self.stale = True
        """Whether something was measured or verified since the analysis was made."""

    @property
    def idle(self) -> bool:
        """Whether features and strategies are replayed, but none of the feed's records is evaluated."""
        mask, value = self.workload.flags
        return evaluates(self.workload.until) and not ((self.feed.records["flags"] & mask) == value).any()

    @property
    def begun(self) -> bool:
        """Whether the document has a part of this feed."""
        return self._content is not None

    @property
    def content(self) -> FeedResult:
        """This feed's part of the document. Raises LobenchError if there is none yet."""
        if self._content is None:
            raise LobenchError(f"{self.feed.name}: nothing was verified yet")
        return self._content

    @property
    def handed(self) -> SharedFeed:
        """The feed as memory that worker processes can have."""
        if self._shared is None:
            self._shared = self._open.enter_context(shared(self.feed))
        return self._shared

    @property
    def trusted(self) -> list[Contestant]:
        """Variants that may be measured, in the ladder's order, then those beside it."""
        good = self.agreeing(self.variants)
        return sorted(good, key=lambda variant: (variant.phase is None, variant.phase or 0))

    @property
    def measured(self) -> list[Contestant]:
        """The trusted variants that are measured: all, or those of the pair, in its order."""
        if self.pair is None:
            return self.trusted
        trusted = {variant.name: variant for variant in self.trusted}
        return [trusted[name] for name in self.pair if name in trusted]

    def agreeing(self, variants: Iterable[Contestant]) -> list[Contestant]:
        """Those that no verification refuted."""
        wrong = failed(self.content)
        return [variant for variant in variants if variant.name not in wrong]

    def begin(self, content: FeedResult) -> None:
        """The feed's part of the document is there."""
        self.document.content.feeds.append(content)
        self._content = content
        self.document.save()

    def adopt(self, content: FeedResult) -> None:
        """Continue from the document's data about this feed, which was verified with the same sources. Raises
        UsageError if it holds another feed."""
        if content.digest != self.feed.digest:
            raise UsageError(f"{self.feed.name}: its records are not those measured before; nothing can be added")
        kept = content.tuning
        try:
            self._fit(self.variants, parameters_for(self.variants, kept.parameters) if kept else None)
        except ValueError as error:
            raise UsageError(f"{self.feed.name}: tuning.parameters.{error}; measure again") from error
        warm_all(self.variants, ("timed",), self.workload)
        self._content = content

    def put(self, *, seldom: bool = False, **fields: Any) -> None:
        """Add findings to this feed's part of the document, and save it; with ``seldom``, not if it was just saved."""
        for name, value in fields.items():
            setattr(self.content, name, value)
        self.stale = self.stale or not ANALYSED.isdisjoint(fields)
        self.document.save(seldom=seldom)

    def add_outcomes(self, outcomes: Iterable[Verified]) -> None:
        """More outcomes of verification."""
        more = tuple(outcomes)
        if more:
            self.put(verification=(*self.content.verification, *more))

    def lose(self, error: WorkerError, when: str) -> None:
        """Continue without the variant that ended a measuring process. Raises the error if it was the reference, or
        none."""
        if error.who is None or error.who == self.ladder.reference:
            raise error
        self.add_outcomes([Verified(error.who, 1, False, None, f"{when}, {error.how}")])

    def fitted(self, variants: Iterable[Contestant]) -> list[Contestant]:
        """Variants with the parameters of this feed, where they take some."""
        return [variant.fitted(self._parameters) for variant in variants]

    def _fit(self, variants: Sequence[Contestant], parameters: LayoutParameters | None) -> None:
        """Give variants that take them the parameters of this feed."""
        self._parameters = parameters
        self.workload = replace(self.workload, parameters=parameters.as_json() if parameters else None)
        self.variants = self.fitted(variants)

    def close(self) -> None:
        """Give the shared memory back."""
        self._shared = None
        self._open.close()
