"""Instructions of a commit's kernels, counted by callgrind: exact where timing is not.

Hashes and addresses are the same in every run. The count depends on the compiler's version and on nothing else.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from json import dumps
from pathlib import Path

from engine.errors import LobenchError
from workbench.commits import counting
from workbench.commits.building import Build, pinned
from workbench.commits.counting import PROCESSOR, missing
from workbench.commits.participant import last_words, started
from workbench.commits.sources import BrokenError, Source
from workbench.processes import ending, tool_environment

__all__ = ["Counts", "builds", "instructions_per_event", "missing"]

Counts = dict[tuple[int, str], float]
"""(feed, variant) to instructions per event."""


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
    with tempfile.TemporaryDirectory() as folder:
        counted = started(source, Path(counting.__file__), dumps(task))
        command = counting.command(counted["args"], folder)
        variables = tool_environment({**counted["env"], **counting.variables()})
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=variables)
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
