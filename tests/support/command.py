"""Running `lobench` as a user types it, and small feeds to run it on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lobench.engine.records import (
    ADD,
    ASK,
    BID,
    CANCEL,
    CLEAR,
    F_LAST,
    F_SNAPSHOT,
    F_TOB,
    FILL,
    MBO,
    MODIFY,
    NO_SIDE,
    TRADE,
)
from lobench.workbench.console import PLAIN
from tests.support import forked
from tests.support.dbn_files import records
from tests.support.paths import ROOT

COMMAND = [sys.executable, "-m", "lobench"]


def environment(**changes: str) -> dict[str, str]:
    """The environment of a command in any folder, without colours and the width of a terminal."""
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR")}
    # No tuning file of this machine may influence a test.
    return {"LOBENCH_TUNING_DIR": os.devnull, **kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **changes}


PATIENCE = 1500.0
"""Seconds for a command: a first run of all parts compiles some forty kernels, beside other tests that compile."""


def lobench(*arguments: object, folder: Path | None = None, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, with ``changes`` to its environment."""
    return forked.run([*map(str, arguments)], folder, environment(**changes), PATIENCE)


def complaints(done: subprocess.CompletedProcess[str]) -> str:
    """The stderr of a command, without progress lines."""
    return "".join(line for line in done.stderr.splitlines(keepends=True) if not line.startswith(PLAIN))


def answer(*arguments: object, folder: Path | None = None) -> Any:
    """The JSON object that the command prints with ``--json``."""
    done = lobench(*arguments, "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(code: int, *arguments: object, folder: Path | None = None) -> str:
    """The one line of stderr of a command that must fail with exit code ``code``."""
    done = lobench(*arguments, folder=folder)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    (line,) = complaints(done).splitlines()
    assert line.startswith("lobench: ")
    return line


def busy(count: int, seed: int = 0) -> npt.NDArray[np.void]:
    """``count`` records of three instruments on two venues that meet every rule of the books, dtype ``MBO``."""
    rng = np.random.default_rng(seed)
    made = records(count, seed)
    made["instrument_id"] = rng.choice([7, 70_000, 2**32 - 1], count)
    made["publisher_id"] = rng.choice([1, 2**16 - 1], count)
    made["ts_event"] = 1_700_000_000_000_000_000 + np.cumsum(rng.integers(0, 5_000, count)).astype(np.uint64)
    made["order_id"] = rng.integers(0, 60, count)
    made["price"] = rng.integers(-12, 12, count) * 250_000_000 + 5_000_000_000
    made["size"] = np.where(rng.random(count) < 0.02, 2**32 - 1, rng.integers(0, 40, count))
    kinds = [ADD, CANCEL, MODIFY, TRADE, FILL, CLEAR]
    made["action"] = rng.choice(kinds, count, p=[0.5, 0.2, 0.14, 0.1, 0.05, 0.01])
    made["side"] = rng.choice([BID, ASK, NO_SIDE], count, p=[0.49, 0.49, 0.02])
    made["flags"] = rng.choice([0, F_LAST, F_LAST | F_SNAPSHOT, F_LAST | F_TOB], count, p=[0.2, 0.7, 0.05, 0.05])
    assert made.dtype == MBO
    return made


def calm(count: int) -> npt.NDArray[np.void]:
    """``count`` records of one book that break no rule: orders that are added and cancelled again."""
    made = records(count)
    number = np.arange(count)
    made["instrument_id"], made["publisher_id"] = 7, 1
    made["action"] = np.where(number % 2, CANCEL, ADD)
    made["side"] = BID
    made["order_id"] = number // 2
    made["price"], made["size"] = 1_000_000_000, 5
    return made
