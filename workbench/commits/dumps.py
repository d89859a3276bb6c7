"""Reads callgrind's dumps of a counting process (``counting``): instructions per event, and for each kind of action.

It imports nothing from lobench, so that asv's suite can use the working tree's version for any commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

INSTRUCTIONS = "instructions"
BY_ACTION = "instructions of "
"""Prefix of a count's name, followed by an action: the instructions of one record of that kind."""

NAMED = re.compile(r"^desc: Trigger: .*lobench (\d+) (\d+) (\S+) (.+)$", re.MULTILINE)
"""The description of a dump: feed, records, kind of count, variant."""
# Not its "summary": with threads that is a difference of two threads' counts.
_TOTAL = re.compile(r"^totals: (\d+)", re.MULTILINE)


Dumps = dict[str, list[tuple[int, int]]]
"""Kind of count to the instructions and records of each of its dumps."""


def read(files: Iterable[Path]) -> dict[tuple[int, str], dict[str, float]]:
    """(feed, variant) to instructions per event, without those of an empty call; and, if counted, to those of a record
    of each kind of action, means over replays."""
    return {
        pair: {name: sum(costs) / len(costs) for name, costs in _by_count(dumps).items()}
        for pair, dumps in _dumps(files).items()
    }


def spreads(files: Iterable[Path]) -> dict[tuple[int, str], dict[str, tuple[float, float]]]:
    """(feed, variant) to the smallest and the largest value behind each mean of ``read``, if replays differ."""
    return {
        pair: {name: (min(costs), max(costs)) for name, costs in _by_count(dumps).items() if min(costs) < max(costs)}
        for pair, dumps in _dumps(files).items()
    }


def _dumps(files: Iterable[Path]) -> dict[tuple[int, str], Dumps]:
    found: dict[tuple[int, str], Dumps] = {}
    for file in files:
        text = file.read_text(errors="replace", encoding="utf-8")
        name, total = NAMED.search(text), _TOTAL.search(text)
        if name and total:
            feed, records, kind, variant = name.groups()
            found.setdefault((int(feed), variant), {}).setdefault(kind, []).append((int(total[1]), int(records)))
    return found


def _by_count(dumps: Dumps) -> dict[str, list[float]]:
    """Instructions per event, and of one record of each kind of action, in each replay."""
    empty, _ = dumps.get("empty", [(0, 1)])[-1]
    idle, calls = dumps.get("idle", [(0, 1)])[-1]
    whole = {INSTRUCTIONS: [(cost - empty) / count for cost, count in dumps["whole"]]} if "whole" in dumps else {}
    return whole | {
        BY_ACTION + kind[-1]: [cost / count - idle / calls for cost, count in found]
        for kind, found in dumps.items()
        if kind.startswith("action-")
    }
