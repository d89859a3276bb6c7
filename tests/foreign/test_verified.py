"""Twenty ways to be wrong, crash, hang or idle as an engine: each is caught, with the event where there is one."""

from __future__ import annotations

import os
import re
import resource
import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from lobench.engine.feeds import LoadedFeed, load, open_feed
from lobench.engine.workload import Workload
from lobench.variants import REFERENCE, load_file
from lobench.workbench.verification import isolated
from lobench.workbench.verification.compare import Verification
from lobench.workbench.verification.variants import Settings, verify_all
from tests.support.c_engines import FOREIGN, Build

pytestmark = [pytest.mark.normal, pytest.mark.xdist_group("foreign")]

DOCUMENT = FOREIGN.parents[1] / "docs" / "engine-abi.md"
FEED = "synth:every-rule,n=20000"
AT = 5000
"""The record from which on an engine goes wrong, counted from 1."""

LONG = pytest.mark.long
NORMAL = (
    *(
        "plain",
        "bbo",
        "wrong",
        "nothing",
        "crashes",
        "exits",
        "fails",
        "leaves_a_thread",
        "forks",
        "textbook",
        "raises",
    ),
    *("exits_destroyed", "exits_asked"),
)
"""Engines verified in the normal tier; all others are long."""

RIGHT = {
    "plain": [],
    "leaves_the_folder": ["LEAVES_THE_FOLDER"],
    "bbo": ["OFFERS=LOBENCH_BBO"],
    "prints": ["PRINTS"],
    "idle_until_asked": ["LATER"],
}
"""Engines that agree. The one that does all its work when queried is caught by the timing."""

ENDED = {
    "crashes": "was killed by SIGSEGV",
    "exits": "ended with code 0",
    "fails": r"apply\(\) failed with -3, bad record: no sense in it",
    "leaves_a_thread": r"leaves threads running \(1; allowed: 0\)",
    "raises": "raised ValueError: no sense in it",
    "aborts": "was killed by SIGABRT",
    "frees_twice": "was killed by SIGABRT",
    "writes": "was killed by SIGSEGV",
    "thread": r"leaves threads running \(1; allowed: 0\)",
    "forks": r"leaves processes running \(1\): their work cannot be timed",
    "leaves_a_process": r"leaves processes running \(1\): their work cannot be timed",
}
"""Way of failing to the message about it, with the event. Two of them are Python's."""

WITHOUT_RECORD = {
    "exits_created": "does not start: ended with code 0, when it was created",
    "exits_destroyed": "does not start: ended with code 0, when it was destroyed",
    "thread_destroyed": "leaves threads running (1; allowed: 0): their work cannot be timed, when it was destroyed; "
    "20,000 records were done before",
    "exits_destroyed_again": "ended with code 0, when it was destroyed; 20,000 records were done before",
    "exits_asked": "ended with code 7, when it was asked for its state after record 8191; "
    "4,096 records were done before",
}
"""Way of ending without a record in hand, to the message."""

PYTHON = ("textbook", "raises", "thread", "strays")
OTHERS = ("wrong", "miscounts", "disorders", "skips", "nothing", "too_many", "refuses")


def tiered(names: Iterable[str]) -> list[Any]:
    return [name if name in NORMAL else pytest.param(name, marks=LONG) for name in names]


@pytest.fixture(scope="module")
def feed() -> LoadedFeed:
    return load(open_feed([FEED]))


def verified(feed: LoadedFeed, files: Sequence[str], **settings: Any) -> dict[str, Verification]:
    """Outcomes by name; the reference's own is first, and agrees."""
    engines = [load_file(file) for file in files]
    first, *others = verify_all(feed, engines, Settings(Workload(files=tuple(files)), **settings))
    assert first.name == REFERENCE
    assert first.agrees
    return {outcome.name: outcome for outcome in others}


class Outcomes:
    """Of engines by name: those of a tier are verified together, when one of them is asked for."""

    def __init__(self, feed: LoadedFeed, build: Build, folder: Path) -> None:
        self._feed, self._build, self._folder = feed, build, folder
        self._found: dict[str, Verification] = {}

    def __getitem__(self, name: str) -> Verification:
        if name not in self._found:
            together = [
                one
                for one in {*RIGHT, *ENDED, *WITHOUT_RECORD, *OTHERS, *PYTHON}
                if (one in NORMAL) == (name in NORMAL)
            ]
            self._found |= verified(self._feed, [self._file(one) for one in sorted(together)])
        return self._found[name]

    def _file(self, name: str) -> str:
        if name not in PYTHON:
            return self._build(name, *RIGHT.get(name, [name.upper()]))
        return str(shutil.copy(FOREIGN / "textbook.py", self._folder / f"{name}.py"))


