"""Passes in children of one prepared process: they share its memory layout, and each pass allocates anew.

A measuring process takes a second to start. A process that has loaded everything, and has no other thread, forks in
milliseconds; its children have its code and its heap at the same addresses, in the same pages of memory until they
write to them. ``scripts/noise-sources`` measures whether that is as good as a process of its own.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial

from lobench.engine.errors import LobenchError
from lobench.engine.foreign.start import Contestant
from lobench.engine.own_thread import other_threads
from lobench.engine.policy import Variant
from lobench.workbench.measurement.design import slices
from lobench.workbench.measurement.layouts import Kernel, kernel_of
from lobench.workbench.measurement.lockstep import Bench
from lobench.workbench.measurement.prefault import taken, touch
from lobench.workbench.measurement.protocol import ForkMessage, ForkPass, ForkSettings
from lobench.workbench.measurement.task import Job
from lobench.workbench.processes.child import end_with_parent
from lobench.workbench.processes.starting import ending


def work(job: Job) -> None:
    """Passes in lock-step, with kernels laid out anew, each in a fork or all in this process."""
    settings = job.settings(ForkSettings)
    variants = job.variants()
    kernels = _kernels(variants, job.task.workload.until, settings.layouts)
    if not settings.forks:
        _passes(job, settings, variants, kernels, 0)
    elif other_threads() > 1:
        raise LobenchError("a process with threads cannot be forked: threads do not survive in its children")
    for fork in range(settings.forks):
        began = time.monotonic()
        in_fork(partial(_passes, job, settings, variants, kernels, fork))
        job.tell(ForkMessage(fork=fork, seconds=time.monotonic() - began))


def _kernels(variants: Sequence[Contestant], until: str, layouts: Sequence[int]) -> list[Kernel]:
    made: dict[tuple[str, int], Kernel] = {}
    for variant, layout in zip(variants, layouts, strict=True):
        if not isinstance(variant, Variant):
            raise LobenchError(f"{variant.name} is not a lobench kernel: its layout cannot be shuffled")
        if (variant.name, layout) not in made:
            made[variant.name, layout] = kernel_of(variant, until, layout)
    return [made[variant.name, layout] for variant, layout in zip(variants, layouts, strict=True)]


def in_fork(task: Callable[[], None]) -> None:
    """Do something in a child of this process, to its end. Raises LobenchError where it ends badly."""
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            end_with_parent(parent)
            task()
            code = 0
        except LobenchError as error:
            print(error, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        finally:
            # Exit without running the parent's cleanup.
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise LobenchError(f"a forked process {ending(code)}")


def _passes(
    job: Job, settings: ForkSettings, variants: Sequence[Contestant], kernels: Sequence[Kernel], fork: int
) -> None:
    parts = slices(job.feed.count, settings.slice_records, settings.lead_in_records)
    bench = Bench(job, variants, parts, time.monotonic(), f"{job.task.seed} {fork}", kernels)
    for number in range(settings.passes):
        began = time.monotonic()
        touch(max(settings.held, taken()))
        samples, states = bench.lockstep(number)
        now = time.monotonic()
        made = ForkPass(samples=samples, end_states=states, held=taken(), seconds=now - began)
        job.tell(ForkMessage(fork=fork, made=made))
