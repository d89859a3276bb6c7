"""Replaying a feed to its end or to an interrupt."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from lobench.engine.activity import activity
from lobench.engine.errors import UsageError
from lobench.engine.feeds import Feed
from lobench.engine.foreign import start
from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.foreign.replay import ForeignReplay
from lobench.engine.picking import pick_all
from lobench.engine.policy import Variant
from lobench.engine.replay import SLICE, Replay, warm
from lobench.workbench.precompile import warm_all
from lobench.workbench.processes.interrupts import noted
from lobench.workbench.replaying.outcome import ReplayOutcome, WrittenFile
from lobench.workbench.replaying.request import Request

if TYPE_CHECKING:
    from lobench.workbench.replaying.output import Output
    from lobench.workbench.tuning.picking import Picked

Progress = Callable[[Feed], AbstractContextManager[Callable[[int], object]]]
"""For a feed, a context; it yields a function to call with the number of records replayed since its last call."""

Opened = Callable[[Feed, Request, ExitStack], "Output | None"]
"""Makes the output of a replay, whose files go with the stack."""


def replay_feed(
    feed: Feed,
    variant: Variant | ForeignEngine,
    request: Request,
    picked: Picked | None,
    progress: Progress,
    opened: Opened | None = None,
) -> ReplayOutcome:
    """Compile, replay, and write the requested files; ``picked``: the tuning that the variant takes, if it takes one;
    ``opened`` makes the output if it is not the one that the request names. Raises errors of the feed, StrictError,
    LobenchError if a file cannot be written."""
    if isinstance(variant, ForeignEngine):
        return _by_engine(feed, variant, request, progress)
    variant = variant.fitted(picked.parameters if picked else None)
    with ExitStack() as stack:
        output = (opened or _output)(feed, request, stack)
        replay = stack.enter_context(
            Replay(
                variant,
                workers=request.workers,
                evaluate=request.workload.evaluate,
                strict=request.strict,
                observe=output is not None,
                deep=False,
                counters=request.counters,
                depth=output.depth if output else 0,
                on_rows=output.write if output else None,
                features=output.features if output else None,
                pick=output.pick if output else pick_all,
                slice_records=output.slice_records if output else SLICE,
                until=request.workload.until,
                activity=activity(feed) if request.workers > 1 else None,
            )
        )
        _prepare(variant, request, observe=output is not None)
        return _replayed(feed, replay, request, output, picked, progress)


def _output(feed: Feed, request: Request, stack: ExitStack) -> Output | None:
    if not request.outputs:
        return None
    # Imported here: pyarrow loads slowly.
    from lobench.workbench.replaying.output import Output

    return Output(feed, request, stack)


def _by_engine(feed: Feed, engine: ForeignEngine, request: Request, progress: Progress) -> ReplayOutcome:
    """Replay with an engine from outside, as far as it goes."""
    for name in ("features", "book", "strict", "counters"):
        if getattr(request, name):
            raise UsageError(f"--{name} is for lobench's own variants; {engine.name} is an engine from outside")
    workload = request.workload.within(engine.scope(request.workload.until))
    request = replace(request, workload=workload)
    start.warm(engine, workload.until)
    with ForeignReplay(engine, workload, workers=request.workers) as replay:
        return _replayed(feed, replay, request, None, None, progress)


def _prepare(variant: Variant, request: Request, *, observe: bool) -> None:
    """Compile the kernels, or load them."""
    if not (observe and request.counters):
        build = "counted" if request.counters else "observed" if observe else "timed"
        warm_all([variant], [build], request.workload)
    warm(variant, observe=observe, counters=request.counters, until=request.workload.until)


def _replayed(
    feed: Feed,
    replay: Replay | ForeignReplay,
    request: Request,
    output: Output | None,
    picked: Picked | None,
    progress: Progress,
) -> ReplayOutcome:
    """Replay to the end or to an interrupt."""
    chunks = iter(feed)
    chunk = next(chunks, None)  # a synthetic feed may have to compile before its first records
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
        if output:
            output.end()
        seconds = perf_counter() - started
    # An interrupt during the last records changes nothing.
    signal = interrupt.number if chunk is not None else 0
    memory, digests, books = replay.memory(), _digests(replay, request), len(replay.books())
    result = replay.finish()
    if output:
        # The rows are encoded while the result is made, which therefore counts.
        output.finish(result, complete=not signal)
        seconds = perf_counter() - started
    return ReplayOutcome(
        feed=feed.name,
        variant=replay.variant.name,
        workers=request.workers,
        evaluate=request.workload.evaluate,
        until=request.workload.until,
        events=replay.records,
        book_count=books,
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
    trace = None if request.workload.until == "decode" else replay.trace
    digests = {} if trace is None else {"trace": f"{trace:016x}"}
    if request.digests:
        digests["state"] = f"{replay.end_state():016x}"
    return digests
