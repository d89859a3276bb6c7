"""`lobench measure`: several feeds, a precision, and going on after an interrupt."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lobench.variants import discover, from_top
from lobench.workbench.measurement.design import CONTROL
from lobench.workbench.results.model.control import is_again
from tests.support import wrong
from tests.support.command import COMMAND, answer, complaints, environment, lobench, refused
from tests.support.dbn_files import header, records, write
from tests.support.typed import read

pytestmark = pytest.mark.xdist_group("measure")

FEED = "synth:liquid-future,n=20000"
OTHER = "synth:auction-open,n=20000"
PAIR = ("--variants", "p3_indexed_features p4_hash_lookup")
NAMES = ["p0_baseline", "p3_indexed_features", "p4_hash_lookup"]


def once(session: Any) -> list[str]:
    """The line-up without repeated names: the reference at the end, and a fast variant."""
    assert session["measured"][-1] == CONTROL
    assert 1 <= sum(is_again(name) for name in session["measured"]) <= 2
    return [name for name in session["measured"] if not is_again(name)]


def document(folder: Path) -> Any:
    """The one result below ``folder``, valid."""
    (path,) = folder.glob("*/result.json")
    return read(path)


@pytest.mark.long
def test_feeds_are_measured_separately(tmp_path: Path) -> None:
    parts = [str(tmp_path / f"{number}.dbn") for number in range(2)]
    for number, path in enumerate(parts):
        write(Path(path), header(), records(3_000, number).tobytes())
    told = answer("measure", *parts, "--feed", FEED, *PAIR, "--budget", "4s", "--processes", 2, "-o", tmp_path)
    result = document(tmp_path)
    assert (result["kind"], result["status"]) == ("measure", "complete")
    assert [feed["specs"] for feed in result["feeds"]] == [parts, [FEED]]
    assert [feed["events"] for feed in result["feeds"]] == [6_000, 20_000]
    assert [feed["session"]["design"]["seconds"] for feed in result["feeds"]] == [1, 1]
    assert len({feed["digest"] for feed in result["feeds"]}) == 2
    for feed, shown in zip(result["feeds"], told["feeds"], strict=True):
        assert once(feed["session"]) == NAMES
        assert feed["session"]["laid_out"] == feed["session"]["measured"]
        assert feed["session"]["complete"]
        assert {entry["workers"] for entry in feed["verification"]} == {1, 2}
        assert feed["analysis"] == shown["analysis"]
    assert told["result_file"].endswith("result.json")
    assert "rows" not in json.dumps(told)


@pytest.mark.long
def test_output_without_json(tmp_path: Path) -> None:
    done = lobench("measure", FEED, *PAIR, "--budget", "3", "--processes", 2, "-o", tmp_path / "out")
    assert (done.returncode, complaints(done)) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("│")] == NAMES
    (path,) = tmp_path.glob("out/*/result.json")
    assert f"result        {path}" in lines
    assert lines[-1] == f"next          lobench report {path}"
    assert not any(line.startswith("precision") for line in lines)


@pytest.mark.long
def test_a_session_stops_at_the_wanted_precision(tmp_path: Path) -> None:
    # A precision so low that any three processes reach it.
    done = lobench("measure", FEED, *PAIR, "--precision", "99%", "--budget", "200", "--processes", 40, "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "precision " in done.stdout
    assert "the target was ±99.00%" in done.stdout
    session = document(tmp_path)["feeds"][0]["session"]
    assert session["complete"]
    assert session["design"]["until_precision"] == 0.99
    assert len({row[0] for row in session["samples"]["rows"]}) == 3


@pytest.mark.long
def test_a_stage_and_a_precision(tmp_path: Path) -> None:
    both = ("--until", "book", "--precision", "99%")
    done = lobench("measure", FEED, *PAIR, *both, "--budget", "200", "--processes", 40, "-o", tmp_path)
    assert (done.returncode, complaints(done)) == (0, "")
    assert f"{FEED}, until book: decode and book only" in " ".join(done.stdout.split())
    result = document(tmp_path)
    (feed,) = result["feeds"]
    assert result["until"] == "book"
    assert feed["session"]["design"]["until_precision"] == 0.99
    assert feed["session"]["disagreeing"] == []
    assert all(entry["agrees"] for entry in feed["verification"])
    assert {rung["score"] for rung in feed["analysis"]["ladder"]} == {None}
    assert feed["analysis"]["ladder"][0]["events_per_second"]["value"] > 0
    (path,) = tmp_path.glob("*/result.json")
    told = answer("plan", "score", path)
    assert {entry["score"] for entry in told["grades"]} == {"open"}


@pytest.mark.long
def test_decoding_alone(tmp_path: Path) -> None:
    answer("measure", FEED, *PAIR, "--until", "decode", "--budget", "3", "--processes", 2, "-o", tmp_path)
    result = document(tmp_path)
    (feed,) = result["feeds"]
    assert (result["until"], feed["session"]["disagreeing"]) == ("decode", [])
    assert all(entry["agrees"] for entry in feed["verification"])


@pytest.mark.long
def test_the_top_without_one_phase_at_a_time(tmp_path: Path) -> None:
    words = ("--variants", "from-top", "--budget", "8", "--processes", 3)
    done = lobench("measure", FEED, *words, "-o", tmp_path)
    assert (done.returncode, complaints(done)) == (0, "")
    result = document(tmp_path)
    (feed,) = result["feeds"]
    expected = from_top(discover())
    assert once(feed["session"]) == ["p0_baseline", *(variant.name for variant in expected)]
    assert all(entry["agrees"] for entry in feed["verification"])
    found = feed["analysis"]["from_top"]
    assert found["top"] == expected[0].name
    # Never tuned: with and without its parameters the top is the same kernel.
    same = {name for name, first in feed["session"]["same_as"].items() if first == found["top"]}
    assert same == {f"{found['top']},tuning=fixed"}
    others = [one.name for one in expected[1:] if one.name not in same]
    assert [entry["variant"] for entry in found["axes"] if entry["ratio"]] == others
    for entry in found["axes"]:
        assert (entry["ratio"] is None) == (entry["note"] is not None)
    assert f"without       events of phase 1: {expected[0].name} is " in done.stdout
    assert found["sentence"] in " ".join(done.stdout.split())


@pytest.mark.long
def test_slices_are_balanced(tmp_path: Path) -> None:
    answer("measure", FEED, *PAIR, "--budget", "8", "--processes", 2, "-o", tmp_path)
    session = document(tmp_path)["feeds"][0]["session"]
    rows = np.array(session["samples"]["rows"])
    columns = {name: rows[:, place] for place, name in enumerate(session["samples"]["columns"])}
    sorted_by = np.lexsort([columns[name] for name in ("order", "slice", "pass", "process")])
    count = len(session["measured"])
    orders = columns["variant"][sorted_by].reshape(-1, count)
    owners = columns["process"][sorted_by].reshape(-1, count)[:, 0]
    for process in (0, 1):
        own = orders[owners == process]
        for start in range(0, len(own) - count + 1, count):
            square = own[start : start + count]
            assert all(sorted(place) == list(range(count)) for place in square.T.tolist())
    assert all(sorted(order) == list(range(count)) for order in orders.tolist())


@pytest.mark.long
def test_a_wrong_variant_gets_no_figure(tmp_path: Path) -> None:
    path = wrong.write_forgetful(tmp_path)
    arguments = ("--variants", "forgetful p4_hash_lookup", "--variants-from", path, "--budget", "2", "--processes", 2)
    done = lobench("measure", wrong.FEED, *arguments, "-o", tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert f"first difference: event {wrong.mistake().record} (" in done.stdout
    feed = document(tmp_path / "out")["feeds"][0]
    assert once(feed["session"]) == ["p0_baseline", "p4_hash_lookup"]


def interrupted(folder: Path, number: signal.Signals, *arguments: object) -> tuple[Path, Any]:
    """The result of a measurement that a signal ended after its first samples: path and content."""
    command = [*COMMAND, "measure", *map(str, arguments), *PAIR, "-o", str(folder)]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 300
    path = None
    while path is None and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
        for found in folder.glob("*/result.json"):
            feeds = json.loads(found.read_text())["feeds"]
            if feeds and feeds[-1]["session"] and feeds[-1]["session"]["samples"]["rows"]:
                path = found
    process.send_signal(number)
    said, problem = process.communicate(timeout=60)
    assert path is not None, problem
    assert (process.returncode, said) == (128 + number, "")
    result = read(path)
    assert result["status"] == "partial"
    return path, result


@pytest.mark.long
def test_resume_continues_after_an_interrupt(tmp_path: Path) -> None:
    seconds = ("--budget", "8", "--processes", 3)
    path, before = interrupted(tmp_path, signal.SIGTERM, FEED, "--feed", OTHER, *seconds, "--until", "book")
    told = answer("measure", "--resume", path)
    result = read(path)
    assert told["result_file"] == str(path)
    assert list(tmp_path.iterdir()) == [path.parent]
    assert (result["status"], result["command"]) == ("complete", before["command"])
    assert (result["created"], result["until"]) == (before["created"], "book")
    assert [feed["specs"] for feed in result["feeds"]] == [[FEED], [OTHER]]
    for feed in result["feeds"]:
        session = feed["session"]
        assert session["complete"]
        assert {row[0] for row in session["samples"]["rows"]} == {0, 1, 2}
        assert feed["analysis"]["ladder"]
    # The earlier measurement is unchanged.
    kept = before["feeds"][0]["session"]
    assert result["feeds"][0]["session"]["design"] == kept["design"]
    assert result["feeds"][0]["session"]["samples"]["rows"][: len(kept["samples"]["rows"])] == kept["samples"]["rows"]
    assert f"lobench: {path}: complete" in refused(2, "measure", "--resume", path)


@pytest.mark.long
def test_resume_refuses_other_options_and_files(tmp_path: Path) -> None:
    path, before = interrupted(tmp_path, signal.SIGINT, FEED, "--budget", "300", "--processes", 2)

    def changed(**changes: Any) -> Path:
        folder = tmp_path / "changed"
        folder.mkdir(exist_ok=True)
        target = folder / "result.json"
        target.write_text(json.dumps({**before, **changes}))
        return target

    line = refused(2, "measure", "--resume", path, "--budget", "9")
    assert "leave out --budget" in line
    assert "leave out FEED" in refused(2, "measure", FEED, "--resume", path)
    assert "none.json: No such file" in refused(2, "measure", "--resume", "none.json")
    assert "written by `lobench run`" in refused(2, "measure", "--resume", changed(kind="run"))
    assert "engine's sources" in refused(2, "measure", "--resume", changed(source_digest="0"))
    other = {**before["environment"], "machine_digest": "0" * 32}
    assert "machines differ" in refused(2, "measure", "--resume", changed(environment=other))
    feeds = [{**before["feeds"][0], "digest": "0" * 32}]
    assert "its records are not those measured before" in refused(2, "measure", "--resume", changed(feeds=feeds))
    variants = [{**entry, "source_digest": "0" * 16} for entry in before["variants"]]
    assert "the source has changed" in refused(2, "measure", "--resume", changed(variants=variants))
    # No refused command changed the result.
    assert read(path) == before


@pytest.mark.fast
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--processes", "1"],
            "--processes must be at least 2, was 1: one process does not show how much processes differ",
        ),
        (["--budget", "1h"], "'1h' is not a duration; write 90, 90s or 2m"),
        (["--precision", "0"], "'0' is not a precision; write the half-width of the intervals as 0.5%"),
        (["--until", "books"], "--until takes a stage (decode, book, features, strategies), was 'books'"),
        (["--until", "0.5%"], "was '0.5%'; a precision is --precision 0.5%"),
        (["--variants", "p9_nothing"], "no variant named 'p9_nothing'"),
        (["--feed", "synth:nothing"], "nothing"),
        (["-o", "file"], "file: cannot write results there: Not a directory; choose another place with -o"),
    ],
)
def test_refuses_before_any_work(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "file").write_text("mine")
    line = refused(2, "measure", "synth:liquid-future,n=100000000", *arguments, folder=tmp_path)
    assert said in line
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_feed_without_events(tmp_path: Path) -> None:
    empty = write(tmp_path / "empty.dbn", header())
    line = refused(2, "measure", empty, "--feed", FEED, *PAIR, "-o", tmp_path / "out")
    assert line == f"lobench: {empty}: no events to measure"
    assert not list((tmp_path / "out").iterdir())
