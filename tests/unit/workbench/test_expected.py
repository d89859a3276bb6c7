"""How long compiling takes: what has been late so far is late to the end."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lobench.workbench import expected
from lobench.workbench.processes.compilers import Job


def test_time_left_follows_what_jobs_take(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(expected, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(expected, "os", SimpleNamespace(sched_getaffinity=lambda number: {0, 1}))
    monkeypatch.setattr(expected, "_seconds", lambda jobs: dict.fromkeys(jobs, 10.0))
    jobs = [Job(name, "timed", "book") for name in "abcd"]
    followed = expected.Expected(jobs)
    followed.begun(jobs[0])
    followed.begun(jobs[1])
    assert followed.left() == 20
    clock.now = 5.0
    assert followed.left() == 15
    # Both are overdue: as far as known, each takes six times as long as expected.
    clock.now = 50.0
    assert followed.left() == pytest.approx(10 + 60)
    for job in jobs[:2]:
        followed.ended(job, 50.0)
    for job in jobs[2:]:
        followed.begun(job)
    assert followed.left() == 50
    for job in jobs[2:]:
        followed.ended(job, 50.0)
    assert followed.left() == 0
