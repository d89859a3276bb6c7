"""`run` and `cmp` name a variant that cheats or fails, do not measure it, and continue with the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import lobench
from tests.support.paths import ROOT

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("cheats")]

CHEATS = ROOT / "tests" / "cheats"
FEED = "synth:every-rule,n=40000"
SHORT = ("--until", "book", "--budget", "4", "--processes", "2", "--json")


def told(*arguments: object, folder: Path) -> Any:
    """The JSON of a measurement in which a variant is refuted."""
    done = lobench(*arguments, *SHORT, folder=folder)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


def refutations(content: Any) -> dict[str, str]:
    (feed,) = content["feeds"]
    return {entry["name"]: entry["difference"] for entry in feed["verification"] if not entry["agrees"]}


def test_run_measures_the_others(tmp_path: Path) -> None:
    names = ("crashes", "knows_when_verified")
    files = [word for name in names for word in ("--variants-from", CHEATS / f"{name}.py")]
    content = told("run", "--quick", FEED, "--variants", " ".join(["p4_hash_lookup", *names]), *files, folder=tmp_path)
    found = refutations(content)
    assert set(found) == set(names)
    assert found["crashes"].startswith("was killed by SIGSEGV; at event ")
    assert "calls)" in found["knows_when_verified"]
    ladder = [rung["variant"] for rung in content["feeds"][0]["analysis"]["ladder"]]
    assert ladder == ["p0_baseline", "p4_hash_lookup"]


@pytest.mark.parametrize(
    ("name", "said"), [("raises", "raised ValueError: event 5,000"), ("defers", "first difference")]
)
def test_cmp_gives_no_verdict(name: str, said: str, tmp_path: Path) -> None:
    content = told("cmp", "p4_hash_lookup", name, FEED, "--variants-from", CHEATS / f"{name}.py", folder=tmp_path)
    assert content["comparison"] is None
    assert refutations(content)[name].startswith(said)


def test_a_printing_variant_leaves_json_intact(tmp_path: Path) -> None:
    """Neither verification nor counting nor the timed session lets it into the JSON."""
    path = CHEATS / "prints.py"
    done = lobench("cmp", "p4_hash_lookup", "prints", FEED, "--variants-from", path, *SHORT, folder=tmp_path)
    content = json.loads(done.stdout)
    assert refutations(content) == {}
    assert content["comparison"]["verdict"] is not None
