"""Lobench's own threads are not taken for an engine's; threads and processes that are left behind are found."""

from __future__ import annotations

import subprocess
from threading import Event, Thread

import pytest

from lobench.engine.own_thread import Company, OwnThread, other_threads


@pytest.mark.parametrize(("kind", "counted"), [(OwnThread, 0), (Thread, 1)])
def test_only_foreign_threads_are_counted(kind: type[Thread], counted: int) -> None:
    over = Event()
    before = other_threads()
    company = Company.now()
    thread = kind(target=over.wait)
    thread.start()
    try:
        assert other_threads() == before + counted
        left = "leaves threads running (1; allowed: 0): their work cannot be timed"
        assert company.left() == (left if counted else None)
        assert company.left(1) is None
    finally:
        over.set()
        thread.join()


def test_a_process_that_was_started_is_seen_until_it_has_ended() -> None:
    before = Company.now()
    with subprocess.Popen(["sleep", "100"]) as process:
        assert before.left(1) == "leaves processes running (1): their work cannot be timed"
        process.kill()
    assert before.left() is None
