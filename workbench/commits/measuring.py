"""All measurements of several sources on several feeds: results compared, instructions, counters, times.

A source that does not compile, or whose process fails, is left out with its reason; the others go on. Code of a source
that equals an earlier source's is neither compiled nor measured.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lobench.engine.errors import UsageError
from lobench.engine.feeds import load, open_feed
from lobench.workbench.atomic_write import write_whole
from lobench.workbench.commits import counting, dumps, instructions, verified
from lobench.workbench.commits.building import Build, Variables, build_all, pinned
from lobench.workbench.commits.code_text import digest_of
from lobench.workbench.commits.feeds import NamedFeed
from lobench.workbench.commits.identities import kernels_of
from lobench.workbench.commits.lines import Costs
from lobench.workbench.commits.participant import WORKER, Participant
from lobench.workbench.commits.session import CommitSession, hold
from lobench.workbench.commits.sources import BrokenError, Source
from lobench.workbench.console import progress
from lobench.workbench.processes import child
from lobench.workbench.results.model.samples import Design

Exact = dict[tuple[int, str], dict[str, float]]
"""(feed, variant) to name to amount per event: mechanism counters, and ``instructions``."""

Spreads = dict[tuple[int, str], dict[str, tuple[float, float]]]
"""(feed, variant) to the name of a count that is not the same in every replay, to its least and its most."""

INSTRUCTIONS, BY_ACTION = dumps.INSTRUCTIONS, dumps.BY_ACTION

LINES = "lines"
SPREADS = "spreads"

COUNTED_RECORDS = 100_000
"""Of a feed's beginning, for the mechanism counters."""

_FILES = (Path(counting.__file__), Path(dumps.__file__), WORKER, Path(child.__file__))
METHOD = digest_of((file.name, file.read_bytes()) for file in _FILES)[:12]
"""How counts are taken: those that were taken in another way are no counts of this."""


def _own(source: Source, variant: str) -> str:
    return source.key


@dataclass(frozen=True)
class Request:
    """The measurement of every source. ``identity``: equal for variants of two sources that run the same code."""

    feeds: Sequence[NamedFeed]
    variants: Sequence[str]
    design: Design
    instructions: bool = True
    counters: bool = True
    pinned: bool = False
    """Replay with the very kernels whose instructions are counted, so that no others have to be compiled."""
    evaluate: str = "last"
    accept_results: bool = False
    """Also measure variants with different results."""
    alone: frozenset[str] = frozenset()
    """Variants that are measured also where only one source has code of its own of them."""
    identity: Callable[[Source, str], str] = _own

    @property
    def variables(self) -> Variables:
        """Set in the environment of processes that replay."""
        return pinned(counting.PROCESSOR) if self.pinned else ()


@dataclass
class Measured:
    """What was measured: ``session`` of the sources that could be, ``exact``, ``lines`` and ``spreads`` by source key,
    ``broken`` key to why it could not. ``uncounted``: source key to why its engines' instructions are not known."""

    session: CommitSession
    exact: dict[str, Exact] = field(default_factory=dict)
    broken: dict[str, BrokenError] = field(default_factory=dict)
    lines: dict[str, dict[tuple[int, str], Costs]] = field(default_factory=dict)
    uncounted: dict[str, str] = field(default_factory=dict)
    spreads: dict[str, Spreads] = field(default_factory=dict)


def measure(
    sources: Sequence[Source],
    request: Request,
    enough: Callable[[CommitSession], bool] = lambda session: False,
    trusted: Sequence[Source] = (),
) -> Measured:
    """Measure sources with different keys. The first that works is the base, and takes part twice.

    ``trusted`` come first and define the right results; without any, the first source does. Engines from outside are
    compared with lobench's reference instead. Raises UsageError for a feed without records.
    """
    _refuse_empty(request.feeds)
    left = [*trusted, *sources]
    broken = build_all(_builds(left, request))
    session = _session(left, request, trusted, broken)
    counts = _Counts()
    # The cost of a variant that crashes or computes something else is of no interest.
    counts.take(session.sources, request, {*session.same, *session.differences}, broken)
    while True:
        if any(source.key in broken for source in session.sources):
            session = _session(session.sources, request, trusted, broken)
        if not session.sources:
            return counts.measured(session, broken)
        try:
            hold(session, enough)
        except BrokenError as error:
            if error.key is None:
                raise
            broken[error.key] = error
            continue
        return counts.measured(session, broken)


