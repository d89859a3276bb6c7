"""A laboratory whose worker processes answer at once with invented samples: everything of an experiment except
compiling and waiting. Documents are written by the real code; all times are invented."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lobench.variants import REFERENCE
from lobench.workbench.cli import main
from lobench.workbench.experiment import document, feed
from lobench.workbench.experiment.steps import combinations, verification
from lobench.workbench.measurement import counters, grain, limits, process, scaling, session, sweep
from lobench.workbench.measurement.design import slices
from lobench.workbench.measurement.lockstep import ISOLATED, LOCKSTEP
from lobench.workbench.measurement.protocol import (
    Curves,
    LimitSamples,
    Pass,
    ScalingSamples,
    SessionMessage,
    SweepSamples,
)
from lobench.workbench.measurement.task import Task
from lobench.workbench.statistics import error_rates

NANOSECONDS = {0: 320.0, 1: 290.0, 2: 250.0, 3: 100.0, 4: 80.0, 5: 75.0, 6: 60.0, 7: 30.0, 8: 30.0}
"""Of an event, by phase; everything else takes 70."""

Command = Callable[..., int]
"""Types a command; the laboratory's ways are given by name."""


class Laboratory:
    """``interrupt_after``: messages of workers after which the command is interrupted, None for never; ``coarse``: with
    a clock that shows nothing of some samples, and a counter of stolen ticks that goes back; ``evaluations``: of every
    feed; ``passes``: of each process."""

    def __init__(
        self,
        *,
        interrupt_after: int | None = None,
        coarse: bool = False,
        evaluations: int = 10,
        passes: int = 1,
        refuted: tuple[str, ...] = (),
    ) -> None:
        self.interrupt_after, self.coarse, self.evaluations, self.passes = interrupt_after, coarse, evaluations, passes
        self.refuted = refuted
        self.told = 0
        self._rng = np.random.default_rng(1)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Put this laboratory in the place of the real one."""
        for module in (process, session, scaling, limits, sweep):
            patch.setattr(module, "messages", self.messages)
        patch.setattr(session, "together", lambda: 1)
        patch.setattr(feed, "warm_all", lambda *words, **named: None)
        for module in (verification, combinations):
            patch.setattr(module, "verify_all", self._verified)
        patch.setattr(counters, "count", lambda loaded, variants, workload: ({one.name: {} for one in variants}, {}))
        patch.setattr(counters, "peak_orders", lambda *words, **named: 5)
        # Write the document at every save, as if the process could end at any time.
        patch.setattr(document, "SAVED_EVERY", 0.0)
        patch.setattr(error_rates, "RESAMPLES", 50)

    def messages(
        self,
        task: Task,
        kind: Any,
        handed: Any = None,
        advance: Callable[[float], None] = lambda seconds: None,
        ahead: None = None,
    ) -> Iterator[Any]:
        """The output of a task's process."""
        count = handed.count if handed is not None else 0
        for message in getattr(self, f"_{task.job}")(task, count):
            if self.told == self.interrupt_after:
                raise KeyboardInterrupt
            self.told += 1
            assert type(message) is kind
            yield message

    def _session(self, task: Task, count: int) -> Iterator[SessionMessage]:
        parts = slices(count, task.settings.slice_records, task.settings.lead_in_records)
        kinds = {"none": [], "first": [ISOLATED], "second": [LOCKSTEP, ISOLATED]}[task.settings.isolated]
        done = {LOCKSTEP: 0, ISOLATED: 0}
        names, state = list(task.variants), "0" * 16
        if task.settings.witness:
            yield SessionMessage(seconds=0.1, witnessed=(state,) * len(names))
            names.pop()
        for kind in [*kinds, *[LOCKSTEP] * self.passes]:
            yield SessionMessage(seconds=0.1)
            samples = [
                [done[kind], place, variant, order, *self._reading(names[variant], part.stop - part.timed), 0]
                for place, part in enumerate(parts)
                for order, variant in enumerate(self._rng.permutation(len(names)).tolist())
            ]
            done[kind] += 1
            made = Pass(
                kind=kind,
                samples=samples,
                end_states=(state,) * len(names),
                owed_ns=(0,) * len(names),
                floor_ns=0.0,
                held=1,
                laid_out=(True,) * len(names),
            )
            yield SessionMessage(seconds=1.0, made=made)

    def _reading(self, name: str, events: int) -> tuple[int, ...]:
        cpu = int(events * _nanoseconds(name) * math.exp(self._rng.normal(0, 0.01))) + 1
        nothing = self.coarse and self._rng.random() < 0.05
        return (0 if nothing else cpu + 5, 0 if nothing else cpu, 0, 0, 0, -1 if nothing else 0)

    def _grain(self, task: Task, count: int) -> Iterator[Curves]:
        rates = {name: _nanoseconds(name) for name in task.variants}
        yield Curves(curves=[[0.0] * grain.PIECES] * 2, piece_records=4096, nanoseconds=rates)

    def _limits(self, task: Task, count: int) -> Iterator[LimitSamples]:
        yield LimitSamples(sequential_ns=(1000, 1001, 1002), random_ns=(2000, 2001, 2002), bytes=56 * count)

    def _scaling(self, task: Task, count: int) -> Iterator[ScalingSamples]:
        cases = [(variant, workers) for variant in range(len(task.variants)) for workers in task.settings.workers]
        rows = [[0, variant, workers, 900 + variant, 800] for variant, workers in cases]
        yield ScalingSamples(scaling=rows, at_once=[row for row in rows if row[2] > 1])

    def _sweep(self, task: Task, count: int) -> Iterator[SweepSamples]:
        cases = [(value, variant) for value in task.settings.values for variant in range(len(task.variants))]
        rows = [[value, number, variant, 900, 800 + number] for number in range(3) for value, variant in cases]
        yield SweepSamples(rows=rows)

    def _verified(self, loaded: Any, variants: Any, settings: Any) -> list[Any]:
        result = SimpleNamespace(evaluations=self.evaluations, books=[None], anomalies={})
        pairs = [
            (REFERENCE, 1),
            *((one.name, count) for one in variants for count in settings.workers if one.name != REFERENCE),
        ]
        return [
            SimpleNamespace(
                name=name,
                workers=count,
                agrees=name not in self.refuted,
                compared=None,
                result=result,
                digests=lambda: {"trace": "0" * 16, "state": "1" * 16},
                lines=lambda differs=name in self.refuted: ["event 5 differs"] * differs,
            )
            for name, count in pairs
        ]


def _nanoseconds(name: str) -> float:
    phase = name[1:2]
    return NANOSECONDS[int(phase)] if name[:1] == "p" and phase.isdigit() and "," not in name else 70.0


def commands(patch: pytest.MonkeyPatch, folder: Path) -> Command:
    """Types commands in a folder, each in a laboratory of its own."""
    patch.setenv("LOBENCH_TUNING_DIR", os.devnull)
    patch.chdir(folder)

    def typed(*words: object, **ways: Any) -> int:
        Laboratory(**ways).install(patch)
        line = [str(word) for word in words]
        patch.setattr(sys, "argv", ["lobench", *line])
        return main(line)

    return typed
