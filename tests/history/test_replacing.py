"""A site is replaced as a whole, however its making ends; two processes that record into a folder lose nothing."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lobench.engine.errors import UsageError
from lobench.workbench.dashboard.replacing import replacing
from lobench.workbench.processes.file_lock import TakenError, locked
from tests.support.miniature import Miniature
from tests.support.paths import ROOT

KILLED = """
import sys, time
from pathlib import Path
from lobench.workbench.dashboard.replacing import replacing
with replacing(Path(sys.argv[1]), "remedy") as made:
    made.mkdir()
    (made / "half.html").write_text("half")
    print("made", flush=True)
    time.sleep(600)
"""

HOLDING = """
import sys, time
from pathlib import Path
from lobench.workbench.processes.file_lock import locked
with locked(Path(sys.argv[1]), "remedy"):
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def running(code: str, *words: object) -> Iterator[subprocess.Popen[str]]:
    """A process that runs until it is killed, at the end if not before; it has said that it is where it should be."""
    command = [sys.executable, "-c", code, *map(str, words)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=variables) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            yield process
        finally:
            process.kill()


def make(target: Path, text: str) -> None:
    with replacing(target, "remedy") as made:
        made.mkdir()
        (made / "index.html").write_text(text)
        assert not (target / "index.html").exists() or (target / "index.html").read_text() != text


@pytest.mark.parametrize("exchanges", [True, False])
def test_new_ones_replace_old_ones(tmp_path: Path, exchanges: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not exchanges:
        monkeypatch.setattr(ctypes, "CDLL", lambda *words, **options: object())
    target = tmp_path / "deep/site"
    for text in ("one", "two", "three"):
        make(target, text)
        assert (target / "index.html").read_text() == text
        assert list(target.parent.iterdir()) == [target]
    target.chmod(0o750)
    make(target, "four")
    assert target.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, ValueError])
def test_an_old_one_stays_whole(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "site"
    make(target, "old")

    def fail() -> None:
        with replacing(target, "remedy") as made:
            made.mkdir()
            raise error

    with pytest.raises(error):
        fail()
    assert (target / "index.html").read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_folders_of_killed_processes_are_swept(tmp_path: Path) -> None:
    target = tmp_path / "site"
    make(target, "old")
    with running(KILLED, target) as dead, running(KILLED, target):
        dead.kill()
        dead.wait()
        assert len(list(tmp_path.iterdir())) == 3
        make(target, "new")
        rest = set(tmp_path.iterdir()) - {target}
        assert [(path / "new/half.html").read_text() for path in rest] == ["half"]
    make(target, "newer")
    assert list(tmp_path.iterdir()) == [target]
    assert (target / "index.html").read_text() == "newer"


def test_an_unwritable_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot be written: .*; remedy"), replacing(tmp_path / "file/site", "remedy"):
        pass


def test_a_lock_is_held_by_one_and_ends_with_its_process(tmp_path: Path) -> None:
    file = tmp_path / "folder/lock"
    with running(HOLDING, file) as process:
        told = rf"process {process.pid} is recording there; .*; remedy"
        with pytest.raises(TakenError, match=told), locked(file, "remedy"):
            pass
    with locked(file, "remedy"), pytest.raises(TakenError), locked(file, "remedy"):
        pass
    with locked(file, "remedy", wait=True):
        assert file.read_text() == f"{os.getpid()}\n"
    # An error inside the block is not an error of the lock.
    with pytest.raises(BlockingIOError), locked(file, "remedy"):
        raise BlockingIOError
    (tmp_path / "plain").write_text("")
    with pytest.raises(UsageError, match="cannot be written"), locked(tmp_path / "plain/lock", "remedy"):
        pass


@pytest.mark.long
def test_two_backfills_into_one_folder_lose_nothing(miniature: Miniature) -> None:
    pytest.importorskip("packaging")
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")
    made = [miniature.work(10 + place) for place in range(4)]
    words = ("--feed", miniature.feed, "--variants", "p0", "--rounds", "3", "--seconds", "0.05")
    spans = (f"{made[0]}..{made[1]}", f"{made[2]}..{made[3]}")
    processes = [miniature.started("history", "backfill", span, *words) for span in spans]
    try:
        told = [process.communicate(timeout=600)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    ended = sorted(process.returncode for process in processes)
    assert ended in ([0, 0], [0, 2]), told
    for span, process, said in zip(spans, processes, told, strict=True):
        if process.returncode == 2:
            (line,) = said.splitlines()
            assert "is recording there" in line
            assert "--results names another folder" in line
            assert miniature.lobench("history", "backfill", span, *words).returncode == 0
    assert set(miniature.history().points) == set(made)
    assert {path.name[:8] for path in miniature.folder.glob(".asv/results/*/*-lobench.json")} == {
        commit[:8] for commit in made
    }


@pytest.mark.long
def test_a_recorded_folder_refuses_a_second_writer_and_still_shows_itself(miniature: Miniature) -> None:
    pytest.importorskip("asv")
    from tests.support.recorded import recorded

    recorded(miniature, 6)
    (lock,) = (path / "lock" for path in miniature.folder.glob(".asv/lobench/*/"))

    def content() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in lock.with_name("recorded").iterdir()}

    before = content()
    with running(HOLDING, lock) as process:
        done = miniature.lobench("history", "record", "--feed", miniature.feed, "--variants", "p0")
        assert done.returncode == 2
        # No commit of this history has a variant.
        assert "no variant named 'p0'" in done.stderr
        miniature.work(1)
        done = miniature.lobench("history", "record", "--feed", miniature.feed, "--variants", "p0")
        assert done.returncode == 2
        assert f"process {process.pid} is recording there" in done.stderr
        done = miniature.lobench("dashboard", "-o", "site")
        assert done.returncode == 0, done.stderr
        assert content() == before


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_an_interrupted_dashboard_leaves_the_old_site(miniature: Miniature, number: signal.Signals) -> None:
    pytest.importorskip("asv")
    from tests.support.recorded import recorded

    order = recorded(miniature, 6)
    assert miniature.lobench("dashboard", "-o", "out/site").returncode == 0
    site = miniature.folder / "out/site"

    def content() -> dict[str, bytes]:
        return {str(path.relative_to(site)): path.read_bytes() for path in site.rglob("*") if path.is_file()}

    before = content()
    with miniature.started("dashboard", "-o", "out/site") as process:
        deadline = time.monotonic() + 120
        # While the new site is being written: its folder is beside the old one.
        while len(list(site.parent.iterdir())) == 1 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        os.killpg(process.pid, number)
        process.communicate()
    assert process.returncode != 0
    assert content() == before
    assert miniature.lobench("dashboard", "-o", "out/site").returncode == 0
    assert list(site.parent.iterdir()) == [site]
    assert f"commits/{order[-2][:12]}.html" in content()


def test_the_port_comes_before_the_site(miniature: Miniature) -> None:
    pytest.importorskip("asv")
    import socket

    from tests.support.recorded import recorded

    recorded(miniature, 6)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = miniature.lobench("dashboard", "-o", "site", "--serve", "--port", port)
    assert done.returncode == 2
    assert f"port {port} is not available" in done.stderr
    assert not (miniature.folder / "site").exists()
