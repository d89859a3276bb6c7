"""The bench of a contest's kind."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from lobench.workbench.contest.asked import CALLABLES, Asked
from lobench.workbench.contest.bench import Bench


def bench_of(asked: Asked, chosen: Sequence[int], seed: int, variables: Mapping[str, str]) -> Bench:
    """Of the ``chosen`` subjects, by their indices in ``asked``; ``variables``: of the environment of commands. Raises
    LobenchError if a subject cannot be loaded or run."""
    if asked.kind == CALLABLES:
        from lobench.workbench.contest.callables import Callables

        return Callables(asked, chosen, random.Random(seed))
    from lobench.workbench.contest.commands import Commands

    return Commands(asked, chosen, variables)
