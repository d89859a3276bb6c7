"""Dask: a cluster of this machine's processes, or one that is there already, and tasks done by it."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
import uuid
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.batch.task import FAILED, Task, TaskOutcome
from lobench.workbench.batch.working import perform
from lobench.workbench.optional_dependencies import required

_PATIENCE: Final = 30
"""Seconds for a scheduler to answer."""


_GUARD: Final = "call lobench.batch below `if __name__ == '__main__':`, because its workers import the script too"


class LostSchedulerError(LobenchError):
    """The fate of the tasks is unknown."""


def lanes(scheduler: str | None) -> int | None:
    """Processes of a local cluster; None for one that is elsewhere. Raises UsageError for a number that makes none."""
    if scheduler is None:
        return len(os.sched_getaffinity(0))
    if not scheduler.lstrip("-").isdigit():
        return None
    if int(scheduler) < 1:
        raise UsageError(f"--scheduler takes an address or a positive number of processes, was {scheduler}")
    return int(scheduler)


def check_script() -> None:
    """Raise UsageError in a worker that starts and reads the script that starts workers."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UsageError(_GUARD)


@contextmanager
def connected(scheduler: str | None, memory: int | None = None) -> Iterator[Any]:
    """A Dask client: of the scheduler at an address, or of local processes, by default one for each core. Each process
    may take ``memory`` bytes. Raises UsageError if nothing answers."""
    distributed = required("distributed", "cluster")
    local = lanes(scheduler)
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        # A warning that the dashboard's usual port is taken.
        warnings.simplefilter("ignore")
        if local is None:
            try:
                _knock(distributed, scheduler)
                client = distributed.Client(scheduler, timeout=_PATIENCE, set_as_default=False)
            except (OSError, ValueError) as error:
                raise UsageError(f"--scheduler {scheduler}: no scheduler answers: {error}") from error
            yield stack.enter_context(client)
            return
        cluster = distributed.LocalCluster(
            n_workers=local,
            threads_per_worker=1,
            memory_limit=memory or "auto",
            silence_logs=logging.CRITICAL,
            # Dask cannot spill the memory of a running task: a worker paused for it would stay paused.
            config={f"distributed.worker.memory.{step}": False for step in ("target", "spill", "pause")},
        )
        stack.enter_context(cluster)
        client = stack.enter_context(distributed.Client(cluster, set_as_default=False))
        client.register_plugin(_deaf(distributed))
        yield client


def _knock(distributed: Any, scheduler: str | None) -> None:
    """Raise OSError or ValueError if nothing answers: a client without a peer takes a minute to end."""

    async def knock() -> None:
        settings = distributed.Security().get_connection_args("client")
        comm = await distributed.comm.connect(scheduler, timeout=_PATIENCE, **settings)
        await comm.close()

    # A notebook already runs an event loop on this thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, knock()).result()


def outcomes(client: Any, tasks: Sequence[Task]) -> Iterator[tuple[Task, TaskOutcome]]:
    """Perform tasks, in order; yields each as it ends. Tasks of lost workers are given to others, as often as Dask's
    ``allowed-failures`` permits, and then once more after all others. Raises LostSchedulerError."""
    distributed = required("distributed", "cluster")
    lost: list[Task] = []
    # A task's own key leaves out the dataset, and others may use the scheduler for the same feeds.
    run = uuid.uuid4().hex
    futures = {
        client.submit(perform, task, key=f"lobench-{run}-{task.key}", priority=-place, pure=False): task
        for place, task in enumerate(tasks)
    }
    try:
        for future in distributed.as_completed(list(futures), loop=client.loop):
            if future.status == "error" and isinstance(future.exception(), distributed.KilledWorker):
                lost.append(futures[future])
            else:
                yield futures[future], _outcome(future, distributed)
            future.release()
        for number, task in enumerate(lost):
            # Alone, because Dask cannot say which of the worker's tasks needed too much memory.
            again = client.submit(perform, task, key=f"lobench-{run}-again-{number}-{task.key}", pure=False)
            futures[again] = task
            yield task, _outcome(again, distributed)
            again.release()
    finally:
        if client.status == "running":
            client.cancel(list(futures), force=True)


def _outcome(future: Any, distributed: Any) -> TaskOutcome:
    try:
        outcome: TaskOutcome = future.result()
        return outcome
    except distributed.KilledWorker as error:
        said = f"its workers ended, {error.allowed_failures + 1} times (out of memory?)"
        return TaskOutcome(state=FAILED, error=said)
    except CancelledError as error:
        raise LostSchedulerError("the scheduler is gone; finished files stay: run the same command again") from error
    except Exception as error:
        return TaskOutcome(state=FAILED, error=f"{type(error).__name__}: {error}")


def _deaf(distributed: Any) -> Any:
    """A terminal's ^C goes to all processes: workers leave it to the command, which ends them."""

    class Deaf(distributed.WorkerPlugin):  # type: ignore[misc]
        name = "lobench-deaf"

        def setup(self, worker: Any) -> None:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, signal.SIG_IGN)

    return Deaf()