@pytest.fixture(scope="module")
def outcomes(feed: LoadedFeed, build: Build, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    return Outcomes(feed, build, tmp_path_factory.mktemp("python"))


@pytest.mark.parametrize("name", tiered([*RIGHT, "textbook"]))
def test_a_right_engine_agrees_as_far_as_it_offers(name: str, outcomes: Outcomes) -> None:
    assert outcomes[name].agrees, outcomes[name].lines()
    lacks = "BBO; offers no levels and no features" if name == "bbo" else "levels and queues; offers no features"
    assert outcomes[name].compared == lacks


@pytest.mark.parametrize("name", tiered(["wrong", "strays"]))
def test_a_wrong_book_is_found_at_its_event(name: str, outcomes: Outcomes) -> None:
    difference = outcomes[name].difference
    assert difference is not None
    assert (difference.record, difference.kinds) == (AT - 1, ("books",))
    assert "7x7(1)" in "\n".join(difference.lines())


@pytest.mark.parametrize("name", tiered(["miscounts", "disorders"]))
def test_a_wrong_count_and_a_wrong_order_are_found(name: str, outcomes: Outcomes) -> None:
    difference = outcomes[name].difference
    assert difference is not None
    assert difference.record >= AT - 1


@pytest.mark.parametrize(("name", "record"), [("nothing", 0), pytest.param("skips", 63, marks=LONG)])
def test_idle_engines_are_found_at_the_first_record_that_they_leave_out(
    name: str, record: int, outcomes: Outcomes
) -> None:
    difference = outcomes[name].difference
    assert difference is not None
    assert difference.record == record


@pytest.mark.parametrize("name", tiered(ENDED))
def test_an_engine_that_ends_is_named_with_its_event(name: str, outcomes: Outcomes) -> None:
    outcome = outcomes[name]
    assert not outcome.agrees
    assert outcome.fault is not None
    assert outcome.fault.record == AT - 1
    assert re.match(f"{ENDED[name]}.*; at event {AT - 1}: action", outcome.reason or ""), outcome.reason


@pytest.mark.parametrize("name", tiered(WITHOUT_RECORD))
def test_an_engine_that_ends_between_records_is_named_with_the_call(name: str, outcomes: Outcomes) -> None:
    assert outcomes[name].reason == WITHOUT_RECORD[name]


@pytest.mark.long
def test_processes_of_an_engine_end_with_its_own(feed: LoadedFeed, build: Build) -> None:
    file = build("leaves_a_process", "LEAVES_A_PROCESS")
    assert not verified(feed, [file])["leaves_a_process"].agrees
    # They were killed; the system ends them within moments. This process has the engine, too.
    deadline = time.monotonic() + 30
    while (left := _with(file)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


def _with(file: str) -> list[int]:
    """Other processes that have mapped a file."""
    others = [maps for maps in Path("/proc").glob("[0-9]*/maps") if maps.parent.name != str(os.getpid())]
    return [int(maps.parent.name) for maps in others if _maps(maps, file)]


def _maps(maps: Path, file: str) -> bool:
    try:
        return file in maps.read_text()
    except OSError:
        return False


@pytest.mark.long
def test_an_engine_that_hangs_at_creation_is_stopped(
    feed: LoadedFeed, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated, "STARTING_SECONDS", 8.0)
    outcome = verified(feed, [build("hangs_created", "HANGS_CREATED")])["hangs_created"]
    assert outcome.reason == "does not start: did not end within 8 s, when it was created"


@pytest.mark.long
@pytest.mark.parametrize("deep", [False, True])
def test_deep_compares_the_whole_state_at_every_boundary(deep: bool, build: Build) -> None:
    boundary = 65 * 4096
    outcome = verified(load(open_feed([f"synth:every-rule,n={boundary + 1}"])), [build("plain")], deep=deep)["plain"]
    assert outcome.agrees, outcome.lines()
    assert outcome.proof is not None
    assert (boundary in outcome.proof.states) == deep


@pytest.mark.normal
def test_what_an_engine_writes_to_stderr_takes_no_room(feed: LoadedFeed, build: Build) -> None:
    file = build("complains", "COMPLAINS")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # It writes ten times as much, and fails if it cannot.
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 20, before[1]))
    try:
        outcome = verified(feed, [file])["complains"]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert outcome.agrees, outcome.lines()


@pytest.mark.long
def test_impossible_answers_are_named(outcomes: Outcomes) -> None:
    assert "more entries than its buffer holds" in (outcomes["too_many"].reason or "")
    assert outcomes["refuses"].reason is not None
    assert outcomes["refuses"].reason.startswith("does not start: create() failed with -1, out of memory")


@pytest.mark.long
def test_an_engine_that_hangs_is_stopped_at_its_event(
    feed: LoadedFeed, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated, "_SILENT_RECORD", 3.0)
    outcome = verified(feed, [build("hangs", "HANGS")], seconds=8.0)["hangs"]
    assert outcome.kinds == ("time",)
    assert outcome.fault is not None
    assert outcome.fault.record == AT - 1


@pytest.mark.long
def test_an_engine_above_its_memory_limit_is_ended(feed: LoadedFeed, build: Build) -> None:
    outcome = verified(feed, [build("grows", "GROWS")])["grows"]
    assert outcome.kinds == ("memory",)
    assert re.match(r"took [\d,]+ MB of memory, [\d,]+ are allowed", outcome.reason or "")


@pytest.mark.long
def test_the_documented_python_engine_is_right(tmp_path: Path) -> None:
    (source,) = re.findall(r"^```python\n(class ENGINE.*?)^```", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    path = tmp_path / "mine.py"
    path.write_text(source)
    outcome = verified(load(open_feed(["synth:liquid-future,n=20000"])), [str(path)])["mine"]
    assert outcome.agrees, outcome.lines()