def prepare(sources: Sequence[Source], requests: Sequence[Request]) -> dict[str, Exact] | None:
    """Build all that several requests need, and count instructions of all variants together; ``measure`` then finds
    both. Returns the counts by source key; None where one of the sources fails, which ``measure`` will tell of.

    Raises UsageError for a feed without records.
    """
    _refuse_empty(requests[0].feeds)
    if build_all([build for request in requests for build in _builds(sources, request)]):
        return None
    counts, broken = _Counts(), dict[str, BrokenError]()
    names = dict.fromkeys(name for request in requests for name in request.variants)
    both = replace(requests[0], variants=list(names), counters=False)
    counts.take(sources, both, set(_same(sources, both)), broken)
    return None if broken else counts.exact


def count(sources: Sequence[Source], request: Request) -> tuple[dict[str, Exact], dict[str, BrokenError]]:
    """Only exact counts, by source key; for those that do not compile or cannot be counted, key to reason."""
    broken = build_all(_builds(sources, request, timed=False))
    counts = _Counts()
    whole = [source for source in sources if source.key not in broken]
    counts.take(whole, request, set(_same(whole, request)), broken)
    return counts.exact, broken


def _refuse_empty(feeds: Sequence[NamedFeed]) -> None:
    for feed in feeds:
        if load(open_feed(feed.files)).count == 0:
            raise UsageError(f"{feed.name}: no records to replay")


def _session(
    sources: Sequence[Source], request: Request, trusted: Sequence[Source], broken: dict[str, BrokenError]
) -> CommitSession:
    """A session of the sources that are not broken, with their known facts before any replay."""
    found, engines = [], {}
    for source in sources:
        try:
            if source.key not in broken:
                engines[source.key] = verified.engines_of(source) if source.engines else {}
                found.append(source)
        except BrokenError as error:
            broken[source.key] = error
    session = CommitSession(
        found,
        [list(feed.files) for feed in request.feeds],
        list(request.variants),
        request.design,
        request.evaluate,
        trusted=max(1, sum(source in found for source in trusted)),
        alone=request.alone,
        accept_results=request.accept_results,
        variables=request.variables,
        same=_same(found, request),
    )
    everyone = [one for own in engines.values() for one in own.values()]
    if everyone:
        scope = verified.scope_of(everyone)
        session.reach = {"until": scope.until, "books": scope.books}
    for place, source in enumerate(found):
        own = [name for name in request.variants if session.stands(place, name) == place]
        if source.engines and not request.accept_results:
            try:
                wrong = verified.verified(source, engines[source.key], own, request.feeds, request.evaluate)
            except BrokenError as error:
                # The session is made again without it.
                broken[source.key] = error
                continue
            session.differences |= {(place, name): apart for name, apart in wrong.items()}
    return session


def _same(sources: Sequence[Source], request: Request) -> dict[tuple[int, str], int]:
    """(source, variant) to the first source that has the same code of it, where that is another."""
    first: dict[tuple[str, str], int] = {}
    found = {}
    for place, source in enumerate(sources):
        for name in request.variants:
            earlier = first.setdefault((name, request.identity(source, name)), place)
            if earlier != place:
                found[place, name] = earlier
    return found


def _builds(sources: Sequence[Source], request: Request, timed: bool = True) -> list[Build]:
    ways = [("timed", request.variables)] * timed + [("counted", request.variables)] * request.counters
    ways += [instructions.BUILT] * request.instructions
    same = _same(sources, request)
    feeds = tuple(feed.files for feed in request.feeds)
    builds = []
    for place, source in enumerate(sources):
        names = [] if source.engines else [name for name in request.variants if (place, name) not in same]
        (kernels,) = kernels_of([source]) if names else ({},)
        builds += [Build(source, name, *way, kernels.get(name, ""), feeds) for name in names for way in ways]
    return builds


