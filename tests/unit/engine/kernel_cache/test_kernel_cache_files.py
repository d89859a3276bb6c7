"""The kernels' folder is only where nobody else can write; whatever is wrong with files and folders, work continues."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lobench.engine import cache
from lobench.engine.kernel_cache import folders, store
from tests.support.paths import ROOT

pytestmark = pytest.mark.normal

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what belongs to others")
NOBODY = 65534

COMPUTE = """
from lobench.engine.compiling import entry

@entry
def compute(number):
    return number + 1

print(compute(1), sum(compute.stats.cache_hits.values()))
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(folders, "_chosen", {})
    monkeypatch.setattr(folders, "_said", set())
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o1777)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_written_kernel_is_read(tmp_path: Path) -> None:
    store.write(tmp_path, "a key", b"kernel")
    store.write(tmp_path, "another", b"")
    assert store.read(tmp_path, "a key") == b"kernel"
    assert store.read(tmp_path, "another") == b""
    assert store.read(tmp_path, "a third") is None
    assert sorted(path.suffix for path in tmp_path.glob("*.*")) == [".kernel", ".kernel"]
    assert mode(store.path_of(tmp_path, "a key")) == 0o600


def swap(path: Path, folder: Path) -> None:
    """The file of another key under this one's name."""
    store.write(folder, "another", b"another kernel")
    path.write_bytes(store.path_of(folder, "another").read_bytes())


def damage(change: Callable[[bytes], bytes]) -> Callable[[Path, Path], None]:
    return lambda path, folder: (path.write_bytes(change(path.read_bytes())), None)[1]


def replaced(make: Callable[[Path], Any]) -> Callable[[Path, Path], None]:
    def replace(path: Path, folder: Path) -> None:
        path.rename(folder / "aside")
        make(path)

    return replace


@pytest.mark.parametrize(
    "harm",
    [
        damage(lambda content: b""),
        damage(lambda content: content[:-1]),
        damage(lambda content: content[:60]),
        damage(lambda content: content + b"x"),
        damage(lambda content: content[:-1] + b"X"),
        damage(lambda content: b"\0" * len(content)),
        swap,
        replaced(lambda path: path.mkdir()),
        replaced(lambda path: os.mkfifo(path)),
        replaced(lambda path: path.symlink_to(path.parent / "aside")),
        replaced(lambda path: path.symlink_to("nowhere")),
        lambda path, folder: path.chmod(0o622),
        pytest.param(lambda path, folder: os.chown(path, NOBODY, -1), marks=AS_ROOT),
    ],
)
def test_a_file_with_another_key_or_damage_is_a_miss(tmp_path: Path, harm: Callable[[Path, Path], None]) -> None:
    store.write(tmp_path, "a key", b"kernel")
    harm(store.path_of(tmp_path, "a key"), tmp_path)
    assert store.read(tmp_path, "a key") is None


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(tmp_path, "a key", b"old")

    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space"):
            store.write(tmp_path, "a key", b"new")
    assert store.read(tmp_path, "a key") == b"old"
    assert not list(tmp_path.glob("*.part"))


def test_the_longest_unused_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_BYTES", 4000)
    now = int(time.time()) - 1000
    for index in range(5):
        store.write(tmp_path, f"key {index}", b"x" * 900)
        os.utime(store.path_of(tmp_path, f"key {index}"), (now + index, now + index))
    (tmp_path / ".dead.999999999.part").touch()
    (tmp_path / f".alive.{os.getpid()}.part").touch()
    store.prune(tmp_path)
    assert [store.read(tmp_path, f"key {index}") is not None for index in range(5)] == [False, True, True, True, True]
    assert sorted(path.name for path in tmp_path.glob(".*")) == [f".alive.{os.getpid()}.part"]
    old = now - (store.MOST_DAYS + 1) * 86_400
    for index in (1, 2):
        os.utime(store.path_of(tmp_path, f"key {index}"), (old, old))
    store.prune(tmp_path)
    assert [store.read(tmp_path, f"key {index}") is not None for index in range(5)] == [False, False, False, True, True]


def test_a_folder_is_made_for_its_user_alone(tmp_path: Path) -> None:
    folder = folders.private(tmp_path / "a" / "b" / "kernels")
    assert mode(folder) == 0o700
    assert mode(folder.parent) == 0o700
    folder.chmod(0o777)
    folder.parent.chmod(0o775)
    assert folders.private(folder) == folder
    assert mode(folder) == 0o700
    assert mode(folder.parent) == 0o755


