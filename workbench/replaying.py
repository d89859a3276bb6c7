"""One feed replayed by one variant or engine, with rows to files: what `lobench replay` and ``lobench.replay`` do."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from lobench.engine.activity import activity
from lobench.engine.cache import source_digest
from lobench.engine.errors import UsageError
from lobench.engine.feeds import Feed
from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.foreign.replay import ForeignReplay
from lobench.engine.policy import Variant
from lobench.engine.replay import Replay, Rows
from lobench.engine.result import BookEnd, Result
from lobench.workbench.processes.interrupts import WORDS, noted
from lobench.workbench.version import version

if TYPE_CHECKING:
    # pyarrow takes a while to load, and is for files alone.
    from lobench.workbench.rows.digesting import FeedDigest
    from lobench.workbench.rows.files import RowsFile
    from lobench.workbench.rows.sample import Sample
    from lobench.workbench.tuning.picking import Picked

STREAM = "-"
"""In place of a file: standard output."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a replay is asked for, as the options of `lobench replay`. ``columns``: names of features, None for all."""

    workers: int = 1
    evaluate: str = "last"
    until: str = "strategies"
    strict: bool = False
    counters: bool = False
    digests: bool = False
    features: str | None = None
    columns: Sequence[str] | None = None
    book: str | None = None
    depth: int | None = None
    sample: Sample | None = None
    compression: str | None = None
    force: bool = False
    variants_from: Sequence[str] = ()

    @property
    def outputs(self) -> dict[str, str]:
        """Option to the file that it names."""
        return {f"--{name}": path for name, path in (("features", self.features), ("book", self.book)) if path}


@dataclass(frozen=True)
class WrittenFile:
    """A file of rows: where it is, and how many."""

    path: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class ReplayOutcome:
    """What came out of a replay. ``signal``: of the interrupt that ended it before its feed, 0 for none; ``seconds``:
    from the first records to the last row in its file, with the kernels compiled."""

    feed: str
    variant: str
    workers: int
    evaluate: str
    until: str
    events: int
    seconds: float
    signal: int
    files: tuple[WrittenFile, ...]
    result: Result
    digests: Mapping[str, str]
    memory: Mapping[str, int | float] | None
    other_records: Mapping[int, int]
    skipped: Mapping[str, int] = field(default_factory=dict)
    tuning: Mapping[str, Any] | None = None

    @property
    def complete(self) -> bool:
        """Whether the feed was replayed to its end."""
        return not self.signal

    @property
    def evaluations(self) -> int:
        return self.result.evaluations

    @property
    def anomalies(self) -> dict[str, int]:
        """Broken rules by kind, counted."""
        return dict(self.result.anomalies)

    @property
    def books(self) -> tuple[BookEnd, ...]:
        """End states of all books, in order of instrument and publisher."""
        return self.result.books

    @property
    def trace(self) -> str | None:
        """The running trace, 16 hex digits: equal for all that computes the same."""
        return self.digests.get("trace")

    @property
    def events_per_second(self) -> float:
        return self.events / self.seconds if self.seconds else 0.0

    def as_json(self) -> dict[str, Any]:
        """As `lobench replay --json` prints it."""
        outcome = {
            "feed": self.feed,
            "variant": self.variant,
            "workers": self.workers,
            "evaluate": self.evaluate,
            "until": self.until,
            **self.result.as_json(),
            "events": self.events,
            "digests": dict(self.digests),
            "seconds": self.seconds,
            "events_per_second": self.events_per_second,
            "other_records": dict(self.other_records),
            "skipped": dict(self.skipped),
            "memory": self.memory,
        }
        if self.result.counters is not None:
            events = max(self.result.events, 1)
            outcome["counters"] = self.result.counters
            outcome["counters_per_event"] = {name: count / events for name, count in self.result.counters.items()}
        outcome["files"] = [{"path": file.path, "rows": file.rows} for file in self.files]
        outcome["tuning"] = self.tuning
        return outcome

    def interrupted(self) -> str:
        """One line for a person: what ended it, and what is kept."""
        kept = [f"{file.path} keeps {file.rows:,} rows" for file in self.files]
        return "; ".join([f"{WORDS[self.signal]} after {self.events:,} events", *kept])


