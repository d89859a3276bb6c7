"""The command's standard streams: each text once, whole, and in its order."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from lobench.workbench import streams


@pytest.fixture
def pipe() -> Any:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@pytest.mark.parametrize("number", [1, 2])
def test_an_interrupt_writes_nothing_twice(number: int, pipe: tuple[int, int]) -> None:
    """It comes after the system call has written and before the caller returns."""
    kind: Any = {1: streams._Output, 2: streams._Error}[number]

    class Interrupted(kind):
        ends = True

        def write(self, data: Any) -> int:
            count: int = super().write(data)
            if self.ends:
                self.ends = False
                raise KeyboardInterrupt
            return count

    stream = streams._opened(number, None, Interrupted(pipe[1], "w", closefd=False))
    with pytest.raises(KeyboardInterrupt):
        print("first", file=stream, flush=True)
    print("second", file=stream, flush=True)
    assert os.read(pipe[0], 100) == b"first\nsecond\n"


@pytest.mark.parametrize("number", [1, 2])
def test_partial_writes_to_a_pipe_are_completed(number: int, pipe: tuple[int, int]) -> None:
    kind: Any = {1: streams._Output, 2: streams._Error}[number]
    text = "word " * 100_000
    stream = streams._opened(number, None, kind(pipe[1], "w", closefd=False))
    writer = threading.Thread(target=lambda: print(text, file=stream, flush=True))
    writer.start()
    found = b""
    while not found.endswith(b"\n"):
        found += os.read(pipe[0], 1000)
    writer.join()
    assert found.decode() == text + "\n"
