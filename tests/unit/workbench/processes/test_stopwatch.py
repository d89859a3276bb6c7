"""Time in which this process was stopped does not count."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
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
        "import sys, time; from lobench.workbench.processes.stopwatch import Stopwatch\n"
        "watch = Stopwatch(); print(flush=True); began = time.monotonic()\n"
        "while time.monotonic() - began < 2: time.sleep(0.05); watch.seconds()\n"
        "print(time.monotonic() - began - watch.seconds())"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGSTOP)
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1.8)
        finally:
            os.kill(process.pid, signal.SIGCONT)
        assert float(process.stdout.read()) > 0.5
