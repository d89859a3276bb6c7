"""Twenty ways to be wrong, crash, hang or idle as an engine: each is caught, with the event where there is one."""

from __future__ import annotations

import re

import pytest

from lobench.engine.feeds import LoadedFeed, load, open_feed
from lobench.variants import REFERENCE, load_file
from lobench.workbench.verification import isolated
from lobench.workbench.verification.compare import Verification
from lobench.workbench.verification.variants import verify_all
from tests.foreign.conftest import HERE, Build

pytestmark = [pytest.mark.normal, pytest.mark.xdist_group("foreign")]

FEED = "synth:every-rule,n=20000"
AT = 5000
"""The record from which on an engine goes wrong, counted from 1."""

RIGHT = {"plain": [], "prints": ["PRINTS"], "idle_until_asked": ["LATER"], "bbo": ["OFFERS=LOBENCH_BBO"]}
"""What agrees. The one that does all its work when it is asked is caught where it is timed."""

ENDED = {
    "crashes": "was killed by SIGSEGV",
    "aborts": "was killed by SIGABRT",
    "frees_twice": "was killed by SIGABRT",
    "writes": "was killed by SIGSEGV",
    "exits": "ended with code 0",
    "fails": r"apply\(\) failed with -3, bad record: no sense in it",
    "leaves_a_thread": "leaves 1 threads of its own, where 0 may rest",
}
"""Way to what is told of it, with the event."""


@pytest.fixture(scope="module")
def feed() -> LoadedFeed:
    return load(open_feed([FEED]))


def verified(feed: LoadedFeed, files: list[str], **settings: object) -> dict[str, Verification]:
    """Outcomes by name; the reference's own is first, and agrees."""
    engines = [load_file(file) for file in files]
    first, *others = verify_all(feed, engines, files=files, **settings)  # type: ignore[arg-type]
    assert first.name == REFERENCE
    assert first.agrees
    return {outcome.name: outcome for outcome in others}


@pytest.fixture(scope="module")
def outcomes(feed: LoadedFeed, build: Build) -> dict[str, Verification]:
    wrong = ["WRONG", "MISCOUNTS", "DISORDERS", "SKIPS", "NOTHING", "TOO_MANY", "REFUSES"]
    wrong += [way.upper() for way in ENDED]
    files = [build(name, *defines) for name, defines in RIGHT.items()]
    files += [build(way.lower(), way) for way in wrong]
    return verified(feed, files)


def test_one_that_is_right_agrees_as_far_as_it_offers(outcomes: dict[str, Verification]) -> None:
    for name in RIGHT:
        assert outcomes[name].agrees, outcomes[name].lines()
    assert outcomes["plain"].compared == "levels and queues; offers no features"
    assert outcomes["bbo"].compared == "BBO; offers no levels and no features"


def test_a_wrong_book_is_found_at_its_event(outcomes: dict[str, Verification]) -> None:
    difference = outcomes["wrong"].difference
    assert difference is not None
    assert (difference.record, difference.kinds) == (AT - 1, ("books",))
    assert "7x7(1)" in "\n".join(difference.lines())


@pytest.mark.parametrize("way", ["miscounts", "disorders"])
def test_a_wrong_count_and_a_wrong_order_are_found(way: str, outcomes: dict[str, Verification]) -> None:
    difference = outcomes[way].difference
    assert difference is not None
    assert difference.kinds == ("books",)
    assert difference.record >= AT - 1


def test_idle_engines_are_found_at_the_first_event_that_counts(outcomes: dict[str, Verification]) -> None:
    assert outcomes["nothing"].difference is not None
    assert outcomes["nothing"].difference.record == 0
    assert outcomes["skips"].difference is not None
    assert outcomes["skips"].difference.record == 63


@pytest.mark.parametrize("way", ENDED)
def test_what_ends_an_engine_is_told_with_its_event(way: str, outcomes: dict[str, Verification]) -> None:
    outcome = outcomes[way]
    assert not outcome.agrees
    assert outcome.fault is not None
    assert outcome.fault.record == AT - 1
    assert re.match(f"{ENDED[way]}.*; at event {AT - 1}: action", outcome.reason or ""), outcome.reason


def test_answers_that_cannot_be_are_told(outcomes: dict[str, Verification]) -> None:
    assert "more entries than there was room for" in (outcomes["too_many"].reason or "")
    assert outcomes["refuses"].reason is not None
    assert outcomes["refuses"].reason.startswith("does not start: create() failed with -1, out of memory")


def test_one_that_hangs_is_given_up_at_its_event(
    feed: LoadedFeed, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated, "_SILENT_RECORD", 3.0)
    outcome = verified(feed, [build("hangs", "HANGS")], seconds=8.0)["hangs"]
    assert outcome.kinds == ("time",)
    assert outcome.fault is not None
    assert outcome.fault.record == AT - 1


def test_one_whose_memory_grows_is_ended(feed: LoadedFeed, build: Build) -> None:
    outcome = verified(feed, [build("grows", "GROWS")])["grows"]
    assert outcome.kinds == ("memory",)
    assert re.match(r"took [\d,]+ MB of memory, [\d,]+ are allowed", outcome.reason or "")


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("", None),
        ("wrong", "first difference: event 4999"),
        ("raises", "raised ValueError: no sense in it"),
        ("thread", "leaves 1 threads of its own"),
    ],
)
def test_python_engines(way: str, said: str | None, feed: LoadedFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOBENCH_TEST_WAY", way)
    outcome = verified(feed, [str(HERE / "textbook.py")])["textbook"]
    assert outcome.agrees == (said is None)
    assert outcome.compared == "levels and queues; offers no features"
    if said is not None:
        assert outcome.lines()[0].startswith(said)
