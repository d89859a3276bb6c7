"""Instructions of a commit's kernels, counted by callgrind: exact where timing is not.

Hashes, addresses and the state of the allocator are the same in every run. The count depends on the compiler's version
and on nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lobench.engine.errors import LobenchError
from lobench.engine.feeds import load, open_feed
from lobench.engine.stages import STAGES
from lobench.workbench.commits import counting, dumps, lines, verified
from lobench.workbench.commits.building import Variables, pinned
from lobench.workbench.commits.counting import PROCESSOR, missing
from lobench.workbench.commits.lines import Costs
from lobench.workbench.commits.participant import last_words, started
from lobench.workbench.commits.sources import BrokenError, Source
from lobench.workbench.processes.claimed_folders import scratch_folder
from lobench.workbench.processes.last_words import run
from lobench.workbench.processes.starting import ending, tool_environment

__all__ = ["BUILT", "Counted", "Counts", "UncountedError", "count", "instructions_per_event", "missing", "run_here"]

Counts = dict[tuple[int, str], float]
"""(feed, variant) to instructions per event."""

BUILT: Final[tuple[str, Variables]] = ("timed", pinned(PROCESSOR))
"""The build and the variables of the counted kernels. They are compiled beforehand: under callgrind it takes
minutes."""

_CPUINFO = Path("/proc/cpuinfo")
_NEEDED = {"abm", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "popcnt"}
"""Linux's names of the processor features used by counted kernels, beyond the baseline."""


class UncountedError(LobenchError):
    """Instructions of an engine that runs and that callgrind cannot run, as one with AVX-512: time can still tell."""


@dataclass(frozen=True)
class Counted:
    """By (feed, variant). ``exact``: instructions per event, in all and for each kind of action, by name; ``spreads``:
    the smallest and largest of these if replays differ; ``lines``: the instructions of source lines."""

    exact: dict[tuple[int, str], dict[str, float]] = field(default_factory=dict)
    spreads: dict[tuple[int, str], dict[str, tuple[float, float]]] = field(default_factory=dict)
    lines: dict[tuple[int, str], Costs] = field(default_factory=dict)


def run_here() -> bool:
    """Whether this machine's own processor can run the kernels that are counted, without callgrind."""
    try:
        told = re.search(r"^flags\s*:(.*)$", _CPUINFO.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    except OSError:
        return False
    return told is not None and set(told[1].split()) >= _NEEDED


def instructions_per_event(source: Source, variants: Sequence[str], feeds: Sequence[Sequence[str]]) -> Counts:
    """``count`` of all records together."""
    exact = count(source, variants, feeds).exact
    return {pair: found[dumps.INSTRUCTIONS] for pair, found in exact.items()}


def count(source: Source, variants: Sequence[str], feeds: Sequence[Sequence[str]], evaluate: str = "last") -> Counted:
    """Count for each feed and variant; all variants must be there and compiled. Raises BrokenError, UncountedError of
    engines from outside, and LobenchError where callgrind counted nothing."""
    if not variants:
        return Counted()
    with scratch_folder() as folder, scratch_folder() as records:
        task: dict[str, Any] = {"feeds": [list(specs) for specs in feeds], "variants": list(variants)}
        task["evaluate"] = evaluate
        if source.engines:
            task |= _of_engines(source, variants, feeds, Path(records))
        counted = started(source, Path(counting.__file__), json.dumps(task))
        command = counting.command(counted["args"], folder)
        variables = tool_environment({**counted["env"], **counting.variables()})
        code, text = run(command, variables)
        if code:
            said = last_words(text)
            how = ending(code, said)
            problem = f"{source.label}: its instructions cannot be counted: the process {how}:\n{said}"
            raise UncountedError(problem) if source.engines else BrokenError(problem, source.key)
        files = sorted(Path(folder).iterdir())
        exact = dumps.read(files)
        spreads = dumps.spreads(files) if source.engines else {}
        costs = lines.read(files, dict(source.engines)) if source.engines else {}
    # A tool that does not count is no commit's fault.
    for feed in range(len(feeds)):
        for variant in variants:
            if not exact.get((feed, variant), {}).get(dumps.INSTRUCTIONS, 0.0) > 0:
                problem = f"{source.label}: callgrind counted no instructions of {variant}"
                if source.engines:
                    raise UncountedError(problem)
                raise LobenchError(f"{problem}: valgrind does not work here")
    return Counted(exact, spreads, costs)


def _of_engines(
    source: Source, variants: Sequence[str], feeds: Sequence[Sequence[str]], folder: Path
) -> dict[str, Any]:
    """The task's entries about engines from outside: files, raw records, last stages."""
    files = []
    for place, specs in enumerate(feeds):
        file = folder / f"{place}.records"
        feed = load(open_feed(list(specs)))
        feed.records.tofile(file)
        files.append([str(file), feed.most_orders, feed.instruments])
    engines = verified.engines_of(source)
    stage = STAGES.index(verified.scope_of([engines[name] for name in variants]).until)
    return {"feeds": files, "engines": dict(source.engines), "stage": stage}