@AS_ROOT
def test_a_folder_that_others_could_change_is_not_used(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, NOBODY, -1)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    os.chown(link, NOBODY, -1, follow_symlinks=False)
    opened = tmp_path / "open"
    opened.mkdir()
    (opened / "base").mkdir()
    opened.chmod(0o777)
    kernels = tmp_path / "base" / "kernels"
    kernels.mkdir(parents=True)
    os.chown(kernels, NOBODY, -1)
    for folder in (
        theirs / "kernels",
        theirs / "x" / "kernels",
        link / "x" / "kernels",
        opened / "base" / "k",
        kernels,
    ):
        with pytest.raises(folders.UnsafeError):
            folders.private(folder)


def test_a_private_folder_in_a_shared_temporary_folder_is_used(tmp_path: Path) -> None:
    assert folders.private(tmp_path / "tmp" / "mine" / "kernels").is_dir()


@pytest.mark.parametrize("place", ["a file", "below a file", "a dangling link"])
def test_without_a_cache_folder_a_private_temporary_one_and_one_line(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "file" / "nowhere")
    where = {"a file": "file", "below a file": "file/x", "a dangling link": "link"}[place]
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / where))
    folder = folders.kernel_folder()
    assert folder is not None
    assert folder.is_relative_to(tmp_path / "tmp")
    assert mode(folder) == mode(folder.parent) == 0o700
    assert folders.kernel_folder() == folder
    assert cache.base_folder() == folder.parent  # for child processes
    said = capsys.readouterr().err
    assert said.startswith("lobench: kernels are cached for this command only: ")
    assert said.count("\n") == 1


def test_no_room_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    assert folders.kernel_folder() is None
    assert folders.kernel_folder() is None
    assert capsys.readouterr().err.count("\n") == 1


def test_temporary_folders_of_killed_processes_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = tmp_path / "tmp" / "lobench-kernels-999999999-abc"
    kept = tmp_path / "tmp" / f"lobench-kernels-{os.getpid()}-abc"
    left.mkdir()
    kept.mkdir()
    (tmp_path / "file").touch()
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file"))
    folders.kernel_folder()
    assert (left.exists(), kept.exists()) == (False, True)


def computed(tmp_path: Path, *before: str, **variables: str) -> tuple[str, str]:
    """Output and complaints of a process that compiles a kernel, ``before`` it this."""
    script = tmp_path / "script.py"
    script.write_text("\n".join(before) + COMPUTE)
    kept = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME", cache.VARIABLE)}
    done = subprocess.run(
        [sys.executable, "-B", str(script)],
        env={**kept, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "tmp"), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


@AS_ROOT
def test_a_user_without_name_and_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And one whose home is read-only."""
    nobody = "import os, numba, lobench.engine.compiling; numba.njit(lambda number: number + 1)(1); os.setuid(54321)"
    monkeypatch.setattr(tempfile, "tempdir", None)
    with tempfile.TemporaryDirectory() as shared:
        Path(shared).chmod(0o1777)
        assert computed(tmp_path, nobody, TMPDIR=shared) == ("2 0", "")
        assert computed(tmp_path, nobody, TMPDIR=shared) == ("2 1", "")
        out, said = computed(tmp_path, nobody, TMPDIR=shared, HOME="/root")
        assert (out, said.count("\n")) == ("2 0", 1)
        assert [path.name for path in Path(shared).iterdir()] == ["lobench-54321"]


def test_a_full_disk(tmp_path: Path) -> None:
    """Files can not grow beyond their limit, as on a full disk."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))"
    out, said = computed(tmp_path, limit, HOME=str(tmp_path))
    assert (out, said.count("\n")) == ("2 0", 1)
    assert "kernels cannot be cached" in said
    assert list((tmp_path / ".cache/lobench/kernels").iterdir()) == []


def test_a_kernel_that_does_not_load_is_compiled(tmp_path: Path) -> None:
    assert computed(tmp_path, HOME=str(tmp_path)) == ("2 0", "")
    pickled = "import lobench.engine.kernel_cache.store as s; s._checked = lambda content, key: b'no pickle'"
    out, said = computed(tmp_path, pickled, HOME=str(tmp_path))
    assert (out, said.count("\n")) == ("2 0", 1)
    assert computed(tmp_path, HOME=str(tmp_path)) == ("2 1", "")


def test_sources_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor's lock, a dangling link, a folder that is named like a source."""
    (tmp_path / "engine").mkdir()
    monkeypatch.setattr(cache, "_ROOT", tmp_path)
    (tmp_path / "engine" / "book.py").write_text("a = 1")
    before = cache.source_digest()
    (tmp_path / "engine" / ".#book.py").symlink_to("user@host.1234:5678")
    (tmp_path / "engine" / "gone.py").symlink_to("nowhere")
    (tmp_path / "engine" / "folder.py").mkdir()
    assert cache.source_digest() == before
    (tmp_path / "engine" / "book.py").write_text("a = 2")
    assert cache.source_digest() != before
