"""Counting instructions: callgrind's files, its command line, and the requests that do nothing outside it."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path
from typing import Any

import pytest

from lobench.workbench.commits import counting, dumps


def dump(folder: Path, number: int, trigger: str, total: int) -> None:
    text = f"desc: Trigger: {trigger}\nevents: Ir\nsummary: 18446744073709455349\n\nfn=(1)\n1 5\n\ntotals: {total}\n"
    (folder / f"out.{number}").write_text(text)


def test_dumps_become_instructions_per_event(tmp_path: Path) -> None:
    dump(tmp_path, 1, "Client Request: lobench 0 1000 first axis=a,axis=b", 99_999)
    dump(tmp_path, 2, "Client Request: lobench 0 1000 empty axis=a,axis=b", 400)
    dump(tmp_path, 3, "Client Request: lobench 0 1000 whole axis=a,axis=b", 812_400)
    dump(tmp_path, 4, "Client Request: lobench 1 20000 empty p0", 0)
    dump(tmp_path, 5, "Client Request: lobench 1 20000 whole p0", 20_000)
    dump(tmp_path, 6, "Program termination", 7)
    dump(tmp_path, 7, "Client Request: lobench 1 200 settling p0", 9_999)
    dump(tmp_path, 8, "Client Request: lobench 1 200 idle p0", 20_000)
    dump(tmp_path, 9, "Client Request: lobench 1 50 action-T p0", 15_000)
    assert dumps.read(tmp_path.iterdir()) == {
        (0, "axis=a,axis=b"): {"instructions": 812.0},
        (1, "p0"): {"instructions": 1.0, "instructions of T": 200.0},
    }


def test_replays_of_a_rare_kind_have_a_mean_and_a_spread(tmp_path: Path) -> None:
    dump(tmp_path, 1, "Client Request: lobench 0 200 idle p0", 20_000)
    for number, cost in enumerate((500, 900, 700), start=2):
        dump(tmp_path, number, "Client Request: lobench 0 1 action-R p0", cost)
    for number in (5, 6):
        dump(tmp_path, number, "Client Request: lobench 0 2 action-T p0", 600)
    assert dumps.read(tmp_path.iterdir()) == {
        (0, "p0"): {"instructions of R": 600.0, "instructions of T": 200.0},
    }
    assert dumps.spreads(tmp_path.iterdir()) == {(0, "p0"): {"instructions of R": (400.0, 800.0)}}


def test_replays_of_an_engine_have_a_mean_and_a_spread(tmp_path: Path) -> None:
    dump(tmp_path, 1, "Client Request: lobench 0 1000 empty book", 400)
    for number, cost in enumerate((812_400, 816_400, 808_400), start=2):
        dump(tmp_path, number, "Client Request: lobench 0 1000 whole book", cost)
    assert dumps.read(tmp_path.iterdir()) == {(0, "book"): {"instructions": 812.0}}
    assert dumps.spreads(tmp_path.iterdir()) == {(0, "book"): {"instructions": (808.0, 816.0)}}


class Heard:
    """Records the requests to valgrind and the calls of replays under it, in order."""

    def __init__(self, actions: bytes) -> None:
        self.said: list[str] = []
        self.done = 0
        self.collects = True  # callgrind's initial state
        self.instruments = False
        self.collected: list[int] = []
        self.count = len(actions)
        self._actions = actions

    def request(self, number: int, argument: bytes = b"") -> None:
        self.collects ^= number == counting.TOGGLE_COLLECT
        if number in (counting.START_INSTRUMENTATION, counting.STOP_INSTRUMENTATION):
            self.instruments = number == counting.START_INSTRUMENTATION
        if argument:
            self.said.append(f"{argument.decode()}: {self.collected}")
            self.collected = []

    def slice(self, start: int, stop: int) -> counting.Part:
        return counting.Part(start, 1, stop - start)

    def actions(self, start: int, stop: int) -> bytes:
        return self._actions[start:stop]

    def run(self, address: int, stride: int, count: int) -> None:
        assert address == self.done, "no record is left out, and none is replayed twice"
        self.done += count
        if self.collects and self.instruments:
            self.collected += range(address, address + count) if count else []

    def close(self) -> None:
        assert self.collects, "the next count starts with collecting switched on"
        assert not self.instruments

    def start(self, *ignored: object) -> Heard:
        self.done = 0
        return self


def test_records_of_each_kind_are_counted_alone_in_several_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the kind's records are in the feed."""
    heard: Any = Heard(b"R" + b"A" * 60 + b"TAT" + b"A" * 9)
    monkeypatch.setattr(counting, "start", heard.start)
    monkeypatch.setattr(counting, "OF_AN_ACTION", 55)
    counting.count_actions(heard, None, heard, {}, "0 {} {} book")
    several = counting.REPLAYS
    assert heard.said == [
        "lobench 0 55 settling book: []",
        "lobench 0 55 idle book: []",
        *[f"lobench 0 55 action-A book: {[*range(16, 61), 62, *range(64, 73)]}"] * several,
        *["lobench 0 1 action-R book: [0]"] * several,
        *["lobench 0 2 action-T book: [61, 63]"] * several,
    ]


def test_requests_do_nothing_outside_of_valgrind() -> None:
    if platform.machine() != "x86_64":
        pytest.skip("the request is written for x86-64")
    counting.Valgrind().request(counting.DUMP_STATS_AT, b"nobody listens")


def test_missing_tools_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert counting.missing() == "valgrind is not installed"
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert "x86-64 only, not on aarch64" in str(counting.missing())


def test_addresses_do_not_change_where_they_can_be_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    assert counting.command(["python"], "folder")[:4] == ["setarch", "x86_64", "-R", "valgrind"]
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert counting.command(["python"], "folder")[0] == "valgrind"
    assert "--callgrind-out-file=50%% a/out" in counting.command(["python"], "50% a")
