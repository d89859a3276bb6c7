"""The outcome of verifying a commit's engines, and which outcomes are stored."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lobench.workbench.commits import verified
from lobench.workbench.commits.feeds import NamedFeed
from lobench.workbench.commits.locating import Apart
from lobench.workbench.commits.sources import BrokenError, Source
from lobench.workbench.verification.compare import Verification
from lobench.workbench.verification.isolated import FaultError

FEEDS = [NamedFeed("day.dbn", ("day.dbn",))]


class Asked:
    """A source with two engines whose verifications result in ``outcomes``; ``names``: those verified, in order."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        engines = (("a", "a.so"), ("b", "b.so"))
        self._source = Source("1234 (words)", None, "key", folder, folder, "python", engines=engines)
        self.outcomes: dict[str, FaultError | None] = {"a": None, "b": None}
        self.names: list[str] = []
        monkeypatch.setattr(verified, "open_feed", lambda files: None)
        monkeypatch.setattr(verified, "load", lambda feed: SimpleNamespace(digest="d"))
        monkeypatch.setattr(verified, "verify_all", self._verify)

    def _verify(self, feed: object, chosen: list[str], settings: object) -> list[Verification]:
        self.names += chosen
        faults = {name: self.outcomes[name] for name in chosen}
        return [Verification(name, 1, None, (one.kind,) if one else (), fault=one) for name, one in faults.items()]

    def __call__(self) -> dict[str, Apart]:
        engines: Any = {"a": "a", "b": "b"}
        return verified.verified(self._source, engines, ["a", "b"], FEEDS, "last")


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(tmp_path, monkeypatch)


def test_known_outcomes_are_not_verified_again(asked: Asked) -> None:
    asked.outcomes["b"] = FaultError("signal", "was killed by SIGSEGV", 900, 1000)
    for _ in range(2):
        found = asked()
        assert list(found) == ["b"]
        assert found["b"].told(["day.dbn"]).startswith("from event 1,000 of day.dbn on: was killed by SIGSEGV")
    assert asked.names == ["a", "b"]


@pytest.mark.parametrize(
    "fault",
    [
        FaultError("signal", "was killed by SIGKILL (out of memory?)", 900),
        FaultError("signal", "was killed by SIGTERM", 900),
        FaultError("time", "did not end within 30 s", 900),
        FaultError("memory", "took 9,000 MB of memory, 1,000 are allowed", 900),
    ],
)
def test_a_killed_verification_gives_no_verdict(asked: Asked, fault: FaultError) -> None:
    asked.outcomes["b"] = fault
    with pytest.raises(BrokenError, match=r"1234 \(words\): b could not be verified: ") as told:
        asked()
    assert (told.value.key, told.value.own) == ("key", False)
    asked.outcomes["b"] = None
    assert asked() == {}
    assert asked.names == ["a", "b", "b"]


def test_a_repeated_kill_is_a_verdict(asked: Asked) -> None:
    asked.outcomes["a"] = FaultError("time", "did not end within 30 s", 900, 1000)
    asked.outcomes["b"] = FaultError("exception", "does not start: no such symbol", 0)
    assert list(asked()) == ["a", "b"]
