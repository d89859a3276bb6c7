"""The folder of someone who reads the guides: every file that a shown command names, small."""

from __future__ import annotations

import gzip
import re
import shutil
import sys
from pathlib import Path

import lobench
from lobench.engine.parameters import NEVER
from lobench.variants.p7_cache_layout.parameters import Parameters
from lobench.workbench.tuning import files
from tests.support import shown
from tests.support.analyses import interval
from tests.support.command import busy
from tests.support.dbn_files import header, write, zstd
from tests.support.documents import document, written
from tests.support.itch_files import framed, message, stock
from tests.support.paths import ROOT

_MESSAGES = (stock(1, "ABC"), message("A", 1, "B", 100, "ABC", 10_000), message("A", 2, "S", 50, "ABC", 10_100))
_STEP = "from lobench.variants import {0}\n\nVARIANT = {0}.VARIANT.derive('{0} again')\n"
_LADDER = """name = "Half a plan"
feed = "day.dbn.zst"

[[step]]
variant = "./p3_mine.py"

[[step]]
variant = "./p4_mine.py"

[[prediction]]
step = "p4_mine"
bottleneck = "linear search"
gain = [1.0, 9.0]
source = "a guess"
date = 2026-11-01
"""
_WORK = "def {0}(lines):\n    return sum(len(line) for line in lines)\n"
_SCRIPT = """import numba


@numba.njit
def total(count):
    found = 0
    for number in range(count):
        found += number * number % 7
    return found


print(total(10_000))
"""
_TUNING = Parameters(
    distance=8, least_lines=5000, fullest=48, after=36, ahead_bytes=NEVER, widest=512, per_level=4, grouped=0
)


def make(folder: Path) -> None:
    """Write everything but built files."""
    _feeds(folder)
    _code(folder)
    for name in ("ladder.toml", "mine.toml"):
        (folder / name).write_text(_LADDER)
    (folder / "ledger.toml").touch()
    profiled = document()
    profiled["feeds"][0]["analysis"]["stages"] = [{"stage": "features", "share": interval(0.4, 0.1)}]
    for place in ("out/2026-11-22T10-11-12", "lobench/2026-11-22T10-11-12", "mine/2026-11-22T11-12-13"):
        (folder / place).mkdir(parents=True)
        written(folder / place, profiled)
    tuning = files.Tuning("that-day.dbn.zst", "0123456789abcdef" * 2, "f" * 16, _TUNING, True, {})
    files.write(folder / "that-day.toml", tuning)
    command = folder / "bin/lobench"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lobench "$@"\n')
    command.chmod(0o755)


def _feeds(folder: Path) -> None:
    (folder / "days").mkdir()
    names = ("your.mbo", "day.mbo", "day", "other-day", "days/2023-11-14.mbo", "days/2023-11-15.mbo")
    for seed, name in enumerate(names):
        made = busy(9_000, seed)
        made["ts_recv"] = made["ts_event"]  # the times of `busy` are random
        write(folder / f"{name}.dbn.zst", zstd(header() + made.tobytes()))
    itch = framed(*_MESSAGES)
    (folder / "day.itch").write_bytes(itch)
    day = lobench.open(str(folder / "day.itch"), date="2019-01-30")
    lobench.convert(day, folder / "mbp-10.dbn.zst", schema="mbp-10")
    (folder / "01302019.NASDAQ_ITCH50.gz").write_bytes(gzip.compress(itch))
    (folder / "day.gz").write_bytes(gzip.compress(b"one\ntwo\n"))
    (folder / "input.txt").write_text("words\n")


def _code(folder: Path) -> None:
    (folder / "my_variant.py").write_text(_STEP.format("p7_cache_layout"))
    for phase in ("p3_indexed_features", "p4_hash_lookup"):
        (folder / f"{phase[:2]}_mine.py").write_text(_STEP.format(phase))
    (own_step,) = re.findall(r"```python\n(.*?)```", shown.text("docs/adding-a-step.md"), re.DOTALL)
    (folder / "cancels.py").write_text(own_step)
    (folder / "your_script.py").write_text(_SCRIPT)
    for name in ("slow", "fast"):
        (folder / f"{name}.py").write_text(_WORK.format("parse"))
    for name in ("old", "new", "other"):
        (folder / f"{name}.py").write_text(_WORK.format("f"))
        (folder / name).write_text('#!/bin/sh\nexec wc -l "$1"\n')
        (folder / name).chmod(0o755)
    for name, function in (("data", "lines"), ("s", "make")):
        (folder / f"{name}.py").write_text(f"def {function}():\n    return (['one', 'two'] * 500,)\n")
    shutil.copy(ROOT / "examples/engines/python_textbook.py", folder / "mine.py")
    shutil.copy(ROOT / "tests/foreign/engine.c", folder / "mine.c")
