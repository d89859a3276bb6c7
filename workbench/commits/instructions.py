"""Instructions of a commit's kernels, counted by callgrind: exact where timing is not.

callgrind knows no AVX-512, so kernels are compiled for a processor that it can play; hashes and addresses are the
same in every run. The count depends on the compiler's version and on nothing else.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from workbench.commits.building import Build, pinned
from workbench.commits.participant import last_words
from workbench.commits.sources import BrokenError, Source

PROCESSOR = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+bmi,+bmi2,+fma"}
"""What kernels are compiled for."""

RECORDS = 20_000
"""Of the feed's beginning: the count is exact, so few are enough."""

_COUNTER = Path(__file__).with_name("counting.py")

Counts = dict[tuple[int, str], float]
"""(feed, variant) to instructions per event."""


def missing() -> str | None:
    """Why instructions can't be counted here; None if they can."""
    if platform.machine() != "x86_64":
        return f"instructions are counted on x86-64 only, not on {platform.machine()}"
    if shutil.which("valgrind") is None:
        return "valgrind is not installed"
    return None


def builds(source: Source, variants: Sequence[str]) -> list[Build]:
    """What must be compiled first: under callgrind that takes minutes."""
    return [Build(source, variant, "timed", pinned(PROCESSOR)) for variant in variants]


def instructions_per_event(
    source: Source, variants: Sequence[str], feeds: Sequence[Sequence[str]], evaluate: str = "last"
) -> Counts:
    """Count for each feed and variant; all variants must be there and compiled. Raises BrokenError."""
    if not variants:
        return {}
    task = {"feeds": feeds, "variants": list(variants), "records": RECORDS, "evaluate": evaluate}
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(["setarch", platform.machine(), "-R"] if shutil.which("setarch") else []),
            *("valgrind", "--tool=callgrind", "--instr-atstart=no", "--smc-check=all-non-file", "-q"),
            f"--callgrind-out-file={folder}/out",
            *(source.python, "-P", str(_COUNTER), json.dumps(task)),
        ]
        variables = {**source.variables(), **PROCESSOR}
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=variables)
        if done.returncode:
            problem = f"{source.label}: its instructions cannot be counted:\n{last_words(done.stderr)}"
            raise BrokenError(problem, source.key)
        return _read(sorted(Path(folder).iterdir()))


_NAME = re.compile(r"^desc: Trigger: .*lobench (\d+) (\d+) (empty|whole) (.+)$", re.MULTILINE)
_TOTAL = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


def _read(files: Sequence[Path]) -> Counts:
    """Totals of the dumps: those of the records without those of an empty call."""
    totals: dict[tuple[int, str, str], tuple[int, int]] = {}
    for file in files:
        text = file.read_text(errors="replace")
        name, total = _NAME.search(text), _TOTAL.search(text)
        if name and total:
            feed, records, kind, variant = name.groups()
            totals[int(feed), variant, kind] = (int(total[1]), int(records))
    return {
        (feed, variant): (total - totals[feed, variant, "empty"][0]) / records
        for (feed, variant, kind), (total, records) in totals.items()
        if kind == "whole"
    }