Progress = Callable[[Feed], AbstractContextManager[Callable[[int], object]]]
"""For a feed a context; what it yields is told how many records were replayed since it was told last."""


def check_request(request: Request, feeds: Sequence[str]) -> None:
    """Raise UsageError for what cannot be, before any work: files that would replace others, options that do not go
    together."""
    if (request.depth is None) != (request.book is None):
        raise UsageError("--depth N and --book B.parquet belong together")
    outputs = request.outputs
    for option in ("sample", "columns", "compression"):
        if getattr(request, option) is not None and not outputs:
            raise UsageError(f"--{option} is about rows: name a file for them, --features F or --book B")
    if request.columns is not None and not request.features:
        raise UsageError("--columns chooses features: name a file for them, --features F")
    used = {_identity(feed) for feed in feeds if feed != STREAM}
    for option, path in outputs.items():
        if _identity(path) in used:
            raise UsageError(f"{option} {path}: would replace another file of this command")
        used.add(_identity(path))
    if outputs:
        from lobench.workbench.rows.files import check_place
        from lobench.workbench.rows.formats import check_compression

        for option, path in outputs.items():
            check_place(option, path, force=request.force)
            check_compression(path, request.compression)


def _identity(path: str) -> object:
    """The same for all names of a file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return os.path.realpath(path)
    return found.st_dev, found.st_ino


def replay_feed(
    feed: Feed, variant: Variant | ForeignEngine, request: Request, picked: Picked | None, progress: Progress
) -> ReplayOutcome:
    """Compile, replay, and write what was asked for; ``picked``: the tuning that the variant takes, if it takes one.
    Raises what the feed raises, StrictError, LobenchError where a file cannot be written."""
    if isinstance(variant, ForeignEngine):
        return _by_engine(feed, variant, request, progress)
    variant = variant.fitted(picked.parameters if picked else None)
    with ExitStack() as stack:
        output = _Output(feed, request, stack) if request.outputs else None
        depth = max(request.depth or 0, request.sample.depth if request.sample else 0)
        replay = stack.enter_context(
            Replay(
                variant,
                workers=request.workers,
                evaluate=request.evaluate,
                strict=request.strict,
                observe=output is not None,
                deep=False,
                counters=request.counters,
                depth=depth,
                on_rows=output.write if output else None,
                until=request.until,
                activity=activity(feed) if request.workers > 1 else None,
            )
        )
        _prepare(variant, request)
        return _replayed(feed, replay, request, output, picked, progress)


class _Output:
    """The files of a replay, and all that its rows go through."""

    def __init__(self, feed: Feed, request: Request, stack: ExitStack) -> None:
        from lobench.workbench.rows.chosen import chosen_features
        from lobench.workbench.rows.digesting import FeedDigest
        from lobench.workbench.rows.files import book_file, features_file
        from lobench.workbench.rows.sampling import Sampler

        sample = request.sample
        self.digest: FeedDigest = stack.enter_context(FeedDigest())
        self.files: list[RowsFile] = []
        told = _told(feed, request)
        timed = sample is not None and sample.timed
        symbols, compression = (lambda: feed.symbols), request.compression
        if request.features:
            names = chosen_features(request.columns)
            opened = features_file(
                request.features, symbols, features=names, timed=timed, compression=compression, told=told
            )
            self.files.append(stack.enter_context(opened))
        if request.book:
            opened = book_file(
                request.book, request.depth or 0, symbols, timed=timed, compression=compression, told=told
            )
            self.files.append(stack.enter_context(opened))
        depth = max(request.depth or 0, sample.depth if sample else 0)
        self._sampler = Sampler(sample, depth) if sample else None

    def write(self, rows: Rows) -> None:
        for chosen in self._sampler.take(rows) if self._sampler else [rows]:
            self._add(chosen)

    def finish(self, result: Result, *, complete: bool) -> None:
        for chosen in self._sampler.finish() if self._sampler else []:
            self._add(chosen)
        told = {
            "feed_digest": self.digest.value(),
            "events": str(result.events),
            "evaluations": str(result.evaluations),
            "anomalies": json.dumps(result.anomalies),
        }
        for file in self.files:
            file.finish(complete=complete, told=told)

    def _add(self, rows: Rows) -> None:
        for file in self.files:
            file.write(rows)


def _told(feed: Feed, request: Request) -> dict[str, str]:
    """What files tell of themselves that is known before the replay."""
    return {
        "version": version(),
        "source_digest": source_digest(),
        "command": shlex.join(["lobench", *sys.argv[1:]]) if sys.argv[1:] else "lobench",
        "feed": feed.name,
        "evaluate": request.evaluate,
        "sample": request.sample.text if request.sample else "every evaluation",
    }


def _by_engine(feed: Feed, engine: ForeignEngine, request: Request, progress: Progress) -> ReplayOutcome:
    """Replay with an engine from outside, as far as it goes."""
    from dataclasses import replace

    from lobench.engine.foreign.start import warm

    for name in ("features", "book", "strict", "counters"):
        if getattr(request, name):
            raise UsageError(f"--{name} is for lobench's own variants; {engine.name} is an engine from outside")
    scope = engine.scope(request.until)
    request = replace(request, until=scope.until)
    warm(engine, scope.until)
    with ForeignReplay(
        engine, workers=request.workers, evaluate=request.evaluate, until=scope.until, books=scope.books
    ) as replay:
        return _replayed(feed, replay, request, None, None, progress)


def _prepare(variant: Variant, request: Request) -> None:
    """Compile the kernels, or load them."""
    from lobench.engine.replay import warm
    from lobench.workbench.precompile import warm_all

    observe = bool(request.outputs)
    if not (observe and request.counters):
        build = "counted" if request.counters else "observed" if observe else "timed"
        warm_all([variant], [build], request.variants_from, until=request.until)
    warm(variant, observe=observe, counters=request.counters, until=request.until)


def _replayed(
    feed: Feed,
    replay: Replay | ForeignReplay,
    request: Request,
    output: _Output | None,
    picked: Picked | None,
    progress: Progress,
) -> ReplayOutcome:
    """Replay to the end or to an interrupt."""
    chunks = iter(feed)
    chunk = next(chunks, None)  # a synthetic feed may have to compile for its first records
    with progress(feed) as advance, noted() as interrupt:
        started = perf_counter()
        while chunk is not None and not interrupt.number:
            if output:
                output.digest.take(chunk)
            try:
                replay.apply(chunk)
            finally:
                if output:
                    output.digest.wait()
            advance(chunk.count)
            chunk = next(chunks, None)
        seconds = perf_counter() - started
    # An interrupt that came with the last records changes nothing.
    signal = interrupt.number if chunk is not None else 0
    memory, digests = replay.memory(), _digests(replay, request)
    result = replay.finish()
    if output:
        started = perf_counter()
        output.finish(result, complete=not signal)
        seconds += perf_counter() - started
    return ReplayOutcome(
        feed=feed.name,
        variant=replay.variant.name,
        workers=request.workers,
        evaluate=request.evaluate,
        until=request.until,
        events=replay.records,
        seconds=seconds,
        signal=signal,
        files=tuple(WrittenFile(file.path, file.rows) for file in output.files) if output else (),
        result=result,
        digests=digests,
        memory=memory,
        other_records=feed.other_records,
        skipped=getattr(feed, "skipped", {}),
        tuning=picked.as_json() if picked else None,
    )


def _digests(replay: Replay | ForeignReplay, request: Request) -> dict[str, str]:
    trace = None if request.until == "decode" else replay.trace
    digests = {} if trace is None else {"trace": f"{trace:016x}"}
    if request.digests:
        digests["state"] = f"{replay.end_state():016x}"
    return digests
