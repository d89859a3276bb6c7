"""Streams, locales, names and environments as they should not be: simply right, or one line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.support.command import COMMAND, complaints, environment, lobench
from tests.support.dbn_files import header, records, write
from tests.support.documents import document, written

ASCII = {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
"""A locale that has next to no characters."""


def shell(redirection: str, *arguments: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command with its streams redirected by a shell."""
    script = ["sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, *map(str, arguments)]
    return subprocess.run(script, cwd=folder, env=environment(), capture_output=True, text=True, timeout=600)


@pytest.fixture
def feed(tmp_path: Path) -> str:
    return write(tmp_path / "feed.dbn", header(), records(300).tobytes())


# Streams


@pytest.mark.fast
@pytest.mark.parametrize("arguments", [["env"], ["env", "--json"], ["generate", "--list"], ["--help"], ["--version"]])
@pytest.mark.parametrize(
    ("redirection", "why"), [(">&-", "Bad file descriptor"), (">/dev/full", "No space left on device")]
)
def test_stdout_that_cannot_be_written(arguments: list[str], redirection: str, why: str) -> None:
    done = shell(redirection, *arguments)
    assert done.stderr == f"lobench: standard output cannot be written: {why}\n"
    assert done.returncode == 4


def test_stderr_that_cannot_be_written(tmp_path: Path) -> None:
    for redirection in ("2>&-", "2>/dev/full"):
        assert shell(redirection, "env").returncode == 0
        assert shell(redirection, "replay", "none.dbn", folder=tmp_path).returncode == 3


def test_no_file_takes_the_place_of_a_closed_stream(feed: str, tmp_path: Path) -> None:
    done = shell("<&- >&- 2>&-", "replay", feed, "--until", "features", "--features", "f.parquet", folder=tmp_path)
    assert done.returncode == 4
    assert pq.read_metadata(tmp_path / "f.parquet").num_rows == 300


def test_a_reader_that_goes() -> None:
    done = shell("| head -n 1; exit 0", "generate", "--list")
    assert complaints(done) == ""


# lobench's own faults


@pytest.mark.fast
def test_a_broken_installation_is_no_mismatch(feed: str) -> None:
    script = "import sys; sys.modules['databento_dbn'] = None; from lobench.workbench.cli import main; sys.exit(main())"
    for words in (["check", "HEAD"], ["verify", feed]):
        command = [sys.executable, "-c", script, *words]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60)
        assert "ModuleNotFoundError: import of databento_dbn halted" in done.stderr
        assert (done.returncode, done.stdout) == (4, "")


# Interrupts