class _Counts:
    """Exact counts by source key."""

    def __init__(self) -> None:
        self.exact: dict[str, Exact] = {}
        self.lines: dict[str, dict[tuple[int, str], Costs]] = {}
        self.spreads: dict[str, Spreads] = {}
        self.uncounted: dict[str, str] = {}

    def measured(self, session: CommitSession, broken: dict[str, BrokenError]) -> Measured:
        """These counts beside a session."""
        return Measured(session, self.exact, broken, self.lines, self.uncounted, self.spreads)

    def take(
        self,
        sources: Sequence[Source],
        request: Request,
        without: set[tuple[int, str]],
        broken: dict[str, BrokenError],
    ) -> None:
        """Count several sources at a time, each ``without`` some variants; failures go to ``broken``, those of engines
        from outside to ``uncounted``."""
        digests = [load(open_feed(feed.files)).digest for feed in request.feeds]

        def one(place: int) -> None:
            source = sources[place]
            names = [name for name in request.variants if (place, name) not in without]
            try:
                counted = _exact(source, names, request, digests)
                self.exact[source.key], self.lines[source.key] = counted.exact, counted.lines
                self.spreads[source.key] = counted.spreads
            except instructions.UncountedError as error:
                self.uncounted[source.key] = str(error)
            except BrokenError as error:
                broken[source.key] = error

        wanted = [place for place, source in enumerate(sources) if source.key not in broken]
        lanes = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
        try:
            with progress("counting what commits do", len(wanted)) as ticker:
                for _ in lanes.map(one, wanted):
                    ticker.advance()
        finally:
            # After an interrupt nothing new starts.
            lanes.shutdown(cancel_futures=True)


def _exact(source: Source, variants: Sequence[str], request: Request, digests: Sequence[str]) -> instructions.Counted:
    """Counts of a source, from its earlier ones where there are any: they never change."""
    store = source.kernels / "exact.json"
    try:
        known: dict[str, Any] = json.loads(store.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        known = {}
    pairs = [(feed, name) for feed in range(len(digests)) for name in variants]

    def key(feed: int, name: str, kind: str) -> str:
        return f"{kind} {METHOD} {request.evaluate} {digests[feed]} {name}"

    kinds = {"counters": request.counters and not source.engines, INSTRUCTIONS: request.instructions}
    wanted = [kind for kind, asked in kinds.items() if asked]
    if any(key(*pair, kind) not in known for pair in pairs for kind in wanted):
        counted = instructions.Counted()
        if INSTRUCTIONS in wanted:
            present = _present(source, variants, instructions.BUILT)
            counted = instructions.count(source, present, [feed.files for feed in request.feeds], request.evaluate)
        found: dict[str, Exact] = {INSTRUCTIONS: counted.exact, "counters": {}}
        if "counters" in wanted:
            present = _present(source, variants, ("counted", request.variables))
            found["counters"] = _counters(source, present, request) if present else {}
        known |= {key(*pair, kind): found[kind].get(pair, {}) for pair in pairs for kind in wanted}
        known |= {key(*pair, SPREADS): spread for pair, spread in counted.spreads.items()}
        known |= {
            key(*pair, LINES): [[*line, cost] for line, cost in costs.items()] for pair, costs in counted.lines.items()
        }
        write_whole(store, json.dumps(known), "LOBENCH_CACHE_DIR names another cache", folders=True)
    exact = {pair: {n: v for kind in wanted for n, v in known[key(*pair, kind)].items()} for pair in pairs}
    costs = {pair: {(file, line): cost for file, line, cost in known.get(key(*pair, LINES), [])} for pair in pairs}
    spreads = {
        pair: {name: (low, high) for name, (low, high) in known.get(key(*pair, SPREADS), {}).items()} for pair in pairs
    }
    return instructions.Counted(exact, spreads, costs)


def _present(source: Source, variants: Sequence[str], built: tuple[str, Variables]) -> list[str]:
    """The variants that a source has."""
    if source.engines:
        return [name for name in variants if name in dict(source.engines)]
    return [name for name in variants if not Build(source, name, *built).lacking]


def _counters(source: Source, variants: Sequence[str], request: Request) -> Exact:
    """Counters per event."""
    participant = Participant(source, dict(request.variables))
    found: Exact = {}
    try:
        files = [list(feed.files) for feed in request.feeds]
        participant.ask("open", feeds=files, variants=list(variants), evaluate=request.evaluate)
        for feed in range(len(files)):
            for name in variants:
                answer = participant.ask("count", variant=name, feed=feed, records=COUNTED_RECORDS)
                if counters := answer.get("counters"):
                    found[feed, name] = {kind: amount / answer["events"] for kind, amount in counters.items()}
        return found
    except BaseException:
        participant.kill()
        raise
    finally:
        participant.close()
