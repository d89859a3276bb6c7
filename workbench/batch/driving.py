"""A batch from its feeds to its dataset."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from lobench.engine.cache import source_digest
from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.feeds.spooled import is_remote
from lobench.engine.workload import Workload
from lobench.variants import compiled, discover
from lobench.workbench.batch.cluster import check_script, connected, lanes, outcomes
from lobench.workbench.batch.feeds import BatchFeed
from lobench.workbench.batch.manifest import FOLDER, Manifest
from lobench.workbench.batch.request import BatchRequest
from lobench.workbench.batch.schedule import Schedule, schedule_of, tasks_of
from lobench.workbench.batch.task import FAILED, TaskOutcome
from lobench.workbench.batch.turn import turn
from lobench.workbench.console import progress
from lobench.workbench.precompile import warm_all
from lobench.workbench.processes.file_lock import locked
from lobench.workbench.results.conversion import as_json
from lobench.workbench.selection import named_or_last

Say = Callable[[str], object]
"""Shows one line to a person at once."""


@dataclass(frozen=True)
class BatchOutcome:
    """The outcome of a batch run. ``outcomes``: of this run's tasks by name; ``done_before``: number of tasks already
    done; ``seconds``: of the whole run."""

    dataset: str
    outcomes: dict[str, TaskOutcome]
    done_before: int
    seconds: float

    @property
    def failed(self) -> dict[str, str]:
        """Feeds that have no rows, or not all of them, and why."""
        return {name: one.error or "" for name, one in self.outcomes.items() if one.state == FAILED}

    @property
    def complete(self) -> bool:
        """Whether the dataset holds everything requested."""
        return not self.failed

    @property
    def rows(self) -> int:
        """Written by this run."""
        return sum(one.rows for one in self.outcomes.values())

    @property
    def events(self) -> int:
        return sum(one.events for one in self.outcomes.values())

    @property
    def memory(self) -> int:
        """Bytes that a worker took at most."""
        return max((one.memory for one in self.outcomes.values()), default=0)

    @property
    def anomalies(self) -> dict[str, int]:
        """Broken rules by kind, counted over all feeds of this run."""
        total: dict[str, int] = {}
        for one in self.outcomes.values():
            for kind, count in one.anomalies.items():
                total[kind] = total.get(kind, 0) + count
        return total

    def as_json(self) -> dict[str, Any]:
        """As `lobench batch --json` prints it."""
        told = {"dataset": self.dataset, "complete": self.complete, "done_before": self.done_before}
        counts = {"events": self.events, "rows": self.rows, "anomalies": self.anomalies, "memory": self.memory}
        tasks = {name: as_json(one) for name, one in self.outcomes.items()}
        return {**told, **counts, "seconds": self.seconds, "failed": self.failed, "tasks": tasks}


def scheduled(feeds: Sequence[BatchFeed], request: BatchRequest, dataset: str, command: str) -> Schedule:
    """The schedule of a batch. Raises UsageError for a dataset of other rows."""
    manifest = Manifest(dataset, request)
    manifest.check(feeds)
    return schedule_of(tasks_of(feeds, request, dataset, command), len(feeds), manifest)


def run_batch(
    feeds: Sequence[BatchFeed],
    request: BatchRequest,
    dataset: str,
    *,
    command: str = "lobench.batch",
    scheduler: str | None = None,
    memory: int | None = None,
    say: Say = lambda text: None,
) -> BatchOutcome:
    """Write the missing files of the dataset. Raises UsageError for a dataset of other rows, one that another process
    writes, or a scheduler that does not answer; LostSchedulerError. Failures of feeds are part of the outcome. An
    interrupt keeps all finished files."""
    began = perf_counter()
    check_script()
    if is_remote(dataset):
        raise UsageError(f"-o {dataset}: a dataset must be a folder on this machine, or one that all workers share")
    dataset = os.path.abspath(dataset)
    with locked(Path(dataset, FOLDER, "lock"), "a dataset has one writer"):
        manifest = Manifest(dataset, request)
        tasks = tasks_of(feeds, request, dataset, command)
        manifest.plan(tasks)
        schedule = schedule_of(tasks, len(feeds), manifest)
        found: dict[str, TaskOutcome] = {}
        if schedule.tasks:
            with turn(dataset) as run, _client(scheduler, memory, request, say) as client:
                ours = replace(schedule, tasks=tuple(replace(task, run=run) for task in schedule.tasks))
                _perform(client, ours, manifest, found, say)
    return BatchOutcome(dataset, found, schedule.done, perf_counter() - began)


def _perform(client: Any, schedule: Schedule, manifest: Manifest, found: dict[str, TaskOutcome], say: Say) -> None:
    unkept = False
    with progress("feeds", len(schedule.tasks)) as ticker:
        for task, outcome in outcomes(client, schedule.tasks):
            found[task.name] = outcome
            if outcome.state == FAILED:
                say(told(task.name, outcome.error))
            try:
                manifest.note(task, outcome)
            except (LobenchError, OSError) as error:
                # The files themselves show that they are complete, and the next note includes this one.
                if not unkept:
                    say(f"{error}; the batch continues")
                unkept = True
            else:
                unkept = False
            ticker.advance()
    others = manifest.of_other_sources(source_digest())
    if others:
        say(
            f"{others:,} tasks of this dataset were done by other sources of lobench: _lobench/manifest.json lists them"
        )


def told(feed: str, why: str | None) -> str:
    """The problem of a feed; most errors already name the feed."""
    return why if why and feed in why else f"{feed}: {why}"


@contextmanager
def _client(scheduler: str | None, memory: int | None, request: BatchRequest, say: Say) -> Iterator[Any]:
    if lanes(scheduler) is not None:
        _compile(request)
    elif memory is not None:
        raise UsageError("--memory applies to processes on this machine; a cluster's workers have their own limits")
    with connected(scheduler, memory) as client:
        say(f"{_workers(client)}; dashboard {client.dashboard_link}")
        if not client.nthreads():
            say("waiting for a worker: the scheduler has none")
        yield client


def _compile(request: BatchRequest) -> None:
    """The kernels that local workers would each compile."""
    variant = compiled(named_or_last(None, discover()))
    warm_all([variant], ["observed"], Workload(evaluate=request.evaluate, until="features"))


def _workers(client: Any) -> str:
    """The number of workers and the memory limit of each."""
    limits = [int(one["memory_limit"]) for one in client.scheduler_info()["workers"].values()]
    most = max(limits, default=0)
    each = f" of {most / 2**30:.1f} GiB each" if most else ""
    return f"{len(client.nthreads())} workers{each}"
