"""Processes side by side: each tells its job, code and words, and none stays."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import IO

import pytest

from lobench.workbench.processes.starting import side_by_side

STARTED: list[subprocess.Popen[str]] = []


def run(code: str, said: IO[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", code], stderr=said, text=True)
    STARTED.append(process)
    return process


def test_each_job_is_reported_once() -> None:
    jobs = [f"import sys; sys.stderr.write('{place}' * 100_000); sys.exit({place})" for place in range(5)]
    ended = {job: (code, said) for job, code, said in side_by_side(jobs, run)}
    assert ended == {job: (place, str(place) * 100_000) for place, job in enumerate(jobs)}
    assert list(side_by_side([], run)) == []


def test_jobs_are_asked_for_when_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0})
    asked: list[int] = []

    def jobs() -> Iterator[str]:
        for place in range(3):
            asked.append(place)
            yield "pass"

    assert [len(asked) for _ in side_by_side(jobs(), run)] == [1, 2, 3]


def test_leaving_early_ends_all_processes() -> None:
    STARTED.clear()
    with closing(side_by_side(["pass", *["import time; time.sleep(600)"] * 3], run)) as ended:
        assert next(ended)[:2] == ("pass", 0)
    assert all(process.poll() is not None for process in STARTED)
