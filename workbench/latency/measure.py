"""Latency of variants on one feed: each in a separate process, its replays' results compared with the reference's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lobench.engine.errors import LobenchError
from lobench.engine.feeds import LoadedFeed
from lobench.engine.workload import Workload
from lobench.workbench.latency.arrivals import arrivals_of
from lobench.workbench.latency.asked import Asked
from lobench.workbench.latency.protocol import LatencyMessage
from lobench.workbench.latency.queueing import BOUNDED
from lobench.workbench.latency.ticks import TSC
from lobench.workbench.measurement.process import cpu_for, last_answer
from lobench.workbench.measurement.shared_feed import SharedFeed
from lobench.workbench.measurement.task import Task
from lobench.workbench.processes.starting import WorkerError
from lobench.workbench.results.model.latency import Counter, Latency, VariantLatency

DIFFERS = "when its calls were timed, it computed something else"


def measure(
    feed: LoadedFeed,
    handed: SharedFeed,
    names: Sequence[str],
    workload: Workload,
    asked: Asked,
    *,
    traced: bool,
    advance: Callable[[], None] = lambda: None,
) -> tuple[Latency, dict[str, str]]:
    """``latency`` of the result document, and why variants have no place in it that were to be measured: they ended a
    process, answered something else, or worked only when they were asked. All run on the same CPU. The first of
    ``names`` is the reference; ``traced``: traces are compared; ``advance`` is called after each variant.

    Raises UsageError for a feed without times, LobenchError where the reference fails or differs from itself.
    """
    arrivals = arrivals_of(feed.name, feed.records)
    found: list[VariantLatency] = []
    hertz: list[float] = []
    lost: dict[str, str] = {}
    expected: tuple[object, object] | None = None
    # Another CPU may be a different kind of core, or shared with another program.
    cpu = cpu_for(0)
    for number, name in enumerate(names):
        task = Task(
            job="latency",
            variants=[name],
            workload=workload,
            traced=traced,
            cpu=cpu,
            settings=asked,
        )
        try:
            said = last_answer(task, LatencyMessage, handed).found
        except WorkerError as error:
            if number == 0 or error.who is None:
                raise
            lost[name] = f"when its calls were timed, {error.how}"
            continue
        finally:
            advance()
        assert said is not None, "the last message has the findings"
        expected = expected or (said.plain, said.stopped)
        if {said.plain, *said.probed} != {expected[0]} or said.stopped != expected[1]:
            if number == 0:
                raise LobenchError(f"{name}: {DIFFERS}, so nothing is compared with it")
            lost[name] = DIFFERS
            continue
        found.append(said.latency)
        hertz.append(said.hertz)
    latency = Latency(
        clock=arrivals.clock,
        events=len(arrivals.times),
        opening=arrivals.opening,
        late=arrivals.late,
        span=arrivals.span,
        bound=asked.bound,
        quantile=BOUNDED,
        counter=Counter("tsc" if TSC else "clock_gettime", sorted(hertz)[len(hertz) // 2]),
        variants=tuple(found),
    )
    return latency, lost
