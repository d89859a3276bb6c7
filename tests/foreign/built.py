"""The engines of examples/engines, built once for all tests."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path

from tests.support.paths import ROOT
from tests.support.profilers import needs

EXAMPLES = ROOT / "examples" / "engines"


def built() -> Path:
    """The folder of the built libraries; a library that is newer than its sources is not built again."""
    needs("g++", "rustc")
    output = EXAMPLES / "build-output"
    output.mkdir(exist_ok=True)
    # Parallel test processes wait for the first one.
    with (output / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run([EXAMPLES / "build", output], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return output
