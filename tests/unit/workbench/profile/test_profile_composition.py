"""Profilers on kernels of known composition: whose line costs how much is known before they look."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("elftools", reason="pip install 'lobench[profile]'")

from lobench.workbench.profile import callgrind, sampled
from lobench.workbench.profile.attribution import spend
from lobench.workbench.profile.calibration import TRIALS
from lobench.workbench.profile.callgrind_file import COSTS, Counts
from lobench.workbench.profile.document import document
from lobench.workbench.profile.runner import Told
from lobench.workbench.profile.task import Task
from lobench.workbench.profile.workload import HEAVY, KERNEL_STEPS
from lobench.workbench.results.conversion import as_json
from tests.support import profile_policies, profile_work
from tests.support.profilers import needs
from tests.support.replays import LADDER

pytestmark = [pytest.mark.normal, pytest.mark.xdist_group("composition")]

NOTHING = Task(variant="", feed=[])
WORK = profile_work.__name__
OWN, OTHER = "profile_work.py", "profile_policies.py"
TRUTH = {"near": 1, "direct": profile_work.DIRECT, "deep": HEAVY}
"""Steps of each chain for one of the first."""
THREE_DEEP = ["kernel_part", "outer", "middle", "inner"]


def test_lines_of_known_composition(tmp_path: Path) -> None:
    """A line that does exactly four times the work of another: 80 % and 20 %, as the calibration has it."""
    needs("perf")
    said, _ = TRIALS["perf"](NOTHING, tmp_path, 3.0)
    assert said["kernel light"] == pytest.approx(0.2, abs=0.05)
    assert said["kernel heavy"] == pytest.approx(0.8, abs=0.05)


@pytest.mark.long
def test_inlined_lines_of_another_file_are_counted_exactly(tmp_path: Path) -> None:
    """Instructions, exactly: of the kernel's own line, of the line in the other file, and of each line that leads
    there."""
    needs("valgrind")
    told, counts = callgrind.profile(NOTHING, tmp_path, WORK)
    found = read("callgrind", COSTS, told, counts)
    near = line(found, OWN, "kernel works")
    inner = line(found, OTHER, "inner works")
    assert near["instructions"] >= 3 * KERNEL_STEPS
    assert near["instructions"] % KERNEL_STEPS == 0
    assert inner["instructions"] == (TRUTH["direct"] + TRUTH["deep"]) * near["instructions"]
    assert (near["function"], inner["function"].rpartition(".")[2]) == ("kernel_part", "inner")
    # Apart from the loop heads, which run once per step, only these lines cost anything.
    loops = [row for row in found["lines"] if row["text"].startswith("for _ in range(")]
    assert len(loops) == len(TRUTH)
    rest = found["per_event"]["instructions"] - sum(row["instructions"] for row in (near, inner, *loops))
    assert 0 <= rest < 100

    below = {row: values["instructions"] for row, values in chains(found).items()}
    assert below == {name: steps * near["instructions"] for name, steps in TRUTH.items()}
    whole = near["instructions"] * sum(TRUTH.values())
    shares = {name: cost / whole for name, cost in below.items()}
    assert shares == pytest.approx({name: steps / sum(TRUTH.values()) for name, steps in TRUTH.items()}, abs=0.01)


@pytest.mark.long
def test_inlined_lines_of_another_file_are_sampled(tmp_path: Path) -> None:
    needs("perf")
    seen = sampled.perf(NOTHING, tmp_path, 3.0, WORK)
    found = read("perf", sampled.COLUMNS, seen.told, seen.counts)
    samples = {row: values["nanoseconds"] for row, values in chains(found).items()}
    shares = {name: taken / sum(samples.values()) for name, taken in samples.items()}
    assert shares == pytest.approx({name: steps / sum(TRUTH.values()) for name, steps in TRUTH.items()}, abs=0.05)


def read(tool: str, columns: tuple[str, ...], told: Told, counts: Counts) -> Any:
    """The document of a profile of the work, as of any variant's."""
    spent = spend(told.codes, counts, {})
    return as_json(document(tool, columns, spent, 1, told.sources, variant=LADDER[0]))


def line(found: Any, file: str, mark: str) -> Any:
    """The row of the line that carries a mark."""
    (row,) = (row for row in found["lines"] if row["file"] == file and row["text"].endswith(f"# {mark}"))
    return row


def chains(found: Any) -> Mapping[str, Mapping[str, float]]:
    """The cost of the steps of each chain, distinguished by the whole stack: every frame with its file and line."""
    text = {OWN: Path(profile_work.__file__), OTHER: Path(profile_policies.__file__)}

    def place(file: str, mark: str) -> tuple[str, int]:
        lines = text[file].read_text().splitlines()
        return file, next(number for number, line in enumerate(lines, 1) if line.endswith(f"# {mark}"))

    inner = place(OTHER, "inner works")
    stacks = {
        "near": [place(OWN, "kernel works")],
        "direct": [place(OWN, "kernel calls inner"), inner],
        "deep": [
            place(OWN, "kernel calls outer"),
            place(OTHER, "outer calls middle"),
            place(OTHER, "middle calls inner"),
            inner,
        ],
    }
    frames, costs = found["stacks"]["frames"], {}
    for row in found["stacks"]["rows"]:
        stack = [tuple(frames[index][1:]) for index in row["stack"]]
        for name, wanted in stacks.items():
            if stack == wanted:
                costs[name] = dict(zip(found["columns"], row["values"], strict=True))
                if name == "deep":
                    assert [frames[index][0].rpartition(".")[2] for index in row["stack"]] == THREE_DEEP
    return costs