@pytest.mark.fast
@pytest.mark.parametrize(
    "module", ["lobench.workbench.streams", "lobench.workbench.cli", "argparse", "lobench.workbench.cli.run"]
)
def test_an_interrupt_while_the_command_is_loaded(module: str) -> None:
    script = f"""
import os, signal, sys
import lobench.workbench.entry
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
sys.modules.pop("argparse", None)
sys.exit(lobench.workbench.entry.run())
"""
    command = [sys.executable, "-c", script, "--help"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.stderr == "lobench: interrupted\n"
    assert (done.returncode, done.stdout) == (128 + signal.SIGINT, "")


@pytest.mark.fast
def test_an_ignored_interrupt_stays_ignored() -> None:
    script = "trap '' INT HUP TERM; exec \"$@\""
    code = "import signal, lobench.workbench.entry as e; e.run(); print([int(signal.getsignal(n)) for n in (1, 2, 15)])"
    done = subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, "-c", code, "--version"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "[1, 1, 1]"


# Locales


@pytest.mark.fast
def test_help_in_any_locale() -> None:
    for verb in ([], ["run"], ["replay"]):
        done = subprocess.run([*COMMAND, *verb, "--help"], env=environment(**ASCII), capture_output=True, timeout=60)
        assert done.stderr == b""
        assert done.stdout.isascii()


@pytest.mark.long
def test_files_are_utf_8_in_any_locale(tmp_path: Path) -> None:
    """A report, of names that no locale has."""
    names = ["\udce4[/b].dbn", "[archive]/é→.dbn"]
    content = document(feeds=[names[1]])
    content["command"] = f"lobench run {names[0]}"
    written(tmp_path, content)
    for locale in ({}, ASCII):
        done = subprocess.run(
            [*COMMAND, "report", str(tmp_path)], env=environment(**locale), capture_output=True, timeout=600
        )
        assert done.stderr == b""
        assert done.returncode == 0
        page = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert "[archive]/é→.dbn" in page
        assert "[/b].dbn</code>" in page
        assert "\\[archive\\]/é→.dbn" in (tmp_path / "report.md").read_text(encoding="utf-8")
        for name in ("report.html", "report.md"):
            (tmp_path / name).unlink()


@pytest.mark.skipif(not shutil.which("localedef"), reason="makes a locale")
def test_a_replay_in_a_latin_locale(feed: str, tmp_path: Path) -> None:
    made = ["localedef", "-i", "en_US", "-f", "ISO-8859-1", str(tmp_path / "en_US.ISO-8859-1")]
    if subprocess.run(made, capture_output=True).returncode:
        pytest.skip("there are no character maps")
    latin = {"LOCPATH": str(tmp_path), "LC_ALL": "en_US.ISO-8859-1"}
    name = "€ é.parquet"
    command = [*COMMAND, "replay", feed, "--until", "features", "--features", name]
    done = subprocess.run(command, cwd=tmp_path, env=environment(**latin), capture_output=True, timeout=600)
    assert done.stderr == b""
    assert done.returncode == 0
    assert pq.read_metadata(tmp_path / name).num_rows == 300
    assert f"{name}, 300 rows".encode() in done.stdout


# Names


@pytest.mark.parametrize(
    "name",
    [
        b"\xff\xfe.parquet",
        *(
            pytest.param(name, marks=pytest.mark.long)
            for name in (b"n" * 247 + b".parquet", b"[b] \xc3\xa9.parquet", b"-.parquet")
        ),
    ],
)
def test_output_names(feed: str, tmp_path: Path, name: bytes) -> None:
    option = b"--features=" + name
    command = [*map(os.fsencode, COMMAND), b"replay", feed.encode(), b"--until", b"features", option]
    for more in ([b"--json"], []):
        done = subprocess.run([*command, *more], cwd=tmp_path, env=environment(), capture_output=True, timeout=600)
        assert done.stderr == b""
        assert done.returncode == 0
        if more:
            assert os.fsencode(json.loads(done.stdout)["files"][0]["path"]) == name
    assert set(os.listdir(os.fsencode(tmp_path))) == {b"feed.dbn", name}


@pytest.mark.parametrize(
    "name",
    ["é-3.py", *(pytest.param(name, marks=pytest.mark.long) for name in ("my.v2.py", "my variant.py", "[b].py"))],
)
def test_variant_file_names(feed: str, tmp_path: Path, name: str) -> None:
    text = 'from lobench.variants import p4_hash_lookup\nVARIANT = p4_hash_lookup.VARIANT.derive("mine")\n'
    (tmp_path / name).write_text(text, encoding="utf-8")
    asked = ("replay", feed, "--until", "decode", "--variants-from", name, "--variant", name[:-3])
    for _ in range(2):  # the second time from the cache
        done = lobench(*asked, folder=tmp_path)
        assert complaints(done) == ""
        assert done.returncode == 0
        assert f"variant      {name[:-3]}, workers 1" in done.stdout


# Environments


def test_without_a_compiler_there_is_one_nevertheless(feed: str) -> None:
    command = [*COMMAND, "replay", feed, "--until", "decode"]
    done = subprocess.run(command, env=environment(NUMBA_DISABLE_JIT="1"), capture_output=True, text=True, timeout=600)
    assert complaints(done) == ""
    assert done.returncode == 0
    assert "events       300 in" in done.stdout
