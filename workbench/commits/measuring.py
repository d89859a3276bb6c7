"""All that is measured of several sources on several feeds: results compared, instructions, counters, times.

A source that does not compile, or whose process fails, is left out with its reason; the others go on.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.feeds import load, open_feed
from lobench.workbench.atomic_write import write_whole
from lobench.workbench.commits import counting, instructions
from lobench.workbench.commits.building import Build, build_all, pinned
from lobench.workbench.commits.feeds import NamedFeed
from lobench.workbench.commits.participant import WORKER, Participant
from lobench.workbench.commits.session import Design, Session, hold
from lobench.workbench.commits.sources import BrokenError, Source
from lobench.workbench.console import progress
from lobench.workbench.processes import child

Exact = dict[tuple[int, str], dict[str, float]]
"""(feed, variant) to name to amount per event: mechanism counters, and ``instructions``."""

INSTRUCTIONS = "instructions"

COUNTED_RECORDS = 100_000
"""Of a feed's beginning, for the mechanism counters."""

# Counts that were taken in another way are no counts of this.
_FILES = (Path(counting.__file__), WORKER, Path(child.__file__))
_METHOD = hashlib.blake2b(b"".join(file.read_bytes() for file in _FILES), digest_size=6).hexdigest()


@dataclass(frozen=True)
class Request:
    """What to measure of every source."""

    feeds: Sequence[NamedFeed]
    variants: Sequence[str]
    design: Design
    instructions: bool = True
    counters: bool = True
    pinned: bool = False
    """Replay with the very kernels whose instructions are counted, so that no others have to be compiled."""

    @property
    def variables(self) -> tuple[tuple[str, str], ...]:
        """Set in the environment of processes that replay."""
        return pinned(counting.PROCESSOR) if self.pinned else ()


@dataclass
class Measured:
    """What was measured: ``session`` of the sources that could be, ``exact`` by source key, ``broken`` key to
    why it could not."""

    session: Session
    exact: dict[str, Exact] = field(default_factory=dict)
    broken: dict[str, BrokenError] = field(default_factory=dict)


def measure(
    sources: Sequence[Source],
    request: Request,
    enough: Callable[[Session], bool] = lambda session: False,
    trusted: Sequence[Source] = (),
) -> Measured:
    """Measure sources with different keys. The first that works is the base, and takes part twice.

    ``trusted`` stand first and compute what is right; without any, the first source does. Raises LobenchError if none
    can be measured, UsageError for a feed without records.
    """
    for feed in request.feeds:
        if load(open_feed(feed.files)).count == 0:
            raise UsageError(f"{feed.name}: no records; there is nothing to replay")
    left = [*trusted, *sources]
    broken = build_all(_builds(left, request))
    exact = _count([source for source in left if source.key not in broken], request, broken)
    while left := [source for source in left if source.key not in broken]:
        files = [list(feed.files) for feed in request.feeds]
        known = max(1, sum(source in left for source in trusted))
        session = Session(left, files, list(request.variants), request.design, known, request.variables)
        try:
            hold(session, enough)
        except BrokenError as error:
            if error.key is None:
                raise
            broken[error.key] = error
            continue
        return Measured(session, exact, broken)
    raise LobenchError("none of the commits can be measured:\n" + "\n".join(map(str, broken.values())))


def count(sources: Sequence[Source], request: Request) -> tuple[dict[str, Exact], dict[str, BrokenError]]:
    """Exact counts alone, by source key; what does not compile or cannot be counted, key to reason."""
    broken = build_all(_builds(sources, request, timed=False))
    return _count([source for source in sources if source.key not in broken], request, broken), broken


def _builds(sources: Sequence[Source], request: Request, timed: bool = True) -> list[Build]:
    kinds = [kind for kind, wanted in (("timed", timed), ("counted", request.counters)) if wanted]
    pins = request.variables
    builds = [Build(source, name, kind, pins) for source in sources for name in request.variants for kind in kinds]
    if request.instructions:
        builds += [build for source in sources for build in instructions.builds(source, request.variants)]
    return builds


def _count(sources: Sequence[Source], request: Request, broken: dict[str, BrokenError]) -> dict[str, Exact]:
    """Exact counts by source key, several sources at a time; what can't be counted goes to ``broken``."""
    digests = [load(open_feed(feed.files)).digest for feed in request.feeds]
    found: dict[str, Exact] = {}

    def one(source: Source) -> None:
        try:
            found[source.key] = _exact(source, request, digests)
        except BrokenError as error:
            broken[source.key] = error

    lanes = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
    try:
        with progress("counting what commits do", len(sources)) as ticker:
            for _ in lanes.map(one, sources):
                ticker.advance()
    finally:
        # After an interrupt nothing new is begun.
        lanes.shutdown(cancel_futures=True)
    return found


def _exact(source: Source, request: Request, keys: Sequence[str]) -> Exact:
    """Instructions and counters of a source, from its earlier counts where there are any: they never change."""
    store = source.kernels / "exact.json"
    try:
        known: dict[str, dict[str, Any]] = json.loads(store.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        known = {}
    pairs = [(feed, name) for feed in range(len(keys)) for name in request.variants]

    def key(feed: int, name: str, kind: str) -> str:
        return f"{kind} {_METHOD} {request.design.evaluate} {keys[feed]} {name}"

    kinds = {"counters": request.counters, INSTRUCTIONS: request.instructions}
    wanted = [kind for kind, asked in kinds.items() if asked]
    if any(key(*pair, kind) not in known for pair in pairs for kind in wanted):
        counters, lacking = _counters(source, request)
        present = [name for name in request.variants if name not in lacking]
        files = [feed.files for feed in request.feeds]
        counted: instructions.Counts = {}
        if request.instructions:
            counted = instructions.instructions_per_event(source, present, files, request.design.evaluate)
        exact = {INSTRUCTIONS: {pair: {INSTRUCTIONS: value} for pair, value in counted.items()}, "counters": counters}
        known |= {key(*pair, kind): exact[kind].get(pair, {}) for pair in pairs for kind in wanted}
        write_whole(store, json.dumps(known), "LOBENCH_CACHE_DIR names another cache")
    return {pair: {n: v for kind in wanted for n, v in known[key(*pair, kind)].items()} for pair in pairs}


def _counters(source: Source, request: Request) -> tuple[Exact, dict[str, str]]:
    """Counters per event where they are asked for, and which variants the source lacks."""
    participant = Participant(source, dict(request.variables))
    found: Exact = {}
    try:
        files = [list(feed.files) for feed in request.feeds]
        opened = participant.ask("open", feeds=files, variants=list(request.variants), evaluate=request.design.evaluate)
        lacking: dict[str, str] = opened["lacking"]
        for feed in range(len(files) if request.counters else 0):
            for name in request.variants:
                if name in lacking:
                    continue
                answer = participant.ask("count", variant=name, feed=feed, records=COUNTED_RECORDS)
                if counters := answer.get("counters"):
                    found[feed, name] = {kind: amount / answer["events"] for kind, amount in counters.items()}
        return found, lacking
    except BaseException:
        participant.kill()
        raise
    finally:
        participant.close()
