"""Measuring variants side by side: several fresh processes, one after the other, each interleaving all variants."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.errors import LobenchError
from variants import REFERENCE
from workbench.console import progress
from workbench.measuring import Task

CONTROL = f"{REFERENCE} (A/A)"
"""The reference once more under another name: what the laboratory says of two identical things is its error."""


SLICE_AIM = 65_536
"""Records of a slice, so many that finding caches and branch predictors cold costs little.

Measured with p4 on ``liquid-future``: slices of 8,192 records cost 39 % more than one piece, of 32,768 12 %, of
131,072 7 %.
"""


@dataclass(frozen=True)
class Design:
    """How a session is laid out. ``seconds`` of measuring in each of ``processes`` fresh processes, at least one
    pass."""

    processes: int
    seconds: float
    slice_records: int = SLICE_AIM
    passes: int = 200
    seed: int = 1


@dataclass
class Session:
    """What a session measured so far. ``variants`` are names, the control last; ``samples`` rows of
    ``measuring.COLUMNS`` with the process's number first."""

    variants: list[str]
    design: Design
    samples: list[list[int]] = field(default_factory=list)
    disagreeing: set[str] = field(default_factory=set)
    complete: bool = False


def slice_for(events: int) -> int:
    """Records of a slice: the feed in equal parts of about ``SLICE_AIM``, one part if it is shorter."""
    return -(-events // max(1, round(events / SLICE_AIM)))


def measure(
    session: Session,
    feed: Sequence[str],
    *,
    evaluate: str = "last",
    files: Sequence[str] = (),
    keep: Callable[[], None],
) -> None:
    """Fill a session with samples. ``keep`` is called after every pass, so that nothing measured is lost.

    Each replay's end state is compared with the reference's: a variant whose differs stands in ``disagreeing``.
    """
    design = session.design
    with progress("measuring", design.processes * design.seconds) as ticker:
        for number in range(design.processes):
            task = Task(
                feed=list(feed),
                variants=[REFERENCE if name == CONTROL else name for name in session.variants],
                files=list(files),
                evaluate=evaluate,
                slice_records=design.slice_records,
                seconds=design.seconds,
                passes=design.passes,
                seed=design.seed * 1000 + number,
            )
            ticker.label(f"measuring, process {number + 1} of {design.processes}")
            spent = 0.0
            for message in _process(task):
                now = min(message["seconds"], design.seconds)
                ticker.advance(now - spent)
                spent = now
                if "samples" in message:
                    session.samples += [[number, *sample] for sample in message["samples"]]
                    states = dict(zip(session.variants, message["end_states"], strict=True))
                    session.disagreeing |= {name for name in states if states[name] != states[CONTROL]}
                    keep()
            ticker.advance(design.seconds - spent)
    session.complete = True


def _process(task: Task) -> Any:
    """Messages of one measuring process. Raises LobenchError with its last words when it fails."""
    command = [sys.executable, "-m", "workbench.measuring"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            process.stdin.write(task.as_json())
            process.stdin.close()
            for line in process.stdout:
                yield json.loads(line)
        except BaseException:
            process.kill()
            raise
        problem = process.stderr.read().strip()
        if process.wait() != 0:
            raise LobenchError(f"a measuring process ended with code {process.returncode}: {problem[-2000:]}")
