"""Engines in measured sessions: beside variants, limited to the stages that all offer; and engines that fail only
there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lobench.workbench.results import read
from tests.support.c_engines import FOREIGN, Build
from tests.support.command import lobench

pytestmark = pytest.mark.xdist_group("foreign")

FEED = "synth:every-rule,n=60000"
SHORT = ("--budget", "6", "--processes", "2", "--json")


def told(*arguments: object, folder: Path, codes: tuple[int, ...] = (0,)) -> Any:
    """The JSON of a measurement."""
    done = lobench(*arguments, *SHORT, folder=folder)
    assert done.returncode in codes, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


@pytest.mark.long
def test_cmp_of_a_variant_and_an_engine(build: Build, tmp_path: Path) -> None:
    # 1 if the second is slower.
    content = told("cmp", "p4", "plain", FEED, "--variants-from", build("plain"), folder=tmp_path, codes=(0, 1))
    assert content["until"] == "book"
    assert content["compared"] == {"books": "queues", "trace": False, "asked": "strategies"}
    assert content["comparison"]["verdict"] is not None
    (entry,) = [variant for variant in content["variants"] if "engine" in variant]
    assert entry["name"] == "plain"
    assert entry["engine"] == {
        "name": "Arrays",
        "version": "1.2",
        "offers": ["BBO", "levels", "queues"],
        "leaves_out": [],
    }
    (feed,) = content["feeds"]
    assert all(outcome["agrees"] for outcome in feed["verification"])
    assert feed["session"]["disagreeing"] == []
    said = {outcome["name"]: outcome.get("compared") for outcome in feed["verification"]}
    assert said == {"p0_baseline": None, "p4_hash_lookup": None, "plain": "levels and queues; offers no features"}
    assert "plain" not in feed["counters"]
    # `read` of the result model accepts the file.
    assert read(tmp_path / content["result_file"]).compared is not None


@pytest.mark.long
def test_engines_that_fail_in_the_session_are_left_out(build: Build, tmp_path: Path) -> None:
    ways = {
        "crashes_measured": ["CRASHES", "MEASURED"],
        "exits_measured": ["EXITS", "MEASURED"],
        "thread_measured": ["LEAVES_A_THREAD", "MEASURED"],
        "fails_measured": ["FAILS", "MEASURED"],
        "prints": ["PRINTS"],
        "complains": ["COMPLAINS"],
    }
    files = [word for name, defines in ways.items() for word in ("--variants-from", build(name, *defines))]
    names = " ".join(["p4_hash_lookup", *ways])
    content = told("measure", FEED, "--until", "book", "--variants", names, *files, folder=tmp_path, codes=(1,))
    (feed,) = content["feeds"]
    refuted = {entry["name"]: entry["difference"] for entry in feed["verification"] if not entry["agrees"]}
    assert set(refuted) == set(ways) - {"prints", "complains"}
    assert "was killed by SIGSEGV" in refuted["crashes_measured"]
    assert "ended with code 0" in refuted["exits_measured"]
    assert "leaves threads running (1;" in refuted["thread_measured"]
    assert "no sense in it" in refuted["fails_measured"]
    ladder = [rung["variant"] for rung in feed["analysis"]["ladder"]]
    assert ladder == ["p0_baseline", "p4_hash_lookup", "prints", "complains"]


@pytest.mark.long
def test_an_engine_that_defers_its_work_is_refused(build: Build, tmp_path: Path) -> None:
    content = told("cmp", "p4", "later", FEED, "--variants-from", build("later", "LATER"), folder=tmp_path, codes=(1,))
    (feed,) = content["feeds"]
    assert all(entry["agrees"] for entry in feed["verification"])
    assert feed["session"]["disagreeing"] == ["later"]
    assert "of its work only when it is asked for results" in feed["session"]["reasons"]["later"]
    assert content["comparison"] is None


@pytest.mark.long
def test_a_python_engine_on_a_page(tmp_path: Path) -> None:
    arguments = ("run", "--quick", FEED, "--variants", "p4 textbook", "--variants-from", FOREIGN / "textbook.py")
    content = told(*arguments, folder=tmp_path)
    page = Path(tmp_path, content["report_file"]).read_text()
    assert "agrees in levels and queues; offers no features" in page
    assert "Textbook 0.1" in page


@pytest.mark.normal
def test_a_replay_by_an_engine(build: Build, tmp_path: Path) -> None:
    words = ("replay", FEED, "--variant", "plain", "--variants-from", build("plain"))
    done = lobench(*words, "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert (outcome["events"], outcome["until"], outcome["books"]) == (60_000, "book", 6)
    refused = lobench(*words, "--counters", folder=tmp_path)
    assert (refused.returncode, refused.stderr) == (
        2,
        "lobench: --counters is for lobench's own variants; plain is an engine from outside\n",
    )
