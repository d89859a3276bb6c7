"""Every written result can be read, resumed and reported: over verbs, variants, processes, parts and moments at which a
command may end."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lobench.engine.feeds import open_feed
from lobench.engine.policy import Variant
from lobench.engine.stages import STAGES
from lobench.engine.workload import Workload
from lobench.reports.page import page
from lobench.variants import REFERENCE, discover, resolve
from lobench.workbench.cli.outcome import show
from lobench.workbench.comparison.cmp import compare
from lobench.workbench.experiment import budget as budgets
from lobench.workbench.experiment.document import Document, new_content
from lobench.workbench.experiment.options import kept, options_of
from lobench.workbench.experiment.pipeline import conduct
from lobench.workbench.experiment.resume import check, reopen
from lobench.workbench.ladder import load_ladder
from lobench.workbench.results import Result, ResultFolder, read
from tests.conftest import examples
from tests.support.dbn_files import header, records, write
from tests.support.pretend import Laboratory

KNOWN = discover()
OWN = load_ladder()
NAMES = (*list(KNOWN)[1:], "p7_cache_layout,events=clone", "p7_cache_layout,tuning=profiled", "lookup=hash")


@cache
def feed(count: int) -> str:
    folder = Path(tempfile.mkdtemp(prefix="lobench-test-"))
    return str(write(folder / "day.dbn", header(), records(count).tobytes()))


@st.composite
def commands(draw: Any) -> dict[str, Any]:
    verb = draw(st.sampled_from(("run", "measure", "cmp")))
    fewest, most = (2, 2) if verb == "cmp" else (0, 4)
    return {
        "verb": verb,
        "names": draw(st.lists(st.sampled_from(NAMES), min_size=fewest, max_size=most, unique=True)),
        "processes": draw(st.none() | st.integers(2, 40)),
        "budget": draw(st.sampled_from((1.0, 40.0, 120.0, 600.0))),
        "precision": draw(st.none() | st.sampled_from((0.005, 0.5))) if verb == "measure" else None,
        "until": draw(st.sampled_from(STAGES)),
        "counts": draw(st.lists(st.sampled_from((1, 7, 9_000)), min_size=1, max_size=2 if verb == "measure" else 1)),
    }


def variants_of(command: dict[str, Any]) -> list[Variant]:
    return [KNOWN[REFERENCE], *(resolve(name, KNOWN) for name in command["names"])]


def budget_of(command: dict[str, Any]) -> budgets.Budget:
    if command["verb"] == "run":
        whole = command["until"] == STAGES[-1]
        return budgets.full(command["budget"], command["processes"], factorial=whole)
    return budgets.Budget(command["budget"], command["processes"], precision=command["precision"])


def go(command: dict[str, Any], document: Document) -> bool:
    """Do what the command asks for; returns whether it reached its end."""
    specs = [([feed(count)], open_feed([feed(count)])) for count in command["counts"]]
    try:
        conduct(document, specs, variants_of(command), OWN, budget_of(command))
    except KeyboardInterrupt:
        return False
    if command["verb"] == "cmp":
        (part,) = document.content.feeds
        base, variant = [variant.name for variant in variants_of(command)][-2:]
        part.comparison = compare(part, base, variant, 0.0, until=command["until"])
        document.save()
    return True


def usable(path: Path) -> Result:
    """The content of the file: valid, and a page can be made of it."""
    content = read(path)
    assert page([content]).answer
    return content


@given(
    command=commands(),
    ends=st.lists(st.integers(0, 60), max_size=3),
    coarse=st.booleans(),
    passes=st.integers(1, 2),
    evaluations=st.sampled_from((0, 10)),
)
# The isolated passes of every sixth process, and the first of a process alone.
@example({"verb": "cmp", "names": ["p4_hash_lookup", "p5_memory_pool"], "processes": None, "budget": 40.0,
          "precision": None, "until": "book", "counts": [9_000]}, [], False, 1, 10)  # fmt: skip
@example({"verb": "measure", "names": ["p4_hash_lookup"], "processes": None, "budget": 600.0, "precision": 0.005,
          "until": "strategies", "counts": [9_000]}, [4, 40, 3], True, 1, 10)  # fmt: skip
@settings(deadline=None, max_examples=examples(20), suppress_health_check=list(HealthCheck))
def test_every_written_result_can_be_read(
    command: dict[str, Any], ends: list[int], coarse: bool, passes: int, evaluations: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setenv("LOBENCH_TUNING_DIR", os.devnull)
        save = ResultFolder.save

        def checked(self: ResultFolder, result: Result) -> None:
            save(self, result)
            # The command may be killed at any moment.
            read(self.result)

        patch.setattr(ResultFolder, "save", checked)
        asked = options_of([[feed(count)] for count in command["counts"]], [], None, budget_of(command))
        document = Document(
            new_content(command["verb"], variants_of(command), Workload(until=command["until"]), asked),
            ResultFolder(folder),
        )
        for end in [*ends, None]:
            Laboratory(interrupt_after=end, coarse=coarse, passes=passes, evaluations=evaluations).install(patch)
            done = go(command, document)
            path = document.folder.result
            if not path.exists():
                return
            content = usable(path)
            assert content.status == ("complete" if done else "partial")
            if done:
                show(content)
                return
            if command["verb"] != "measure":
                break
            document = reopen(str(path))
            assert kept(document.content, str(path)) == asked
            check(document.content, variants_of(command))
