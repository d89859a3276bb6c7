"""A worker's part of a batch: one replay per task, whose rows go to files of the dataset."""

from __future__ import annotations

import json
import os
import resource
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock
from time import perf_counter

from lobench.engine.cache import source_digest
from lobench.engine.errors import LobenchError
from lobench.engine.feeds import Feed, open_feed
from lobench.engine.feeds.selection import SelectedFeed, Selection
from lobench.engine.feeds.spooled import forget, is_remote
from lobench.engine.workload import Workload
from lobench.variants import compiled, discover
from lobench.workbench.batch.layout import (
    check_symbols,
    day_of_feed,
    place_of_share,
    place_of_symbol,
    selected_symbols,
    shares_of,
)
from lobench.workbench.batch.output import DatasetOutput, written_file
from lobench.workbench.batch.request import SYMBOL
from lobench.workbench.batch.task import DONE, FAILED, Task, TaskOutcome
from lobench.workbench.batch.turn import check_turn
from lobench.workbench.console import quiet
from lobench.workbench.processes.resource_limits import exhausted
from lobench.workbench.replaying.driving import replay_feed
from lobench.workbench.replaying.request import Request
from lobench.workbench.rows.formats import told_of
from lobench.workbench.selection import named_or_last
from lobench.workbench.version import version

_using: Counter[str] = Counter()
_lock = Lock()


def perform(task: Task) -> TaskOutcome:
    """Do a task. Problems with its feed, or with the place it writes to, are part of the outcome."""
    started = perf_counter()
    try:
        with quiet(), _copies(task.feed.paths):
            outcome = _performed(task)
    except (LobenchError, OSError, MemoryError) as error:
        said = str(error) if isinstance(error, LobenchError) else exhausted(error) or f"{type(error).__name__}: {error}"
        outcome = TaskOutcome(state=FAILED, error=said)
    return replace(
        outcome,
        seconds=perf_counter() - started,
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        worker=f"{socket.gethostname()}:{os.getpid()}",
    )


def _performed(task: Task) -> TaskOutcome:
    if version() != task.version:
        where = socket.gethostname()
        raise LobenchError(f"worker {where} has lobench {version()}, not {task.version}: install the same version")
    check_turn(task.dataset, task.run)
    feed = open_feed(task.feed.words)
    day = day_of_feed(task.feed.words, feed)
    if task.request.partition_by == SYMBOL:
        check_symbols(selected_symbols(feed), task.request)
        return _replayed(task, str(day), feed, [], lambda key: place_of_symbol(task.dataset, day, task.feed, key))
    shares = shares_of(feed, task.request, task.part, task.parts)
    places = [place_of_share(task.dataset, day, task.feed, number) for number in range(shares.first, shares.stop)]
    if all(written_file(task.dataset, place, task.key) for place in places):
        return _found(task, str(day), places)
    if task.parts > 1:
        feed = SelectedFeed(feed, Selection(keys=shares.keys), {})
    return _replayed(task, str(day), feed, places, lambda key: places[shares.of(key) - shares.first])


def _replayed(task: Task, day: str, feed: Feed, places: Sequence[Path], place_of: Callable[[str], Path]) -> TaskOutcome:
    made: list[DatasetOutput] = []

    def opened(feed: Feed, request: Request, stack: ExitStack) -> DatasetOutput:
        made.append(DatasetOutput(feed, request, stack, task=task, known=places, place_of=place_of))
        return made[0]

    request = Request(
        workload=Workload(evaluate=task.request.evaluate, until="features"),
        depth=task.request.depth,
        sample=task.request.sampled(),
        command=task.command,
    )
    variant = compiled(named_or_last(None, discover()))
    outcome = replay_feed(feed, variant, request, None, _unseen, opened)
    (output,) = made
    found = [written_file(task.dataset, place, task.key) for place in output.symbols]
    return TaskOutcome(
        state=DONE,
        date=day,
        files=tuple(file for file in found if file is not None),
        events=outcome.events,
        evaluations=outcome.evaluations,
        anomalies=outcome.anomalies,
        feed_digest=output.digest.value(),
        source_digest=source_digest(),
        version=version(),
    )


def _found(task: Task, day: str, places: Sequence[Path]) -> TaskOutcome:
    """Outcomes in files that an earlier run finished but could not record."""
    told = (told_of(places[0]) if places else None) or {}
    files = [written_file(task.dataset, place, task.key) for place in places]
    return TaskOutcome(
        state=DONE,
        date=day,
        files=tuple(file for file in files if file is not None),
        events=int(told.get("events", 0)),
        evaluations=int(told.get("evaluations", 0)),
        anomalies=json.loads(told.get("anomalies", "{}")),
        feed_digest=told.get("feed_digest"),
        source_digest=told.get("source_digest"),
        version=told.get("version"),
        found=True,
    )


@contextmanager
def _unseen(feed: Feed) -> Iterator[Callable[[int], object]]:
    yield lambda records: None


@contextmanager
def _copies(paths: Sequence[str]) -> Iterator[None]:
    """Within, copies of remote feeds are kept; a worker would gather those of all its tasks else."""
    with _lock:
        _using.update(paths)
    try:
        yield
    finally:
        with _lock:
            _using.subtract(paths)
            for path in paths:
                if is_remote(path) and not _using[path]:
                    forget(path)
