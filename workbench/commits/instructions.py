"""Instructions of a commit's kernels, counted by callgrind: exact where timing is not.

Hashes and addresses are the same in every run. The count depends on the compiler's version and on nothing else.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from json import dumps
from pathlib import Path

from lobench.engine.errors import LobenchError
from lobench.workbench.commits import counting
from lobench.workbench.commits.building import Build, pinned
from lobench.workbench.commits.counting import PROCESSOR, missing
from lobench.workbench.commits.participant import last_words, started
from lobench.workbench.commits.sources import BrokenError, Source
from lobench.workbench.processes.claimed_folders import scratch_folder
from lobench.workbench.processes.starting import ending, tool_environment

__all__ = ["Counts", "builds", "instructions_per_event", "missing", "run_here"]

Counts = dict[tuple[int, str], float]
"""(feed, variant) to instructions per event."""

_CPUINFO = Path("/proc/cpuinfo")
_NEEDED = {"abm", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "popcnt"}
"""What Linux calls the abilities of the processor that counted kernels are compiled for, beyond those of all."""


def run_here() -> bool:
    """Whether this machine's own processor can run the kernels that are counted, without callgrind."""
    try:
        told = re.search(r"^flags\s*:(.*)$", _CPUINFO.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    except OSError:
        return False
    return told is not None and set(told[1].split()) >= _NEEDED


def builds(source: Source, variants: Sequence[str]) -> list[Build]:
    """What must be compiled first: under callgrind that takes minutes."""
    return [Build(source, variant, "timed", pinned(PROCESSOR)) for variant in variants]


def instructions_per_event(
    source: Source, variants: Sequence[str], feeds: Sequence[Sequence[str]], evaluate: str = "last"
) -> Counts:
    """Count for each feed and variant; all variants must be there and compiled. Raises BrokenError, and LobenchError
    where callgrind counted nothing."""
    if not variants:
        return {}
    task = {"feeds": [list(specs) for specs in feeds], "variants": list(variants), "evaluate": evaluate}
    with scratch_folder() as folder:
        counted = started(source, Path(counting.__file__), dumps(task))
        command = counting.command(counted["args"], folder)
        variables = tool_environment({**counted["env"], **counting.variables()})
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=variables, encoding="utf-8"
        )
        if done.returncode:
            said = last_words(done.stderr)
            how = ending(done.returncode, said)
            problem = f"{source.label}: its instructions cannot be counted: the process {how}:\n{said}"
            raise BrokenError(problem, source.key)
        counts = counting.read(sorted(Path(folder).iterdir()))
    # No commit is to blame for a tool that does not count.
    for feed in range(len(feeds)):
        for variant in variants:
            if not counts.get((feed, variant), 0.0) > 0:
                raise LobenchError(
                    f"{source.label}: callgrind counted no instructions of {variant}: valgrind does not work here"
                )
    return counts
