"""Counting instructions: callgrind's files, its command line, and the requests that do nothing outside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lobench.workbench.commits import counting


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
    assert counting.read(tmp_path.iterdir()) == {
        (0, "axis=a,axis=b"): {"instructions": 812.0},
        (1, "p0"): {"instructions": 1.0, "instructions of T": 200.0},
    }


def test_requests_do_nothing_outside_of_valgrind() -> None:
    if counting.platform.machine() != "x86_64":
        pytest.skip("the request is written for x86-64")
    counting.Valgrind().request(counting.DUMP_STATS_AT, b"nobody listens")


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting.shutil, "which", lambda name: None)
    monkeypatch.setattr(counting.platform, "machine", lambda: "x86_64")
    assert counting.missing() == "valgrind is not installed"
    monkeypatch.setattr(counting.platform, "machine", lambda: "aarch64")
    assert "x86-64 only, not on aarch64" in str(counting.missing())


def test_addresses_do_not_change_where_they_can_be_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(counting.shutil, "which", lambda name: f"/bin/{name}")
    assert counting.command(["python"], "folder")[:4] == ["setarch", "x86_64", "-R", "valgrind"]
    monkeypatch.setattr(counting.shutil, "which", lambda name: None)
    assert counting.command(["python"], "folder")[0] == "valgrind"
