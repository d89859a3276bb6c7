"""Threads of lobench are not taken for an engine's."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from lobench.engine.own_thread import OwnThread, other_threads


@pytest.mark.parametrize(("kind", "counted"), [(OwnThread, 0), (Thread, 1)])
def test_whose_thread_it_is(kind: type[Thread], counted: int) -> None:
    over = Event()
    before = other_threads()
    thread = kind(target=over.wait)
    thread.start()
    try:
        assert other_threads() == before + counted
    finally:
        over.set()
        thread.join()
