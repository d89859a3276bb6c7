"""An experiment on one feed: verify, then measure part by part. Each part is in the document as soon as it is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.feeds import Feed, LoadedFeed, load
from lobench.engine.foreign.start import Contestant
from lobench.engine.parameters import LayoutParameters
from lobench.engine.policy import Variant
from lobench.engine.scope import least
from lobench.engine.stages import STAGES
from lobench.engine.workload import Workload
from lobench.variants import REFERENCE, discover, factorial, from_top
from lobench.workbench import statistics
from lobench.workbench.console import progress, stderr
from lobench.workbench.experiment.budget import FEWEST_CHOSEN, Budget, design
from lobench.workbench.experiment.document import Document, new_feed, verified
from lobench.workbench.experiment.latency import add_latency
from lobench.workbench.experiment.profiles import add_profiles
from lobench.workbench.experiment.stretch import representative
from lobench.workbench.kernel_identity import same_kernels
from lobench.workbench.ladder import Ladder
from lobench.workbench.latency.asked import Asked
from lobench.workbench.measurement import counters, limits, scaling, sweep
from lobench.workbench.measurement.clocks import usable_cpus
from lobench.workbench.measurement.grain import Grain, choose_grain
from lobench.workbench.measurement.live_view import display
from lobench.workbench.measurement.precision import reached
from lobench.workbench.measurement.session import Session, measure, measured_twice
from lobench.workbench.measurement.shared_feed import SharedFeed, shared
from lobench.workbench.precompile import warm_all
from lobench.workbench.processes.starting import WorkerError
from lobench.workbench.results.caution import evaluates, unevaluated
from lobench.workbench.results.conversion import from_json
from lobench.workbench.results.model.control import again
from lobench.workbench.results.model.document import FeedResult, Tuning, Verified
from lobench.workbench.results.refuted import failed
from lobench.workbench.tuning.fitted import parameters_for
from lobench.workbench.tuning.picking import pick
from lobench.workbench.verification.compare import Verification
from lobench.workbench.verification.variants import Settings, verify_all

VERIFIED_WITH = (1, 2)
"""Numbers of workers that every variant is verified with."""

FACTORIAL_RECORDS = 200_000
"""Records, from the start of the feed, that the factorial replays at least."""

_CHOOSING = 4.0
"""Seconds for choosing the grain, at most."""

_PROCESSES = 2
"""Fresh processes of the limits and of the sweep."""

_SCALING_PROCESSES, _SCALING_SECONDS = 4, 2.0
"""Of scaling, where each has so many seconds: what two workers gain differs more from process to process."""


class FeedExperiment:
    """One feed's part of a document. ``variants`` hold the reference of the ``ladder``; ``tuning`` is the tuning file
    that the user names (``workbench.tuning.picking``); ``time_limit``: seconds that verifying one variant may take.

    ``verify`` comes first; every other step adds to ``content``, which is in the document from then on. Raises
    UsageError for a feed without events.
    """

    def __init__(
        self,
        document: Document,
        specs: Sequence[str],
        source: Feed,
        variants: Sequence[Contestant],
        ladder: Ladder,
        tuning: str | None = None,
        time_limit: float | None = None,
    ) -> None:
        self._document = document
        self._time_limit = time_limit
        self._specs = list(specs)
        self._ladder = ladder
        content = document.content
        scope = least(variant.scope(content.until) for variant in variants)
        self._traced = scope.trace
        asked = Workload(evaluate=content.evaluate, until=content.until, files=ladder.files)
        self._workload = asked.within(scope)
        # A file that is named is refused before anything is read.
        named = pick(source, tuning, variants) if tuning else None
        self.feed: LoadedFeed = load(source)
        if not self.feed.count:
            raise UsageError(f"{self.feed.name}: no events to measure")
        self._say_if_idle()
        self._picked = named if tuning else pick(self.feed, None, variants)
        self._fit(variants, self._picked.parameters if self._picked else None)
        self._content: FeedResult | None = None
        self._grains: dict[tuple[str, ...], Grain] = {}
        self._shared: SharedFeed | None = None

    @property
    def idle(self) -> bool:
        """Whether features and strategies are part of what is replayed, and none of the feed's records is evaluated."""
        mask, value = self._workload.flags
        return evaluates(self._workload.until) and not ((self.feed.records["flags"] & mask) == value).any()

    def _say_if_idle(self) -> None:
        if self.idle:
            stderr().print(f"lobench: {unevaluated(self.feed.name)}", markup=False, soft_wrap=True)

    @contextmanager
    def handed_over(self) -> Iterator[None]:
        """Within, worker processes can have the feed: every step but ``verify``, ``count`` and ``analyse`` needs
        that."""
        with shared(self.feed) as self._shared:
            yield
        self._shared = None

    @property
    def content(self) -> FeedResult:
        """This feed's part of the document."""
        assert self._content is not None, "after verify() or adopt() only"
        return self._content

    @property
    def trusted(self) -> list[Contestant]:
        """Variants that may be measured, in the ladder's order, then those beside it."""
        wrong = failed(self.content)
        good = [variant for variant in self.variants if variant.name not in wrong]
        return sorted(good, key=lambda variant: (variant.phase is None, variant.phase or 0))

    def verify(self) -> None:
        """Compare every variant with the reference, and begin this feed's part of the document. Raises LobenchError
        where the ladder's own reference does not agree with lobench's."""
        outcomes = self._verified(self.variants)
        self._content = new_feed(self._specs, self.feed, outcomes)
        self._content.tuning = from_json(Tuning, self._picked.as_json()) if self._picked else None
        self._document.content.feeds.append(self._content)
        self._document.save()
        wrong = failed(self._content).get(self._ladder.reference)
        if wrong is not None:
            name = f"{self.feed.name}: {self._ladder.reference}"
            raise LobenchError(
                f"{name}, the ladder's reference, does not agree, so nothing is compared with it:\n{wrong}"
            )

    def _fit(self, variants: Sequence[Contestant], parameters: LayoutParameters | None) -> None:
        """Give variants that take them the parameters of this feed."""
        self._parameters = parameters
        self._workload = replace(self._workload, parameters=parameters.as_json() if parameters else None)
        self.variants = [variant.fitted(parameters) for variant in variants]

    def count(self) -> None:
        """Mechanism counters of every trusted variant."""
        counted, faults = counters.count(self.feed, self.trusted, self._workload)
        self.content.counters = counted
        # What cannot be counted was verified, and fails all the same.
        self._add(Verified(name, 1, False, None, f"when counted, {reason}") for name, reason in faults.items())
        self._document.save()

    def session(self, budget: Budget) -> None:
        """The trusted variants side by side, with isolated passes where there is time for them."""
        self._measure("session", self.trusted, self._handed, budget, isolated=True)

    def _add(self, outcomes: Iterable[Verified]) -> None:
        """More outcomes of verification."""
        self.content.verification = (*self.content.verification, *outcomes)

    def adopt(self, content: FeedResult) -> None:
        """Go on with what the document holds of this feed, which was verified with the very same sources. Raises
        UsageError where it holds another feed."""
        if content.digest != self.feed.digest:
            raise UsageError(f"{self.feed.name}: not the records that were measured before; nothing can be added to it")
        kept = content.tuning
        try:
            self._fit(self.variants, parameters_for(self.variants, kept.parameters) if kept else None)
        except ValueError as error:
            raise UsageError(f"{self.feed.name}: tuning.parameters.{error}; measure anew") from error
        warm_all(self.variants, ("timed",), self._workload)
        self._content = content

    def resume(self, budget: Budget) -> None:
        """Go on with the session that the document holds, if it is not complete."""
        kept = self.content.session
        session = Session.of(kept, self.content.isolated) if kept is not None else None
        if session is not None and not session.complete:
            self._run("session", session, self._handed, budget.processes, bool(session.isolated))

    def factorial(self, budget: Budget) -> None:
        """The combinations of the core axes on the feed's first records, verified on these."""
        if not self._ladder.crossed:
            return
        known = dict(self._ladder.known)
        # The reference is one of them, and keeps its name: the control stands beside it.
        combinations = [known[REFERENCE], *factorial(known)[1:]]
        count = representative(self.feed.records["flags"], self._workload.evaluate, FACTORIAL_RECORDS)
        prefix = replace(self._handed, count=count)
        warm_all(combinations, ("timed",), self._workload)
        first = LoadedFeed(self.feed.name, self.feed.slice(0, prefix.count), {})
        outcomes = verify_all(first, combinations, Settings(self._workload))
        wrong = [outcome for outcome in outcomes if not outcome.agrees]
        if wrong:
            # Without all of them there is no factorial.
            self._add(map(verified, wrong))
            return
        self._measure("factorial", combinations, prefix, Budget(budget.factorial, budget.processes), isolated=False)

    def from_top(self, budget: Budget) -> None:
        """The top of the ladder beside itself without one phase at a time, verified like the ladder."""
        if not self._ladder.dismantled:
            return
        found = from_top(dict(self._ladder.known), self._ladder.reference)
        top, *without = (variant.fitted(self._parameters) for variant in found)
        if top.name not in {variant.name for variant in self.trusted} or not without:
            return
        outcomes = self._verified(without)[1:]
        wrong = {outcome.name for outcome in outcomes if not outcome.agrees}
        self._add(map(verified, outcomes))
        agreeing = [variant for variant in without if variant.name not in wrong]
        part = Budget(budget.from_top, budget.processes)
        self._measure("from_top", [top, *agreeing], self._handed, part, isolated=False, twice=top.name)

    def limits(self, budget: Budget) -> None:
        """What the machine allows."""
        # One of lobench's own, as it runs in this process: the highest that is at hand.
        shipped = discover()
        ours = [
            one for one in self.trusted if isinstance(one, Variant) and one.phase is not None and one.name in shipped
        ]
        top = ours[-1] if ours else shipped[REFERENCE]
        orders = counters.peak_orders(self.feed, top, self._workload)
        with progress("limits", budget.limits) as ticker:
            self.content.limits = limits.measure(
                self._handed, orders, processes=_PROCESSES, seconds=budget.limits, advance=ticker.advance
            )
        self._document.save()

    def scaling(self, budget: Budget) -> None:
        """The trusted variants over numbers of workers."""
        names = [variant.name for variant in self.trusted]
        try:
            with progress("scaling over workers", budget.scaling) as ticker:
                self.content.scaling, self.content.at_once = scaling.measure(
                    self._handed,
                    names,
                    self._workload,
                    traced=self._traced,
                    processes=max(_PROCESSES, min(_SCALING_PROCESSES, int(budget.scaling / _SCALING_SECONDS))),
                    seconds=budget.scaling,
                    advance=ticker.advance,
                )
        except WorkerError as error:
            self._lose(error, "when it was measured on several workers")
            self.scaling(budget)
        self._document.save()

    def sweep(self, budget: Budget) -> None:
        """Cost against the orders of a level, where the variants that it compares are trusted. Once in a document."""
        decoding = self._workload.until == STAGES[0]
        if decoding or not set(sweep.NAMES) <= {variant.name for variant in self.trusted}:
            return
        with progress("cost against orders at a level", budget.sweep) as ticker:
            measured = sweep.measure(
                processes=_PROCESSES, seconds=budget.sweep, until=self._workload.until, advance=ticker.advance
            )
        analysed = replace(measured, analysis=statistics.analyse_sweep(measured))
        self._document.content.sweep = analysed
        self._document.save()

    def analyse(self) -> None:
        """What the samples say."""
        content = self._document.content
        self.content.analysis = statistics.analyse(self.content, content.variants, self._workload.until, content.ladder)
        self._document.save()

    def latency(self, asked: Asked) -> None:
        """How long events take to be answered by the trusted variants, the reference first."""
        names = sorted((one.name for one in self.trusted), key=lambda name: name != self._ladder.reference)
        add_latency(
            self._document, self.content, self.feed, self._handed, names, self._workload, asked, traced=self._traced
        )

    def profile(self) -> None:
        """Where the time of the trusted variants goes. After ``analyse``, which would drop the stages' shares."""
        folder = self._document.folder.path.absolute() / "profiles" / self.feed.digest[:8]
        add_profiles(self._document, self.content, self.trusted, self._workload, folder)
        self._document.save()

    @property
    def _handed(self) -> SharedFeed:
        assert self._shared is not None, "within handed_over() only"
        return self._shared

    def _lose(self, error: WorkerError, when: str) -> None:
        """Go on without the variant that ended a measuring process. Raises the error where that was the reference, or
        none."""
        if error.who in (None, self._ladder.reference):
            raise error
        assert error.who is not None
        self._add([Verified(error.who, 1, False, None, f"{when}, {error.how}")])

    def _verified(self, variants: Sequence[Contestant]) -> list[Verification]:
        """The reference's outcome first, then those of ``variants``."""
        compared = self._document.content.compared
        settings = Settings(
            self._workload,
            VERIFIED_WITH,
            seconds=self._time_limit,
            asked=compared.asked if compared else None,
        )
        return verify_all(self.feed, variants, settings)

    def _measure(
        self,
        part: str,
        variants: Sequence[Contestant],
        feed: SharedFeed,
        budget: Budget,
        *,
        isolated: bool,
        twice: str | None = None,
    ) -> None:
        """Lay a session out and run it as ``part`` of the document; its control is the variant ``twice``, the ladder's
        reference unless another is named, and a second one stands at the top of the line-up where no identical pair
        does so anyway."""
        wrong = failed(self.content)
        variants = [variant for variant in variants if variant.name not in wrong]
        names, reference = [variant.name for variant in variants], self._ladder.reference
        # Many variants near the top: rates taken from the reference would leave time for too few processes.
        deciding = [variant.name for variant in self.trusted] if twice is None else [reference, *names]
        try:
            grain = self._grain(deciding, budget.session)
        except WorkerError as error:
            self._lose(error, "when the grain was chosen")
            self._measure(part, variants, feed, budget, isolated=isolated, twice=twice)
            return
        twice = twice or reference
        rates = grain.nanoseconds
        same_as = same_kernels(variants, self._workload.until)
        top = measured_twice(names, rates, same_as, twice)
        twice_over = [top, twice] if top else [twice]
        total = sum(rates.get(name, rates[reference]) for name in [*names, *twice_over])
        made, fits = design(
            budget.session,
            events=feed.count,
            pass_seconds=feed.count * total / 1e9,
            processes=budget.processes,
            grain=(grain.slice_records, grain.lead_in_records),
            pinned=len(usable_cpus()) > 0,
            until_precision=budget.precision,
        )
        session = Session([*names, *map(again, twice_over)], feed.count, made, same_as=same_as)
        self._run(part, session, feed, budget.processes, isolated and fits)

    def _grain(self, names: Sequence[str], seconds: float) -> Grain:
        key = tuple(names)
        if key not in self._grains:
            with progress("choosing the grain", None):
                self._grains[key] = choose_grain(
                    self._handed,
                    names,
                    self._workload,
                    reference=self._ladder.reference,
                    seconds=min(_CHOOSING, seconds / 20),
                )
        return self._grains[key]

    def _run(self, part: str, session: Session, feed: SharedFeed, processes: int | None, isolated: bool) -> None:
        """Run a session as ``part`` of the document; ``processes`` is what was asked for."""

        def put() -> None:
            setattr(self.content, part, session.result())
            if isolated:
                self.content.isolated = session.isolated_result()

        with display(f"measuring {self.feed.name}, {part}", session) as shown:

            def keep() -> None:
                put()
                self._document.save(seldom=True)
                shown.refresh()

            try:
                measure(
                    session,
                    feed,
                    self._workload,
                    traced=self._traced,
                    isolated=isolated,
                    least=processes or FEWEST_CHOSEN,
                    keep=keep,
                    enough=reached,
                    advance=shown.advance,
                )
            finally:
                self._add(Verified(name, 1, False, None, f"when measured, {how}") for name, how in session.lost.items())
                put()
                self._document.save()
