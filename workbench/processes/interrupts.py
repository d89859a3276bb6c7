"""Interrupts that wait: SIGINT, SIGTERM and SIGHUP are noted, and asked for between two steps of work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

WORDS: dict[int, str] = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}
"""Signals that end a command in order, and how it says that."""


class Noted:
    """``number`` of the signal that came, 0 while none did."""

    number = 0


@contextmanager
def noted() -> Iterator[Noted]:
    """Within, the first of these signals is only noted; a second one acts as it would have without this.

    Signals come to the main thread: in any other nothing is noted."""
    found = Noted()
    if threading.current_thread() is not threading.main_thread():
        yield found
        return

    def note(number: int, frame: FrameType | None) -> None:
        found.number = number
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    handlers = {number: signal.getsignal(number) for number in WORDS}
    # An ignored signal (SIGINT in a shell's background jobs) stays ignored.
    before = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}
    try:
        for number in before:
            signal.signal(number, note)
        yield found
    finally:
        restore()


@contextmanager
def held() -> Iterator[None]:
    """Within, the first of these signals waits; it acts at the end."""
    with noted() as found:
        yield
    if found.number:
        signal.raise_signal(found.number)
