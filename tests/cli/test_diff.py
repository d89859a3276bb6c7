"""`lobench diff`: two results of different times, and which of them can be compared."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import answer, lobench, refused
from tests.support.documents import SPEEDS, document, written

SHAPE: dict[str, Any] = {"processes": 6, "slices": 20, "passes": 1}
OLD = document(**SHAPE)


def edited(made: dict[str, Any], name: str) -> dict[str, Any]:
    """The result of a session in which the variant ``name`` had other sources."""
    for entry in made["variants"]:
        if entry["name"] == name:
            entry["source_digest"] = "0" * 16
    return made


def pair(folder: Path, new: dict[str, Any], old: dict[str, Any] = OLD) -> tuple[Path, Path]:
    return written(folder, old, "old.json"), written(folder, new, "new.json")


def test_the_same_speed(tmp_path: Path) -> None:
    paths = pair(tmp_path, edited(document(**SHAPE, seed=2), "p2_snapshot"))
    told = answer("diff", *paths)
    assert (told["regressions"], told["notes"]) == ([], [])
    assert [change["variant"] for change in told["changes"]] == list(SPEEDS)
    verdicts = {change["variant"]: change["verdict"] for change in told["changes"]}
    assert verdicts == {**dict.fromkeys(SPEEDS), "p2_snapshot": "no difference shown"}
    assert [change["variant"] for change in told["changes"] if not change["same"]] == ["p2_snapshot"]
    ((feed, control, differ, same),) = (tuple(entry.values()) for entry in told["sessions"])
    assert (feed, control, same) == ("synth:liquid-future", False, 3)
    assert 0 < differ < 0.05
    assert told["changes"][0]["relative"] is None
    for change in told["changes"]:
        assert change["absolute"]["low"] < 1 < change["absolute"]["high"] or abs(change["absolute"]["value"] - 1) < 0.02
    done = lobench("diff", *paths)
    assert done.returncode == 0
    assert "No variant is shown to be slower." in done.stdout
    assert "`lobench cmp` compares side by side" in done.stdout
    (heading,) = [line for line in done.stdout.splitlines() if "variant" in line and "┃" in line]
    assert "speed-up, new / old" in heading
    assert "events/s, new / old" in heading


def test_the_same_sources_are_a_control(tmp_path: Path) -> None:
    """However different the two hours, the cause is the session."""
    paths = pair(tmp_path, document(**SHAPE, seed=2, speeds={**SPEEDS, "p1_zero_copy": 1.0}))
    told = answer("diff", *paths)
    assert told["regressions"] == []
    assert {change["verdict"] for change in told["changes"]} == {None}
    assert told["sessions"][0]["control"]
    assert told["sessions"][0]["sessions_differ"] == pytest.approx(0.05, rel=0.2)
    done = lobench("diff", *paths)
    assert done.returncode == 0
    assert (
        "in the speed-ups of 4 variants of the same sources; all sources are the same: this is a control" in done.stdout
    )
    assert "faster" not in done.stdout.replace("above 1 is faster", "")


def test_without_a_control_nothing_is_judged(tmp_path: Path) -> None:
    slow = document(**SHAPE, seed=3, speeds={**SPEEDS, "p2_snapshot": 1.0})
    slow["source_digest"] = "f" * 16
    paths = pair(tmp_path, slow)
    text = refused(2, "diff", *paths)
    assert "so the difference between sessions is unknown; --control RESULT adds another result" in text
    told = answer("diff", *paths, "--force")
    assert told["sessions"][0]["sessions_differ"] is None
    assert {change["verdict"] for change in told["changes"]} == {None}
    # Another session of the earlier sources is the control.
    control = written(tmp_path, document(**SHAPE, seed=5), "control.json")
    done = lobench("diff", *paths, "--control", control)
    assert done.returncode == 1
    assert "SLOWER        p2_snapshot on synth:liquid-future" in done.stdout.splitlines()


def test_a_variant_became_slower(tmp_path: Path) -> None:
    paths = pair(tmp_path, edited(document(**SHAPE, seed=3, speeds={**SPEEDS, "p2_snapshot": 1.17}), "p2_snapshot"))
    done = lobench("diff", *paths)
    assert done.returncode == 1
    assert "SLOWER        p2_snapshot on synth:liquid-future" in done.stdout.splitlines()
    for tolerance, code in (("1%", 1), ("0.01", 1), ("30%", 0)):
        assert lobench("diff", *paths, "--tolerance", tolerance).returncode == code
    told = answer("diff", *paths, "--tolerance", "30%")
    change = told["changes"][2]
    assert (change["verdict"], change["regression"]) == ("slower", False)
    assert change["relative"]["low"] < 0.9 < change["relative"]["high"] < 1
    # In the other direction it became faster.
    assert lobench("diff", *reversed(paths)).returncode == 0


def test_a_slowdown_of_all_variants_is_no_regression(tmp_path: Path) -> None:
    slower = document(**SHAPE, seed=4)
    for row in slower["feeds"][0]["session"]["samples"]["rows"]:
        row[5:7] = [2 * value for value in row[5:7]]
    told = answer("diff", *pair(tmp_path, slower))
    assert told["regressions"] == []
    for change in told["changes"]:
        assert change["absolute"]["value"] == pytest.approx(0.5, rel=0.05)
    for change in told["changes"][1:]:
        assert change["relative"]["value"] == pytest.approx(1, rel=0.05)


def changed(*places: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(made: dict[str, Any]) -> None:
        entry: Any = made
        for place in places[:-1]:
            entry = entry[place]
        entry[places[-1]] = value

    return change


MACHINES = [
    (changed("environment", "machine_digest", value="f" * 32), "the machines differ (other digests)"),
    (changed("environment", "numba", "cpu", value="haswell"), "Numba compiles for differ: znver4 and haswell"),
    (changed("environment", "numba", "variables", value={"NUMBA_OPT": "1"}), "NUMBA_* variables differ: none and {"),
    (changed("environment", "numba", "flags", value=["avx2"]), "features differ that Numba may use: bmi2"),
]
WORK = [
    (changed("evaluate", value="every"), "--evaluate differs: last and every"),
    (changed("until", value="book"), "--until differs: strategies and book"),
    (changed("feeds", 0, "digest", value="a" * 32), "synth:liquid-future: the feed's records differ"),
    (changed("feeds", value=[]), "they have no feed in common: synth:liquid-future and none"),
]


@pytest.mark.parametrize(("change", "expected"), MACHINES, ids=[text for _, text in MACHINES])
def test_results_of_other_machines_need_force(change: Callable[[Any], None], expected: str, tmp_path: Path) -> None:
    new = copy.deepcopy(OLD)
    change(new)
    paths = pair(tmp_path, new)
    text = refused(2, "diff", *paths)
    assert expected in text
    assert text.endswith("--force compares them anyway")
    (note,) = answer("diff", *paths, "--force")["notes"]
    assert expected in note


@pytest.mark.parametrize(("change", "expected"), WORK, ids=[text for _, text in WORK])
def test_other_workloads_are_never_compared(change: Callable[[Any], None], expected: str, tmp_path: Path) -> None:
    new = copy.deepcopy(OLD)
    change(new)
    paths = pair(tmp_path, new)
    for force in ((), ("--force",)):
        assert expected in refused(2, "diff", *paths, *force)


def test_results_that_say_too_little(tmp_path: Path) -> None:
    assert "holds no analysis" in refused(2, "diff", *pair(tmp_path, document(**SHAPE, analysis=False)))
    assert "in one process only" in refused(2, "diff", *pair(tmp_path, document(processes=1)))
    assert "schema version 1" in refused(3, "diff", *pair(tmp_path, {**OLD, "schema_version": 1}))
    for text in ("2", "-1%", "x"):
        assert "--tolerance takes a fraction" in refused(2, "diff", *pair(tmp_path, OLD), f"--tolerance={text}")


def test_variants_and_feeds_of_one_result_alone_are_noted(tmp_path: Path) -> None:
    new = document(
        **SHAPE,
        feeds=("synth:liquid-future", "synth:other"),
        speeds={"p0_baseline": 1.0, "p1_zero_copy": 1.1, "mine": 5.0},
    )
    new["environment"]["packages"]["numpy"] = "0.99"
    told = answer("diff", *pair(tmp_path, new))
    assert [change["variant"] for change in told["changes"]] == ["p0_baseline", "p1_zero_copy"]
    assert told["notes"] == [
        "numpy: 2.4.6, then 0.99",
        "synth:other: only in the new result",
        *(f"synth:liquid-future: {name} only in the old result" for name in list(SPEEDS)[2:]),
        "synth:liquid-future: mine only in the new result",
    ]
