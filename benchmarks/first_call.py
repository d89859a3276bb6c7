"""From a new process to the first replay: with an empty cache of kernels, and with a full one."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from typing import Any

from .common import TASKS, VARIANTS, Prepared, found


def of_children() -> float:
    """CPU seconds of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class FirstCall(Prepared):
    """The reference and the top of the ladder; process start and imports are part of it."""

    version = "1"
    param_names = ("variant", "kernels")
    params = (list(dict.fromkeys([VARIANTS[0], VARIANTS[-1]])), ["cold", "warm"])
    number = 1
    repeat = (3, 5, 20.0)
    rounds = 1
    warmup_time = 0
    timer = staticmethod(of_children)

    def setup(self, cache: dict[str, Any], variant: str, kernels: str) -> None:
        found(variant)
        self.folder = tempfile.TemporaryDirectory() if kernels == "cold" else None

    def teardown(self, cache: dict[str, Any], variant: str, kernels: str) -> None:
        if self.folder is not None:
            self.folder.cleanup()

    def time_first_call(self, cache: dict[str, Any], variant: str, kernels: str) -> None:
        chosen = {"LOBENCH_CACHE_DIR": self.folder.name} if self.folder is not None else {}
        command = [sys.executable, "-P", str(TASKS / "worker.py"), "compile", "timed", variant]
        subprocess.run(command, env={**os.environ, **chosen}, check=True)
