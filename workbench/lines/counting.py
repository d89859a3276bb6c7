"""Counting a program's lines with callgrind: one run, in which only compiled code counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lobench.workbench.commits.counting import in_options
from lobench.workbench.lines.model import Facts
from lobench.workbench.lines.naming import WRAPPER, hidden, readable
from lobench.workbench.lines.processor import host
from lobench.workbench.lines.program import Program
from lobench.workbench.lines.reading import as_it_ended, left_in
from lobench.workbench.lines.running import Look, Output, command, run
from lobench.workbench.processes.starting import ending
from lobench.workbench.profile.attribution import callers_in, outside, spend
from lobench.workbench.profile.callgrind import CACHES, OPTIONS, fixed_addresses
from lobench.workbench.profile.callgrind_file import COSTS, read_counts
from lobench.workbench.profile.callgrind_names import put_names
from lobench.workbench.profile.codemap import Stack
from lobench.workbench.profile.runner import ToolFailedError

_OPTIONS = tuple(option for option in OPTIONS if option != "--collect-atstart=no")
_OUT = "callgrind.out"


def count(program: Program, folder: Path, output: Output) -> Look:
    """Run a program under callgrind in the current folder; ``folder`` gets its files, including ``callgrind.out``.

    Raises ToolFailedError where nothing was counted.
    """
    for old in folder.glob(f"{_OUT}*"):
        old.unlink()
    words, variables = command(program, folder, tool="callgrind", host=host())
    # Each process that the program forks writes a file of its own.
    under = [
        "valgrind",
        "-q",
        *_OPTIONS,
        f"--callgrind-out-file={in_options(folder)}/{_OUT}.%p",
        f"--log-file={in_options(folder)}/valgrind.%p.log",
    ]
    code = run([*fixed_addresses(), *under, *words], variables, output)
    left = left_in(folder, program, "callgrind", code)
    out = folder / _OUT
    written = folder / f"{_OUT}.{left.told.pid}"
    if not written.exists():
        raise ToolFailedError(f"the program {ending(code)} before valgrind wrote its counts")
    written.replace(out)
    with out.open(encoding="utf-8") as lines:
        counts = read_counts(lines, lambda address: left.codes.find(address) is not None)
    put_names(out, left.codes, _seen)
    # Leave out functions that call back into kernels, as the threading layer does: their cost includes the kernels'.
    counts.called = {place: cost for place, cost in counts.called.items() if place[1] not in counts.reentering}
    spent = spend(left.codes, counts, callers_in(left.codes, counts))
    if not any(entry.values[0] for entry in spent):
        within = " within its regions" if left.told.regions else ""
        raise ToolFailedError(f"the program ran no compiled function{within}: nothing was counted{as_it_ended(code)}")
    # Callgrind has no name for some code that comes from files, either.
    generated = [
        cost for place, cost in counts.elsewhere.items() if any(low <= place < high for low, high in left.told.code)
    ]
    elsewhere = dict(zip(COSTS, sum(generated, np.zeros(len(COSTS), np.int64)).tolist(), strict=True))
    return Look("callgrind", COSTS, spent, left, Facts(caches=CACHES, elsewhere=elsewhere), code)


def _seen(stack: Stack) -> Stack:
    """A stack in the form of other viewers."""
    return tuple(readable(frame)._replace(file=frame.file or WRAPPER) for frame in outside(stack, hidden))
