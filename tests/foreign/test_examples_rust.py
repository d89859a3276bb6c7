"""The plan in Rust: five libraries that agree exactly with the oracle, and their ladder."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from lobench.engine.foreign.engine import load
from lobench.workbench.ladder.file import read_file
from lobench.workbench.plan.ledger import DEFAULT
from tests.foreign.beside_oracle import check, feed
from tests.foreign.built import EXAMPLES, built

FOLDER = EXAMPLES / "rust_ladder"
LADDER = tomllib.loads((FOLDER / "ladder.toml").read_text())
STEPS = [Path(step["variant"]).stem for step in LADDER["step"]]

pytestmark = pytest.mark.xdist_group("examples")


@pytest.mark.fast
def test_the_ladder_holds_the_plans_predictions() -> None:
    plan = tomllib.loads(DEFAULT.read_text())["prediction"]
    promised = {entry.pop("phase"): entry for entry in plan}
    for number, entry in enumerate(LADDER["prediction"], 1):
        assert entry.pop("step") == STEPS[number]
        assert entry == promised[number]
    assert len(LADDER["prediction"]) == len(STEPS) - 1


@pytest.mark.fast
def test_unsafe_code_stands_at_the_boundary_alone() -> None:
    sources = sorted(FOLDER.rglob("*.rs"))
    assert [path.stem for path in sources if path.parent == FOLDER] == ["p0", "p1", "p2", "p3", "p4"]
    assert [path.name for path in sources if re.search(r"unsafe (\{|fn|impl|extern)", path.read_text())] == ["abi.rs"]


def test_the_ladder_is_one() -> None:
    built()
    assert list(read_file(FOLDER / "ladder.toml").keys) == STEPS


@pytest.mark.parametrize("step", STEPS)
def test_agrees_with_the_oracle(step: str) -> None:
    engine = load(str(built() / f"{step}.so"))
    assert engine.offered == ("BBO", "levels", "queues", "features", "strategies", "anomalies")
    assert engine.left_out == ()
    check(engine, feed("synth:every-rule,n=8000"))
    check(engine, feed("synth:every-rule,n=2000,seed=2"), evaluate="every")
    check(engine, feed("synth:auction-open,n=8000"))


@pytest.mark.long
@pytest.mark.parametrize("step", STEPS)
def test_agrees_with_the_oracle_on_several_books(step: str) -> None:
    engine = load(str(built() / f"{step}.so"))
    check(engine, feed("synth:full-market,n=20000"))
    check(engine, feed("synth:every-rule,n=20000,seed=3"))
