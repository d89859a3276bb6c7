"""Keeps output of foreign code out of a command's own output."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

_OUT, _ERR = 1, 2


@contextmanager
def stdout_aside() -> Iterator[None]:
    """Redirect stdout of Python and C code to stderr."""
    sys.stdout.flush()
    flush_c()
    try:
        kept = os.dup(_OUT)
    except OSError:
        # There is no stdout to keep clean.
        yield
        return
    try:
        os.dup2(_ERR, _OUT)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        flush_c()
        os.dup2(kept, _OUT)
        os.close(kept)


def flush_c() -> None:
    """Flush C's own streams."""
    ctypes.CDLL(None).fflush(None)
