"""Time in which this process was stopped does not count."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from lobench.workbench.processes import stopwatch
from lobench.workbench.processes.stopwatch import LONGEST, Stopwatch


def test_only_time_between_close_readings_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([100.0, 100.25, 100.75, 220.75, 221.0])
    monkeypatch.setattr(stopwatch, "time", SimpleNamespace(monotonic=lambda: next(times)))
    watch = Stopwatch()
    assert [watch.seconds() for _ in range(4)] == [0.25, 0.75, 0.75 + LONGEST, 1.0 + LONGEST]


def test_a_stopped_process_counts_no_more_than_the_longest_gap() -> None:
    code = (
        "import select, sys, time; from lobench.workbench.processes.stopwatch import Stopwatch\n"
        "began = time.monotonic(); watch = Stopwatch(); print(flush=True)\n"
        "while not select.select([sys.stdin], [], [], 0.05)[0]: watch.seconds()\n"
        "counted = watch.seconds(); print(time.monotonic() - began - counted)"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGSTOP)
        try:
            time.sleep(LONGEST + 0.8)
        finally:
            os.kill(process.pid, signal.SIGCONT)
        said, _ = process.communicate("\n")
        assert float(said) > 0.5
