"""No shape of a feed makes the packed books much slower: instructions of the book alone, counted exactly.

These shapes were the worst found by ``scripts/search-cliffs``, or before that script existed. Each is counted as a
whole, from empty books, and at twice the length: the cost of an event must not grow with the feed.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from lobench.workbench.commits import counting, dumps
from tests.support.dbn_files import header
from tests.support.paths import ROOT
from tests.support.profilers import needs
from tests.support.replays import PHASE
from tests.support.shapes import CLIFFS, records

P4, P7 = PHASE[4].name, PHASE[7].name
SHORT = 12_000
LENGTHS = (SHORT, 2 * SHORT)
MOST_RATIO = 1.5
MOST_GROWTH = 1.25
COMPILE = """
import sys
from lobench.engine.replay import Replay
from lobench.variants import discover
for name in sys.argv[1:]:
    with Replay(discover()[name], observe=False, until="book") as replay:
        replay.run(0, 0, 0)
"""

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("cliffs"), pytest.mark.timeout(1800)]


@cache
def counted() -> dict[tuple[str, int, str], float]:
    """Instructions an event by name of the shape, length and variant."""
    cases = [(name, length) for name in CLIFFS for length in LENGTHS]
    variables = {**os.environ, **counting.variables(), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-P", "-c", COMPILE, P4, P7], env=variables, check=True)
    with tempfile.TemporaryDirectory() as folder:
        feeds = []
        for place, (name, length) in enumerate(cases):
            feeds.append(Path(folder, f"{place}.dbn"))
            feeds[-1].write_bytes(header() + records(CLIFFS[name], length).tobytes())
        out = Path(folder, "counts")
        out.mkdir()
        task = {"feeds": [[str(feed)] for feed in feeds], "variants": [P4, P7], "evaluate": "last"}
        whole = {**task, "until": "book", "records": max(LENGTHS)}
        counted_by = [sys.executable, counting.__file__, json.dumps(whole)]
        subprocess.run(counting.command(counted_by, str(out)), env=variables, check=True)
        found = dumps.read(out.iterdir())
    return {(*cases[place], variant): count[dumps.INSTRUCTIONS] for (place, variant), count in found.items()}


def needs_counts() -> None:
    if platform.machine() != "x86_64":
        pytest.skip(f"instructions are counted on x86-64 only, not on {platform.machine()}")
    needs("valgrind")


@pytest.mark.parametrize("name", CLIFFS)
def test_the_top_never_does_much_more_than_phase_4(name: str) -> None:
    needs_counts()
    for length in LENGTHS:
        assert counted()[name, length, P7] <= MOST_RATIO * counted()[name, length, P4]


@pytest.mark.parametrize("name", CLIFFS)
def test_an_event_costs_the_same_on_a_longer_feed(name: str) -> None:
    needs_counts()
    short, long = (counted()[name, length, P7] for length in LENGTHS)
    assert long <= MOST_GROWTH * short
