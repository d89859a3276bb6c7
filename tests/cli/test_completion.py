"""`lobench completion`: bash itself runs its script and completes; other shells get theirs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lobench.variants import discover
from lobench.workbench.cli import VERBS, main
from tests.support.command import environment, lobench
from tests.support.replays import run_python

pytestmark = pytest.mark.fast
NAMES = " ".join(discover())


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    done = lobench("completion", "bash")
    assert (done.returncode, done.stderr) == (0, "")
    path = tmp_path_factory.mktemp("completion") / "lobench.bash"
    path.write_text(done.stdout)
    return path


def bash(script: Path, folder: Path, line: str) -> str:
    """The output of a bash that has sourced the script."""
    done = subprocess.run(
        ["bash", "--norc", "-c", f"source '{script}'\n{line}"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_bash_takes_it(script: Path, tmp_path: Path) -> None:
    assert bash(script, tmp_path, "complete -p lobench").endswith(" -F _shtab_lobench lobench")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("lobench ", " ".join(VERBS)),
        ("lobench ver", "verify"),
        ("lobench verify --orac", "--oracle"),
        ("lobench verify --evaluate ", "last every"),
        ("lobench verify your", "your.mbo.dbn"),
        ("lobench replay --variant p4", "p4_hash_lookup"),
        ("lobench verify --variants ", NAMES),
        ("lobench cmp p4_hash_lookup p7", "p7_cache_layout"),
        ("lobench cmp p4_hash_lookup your", "your.mbo.dbn"),
        ("lobench conform your", "your.mbo.dbn"),
        ("lobench history record --mach", "--machine"),
        ("lobench plan predict p5", "p5_memory_pool"),
        ("lobench run -o re", "results"),
        ("lobench verify --symbols y", ""),
    ],
)
def test_bash_offers_verbs_options_variants_and_files(script: Path, tmp_path: Path, typed: str, offered: str) -> None:
    (tmp_path / "your.mbo.dbn").touch()
    (tmp_path / "results").mkdir()
    (tmp_path / "record").touch()
    words = " ".join(f"'{word}'" for word in typed.split(" "))
    ask = f"COMP_WORDS=({words}); COMP_CWORD=$(({len(typed.split(' '))} - 1)); _shtab_lobench 2>/dev/null"
    assert bash(script, tmp_path, f'{ask}\necho "${{COMPREPLY[*]}}"') == offered


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_scripts_of_other_shells_are_valid(shell: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert all(verb in text for verb in VERBS)
    assert NAMES in text
    if shutil.which(shell):
        (tmp_path / "script").write_text(text)
        done = subprocess.run([shell, "-n", tmp_path / "script"], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")


ZSH = """
zmodload zsh/zpty
zpty typist "TERM=dumb zsh -f -i"
zpty -w typist "fpath=($1 \\$fpath); autoload -Uz compinit; compinit -D -u; bindkey '^I' complete-word"
zpty -w -n typist "$2"$'\\t'
zpty -w typist $'\\C-aprint -r -- \\C-e > completed; exit'
while zpty -r typist line; do :; done
"""
"""Types a line, the Tab key, and a command that writes the completed line to a file."""


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("lobench verify --orac", "lobench verify --oracle"),
        ("lobench verify your", "lobench verify your.mbo.dbn"),
        ("lobench verify a.dbn your", "lobench verify a.dbn your.mbo.dbn"),
        ("lobench cmp p4_hash_lookup p7", "lobench cmp p4_hash_lookup p7_cache_layout"),
        ("lobench cmp p4 p7 a.dbn your", "lobench cmp p4 p7 a.dbn your.mbo.dbn"),
        ("lobench profile p4", "lobench profile p4_hash_lookup"),
        ("lobench profile p4 your", "lobench profile p4 your.mbo.dbn"),
    ],
)
def test_zsh_offers_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: str, offered: str) -> None:
    assert main(["completion", "zsh"]) == 0
    functions, folder = tmp_path / "functions", tmp_path / "folder"
    functions.mkdir()
    folder.mkdir()
    (functions / "_lobench").write_text(capsys.readouterr().out)
    (folder / "your.mbo.dbn").touch()
    (tmp_path / "ask").write_text(ZSH)
    subprocess.run(["zsh", "-f", tmp_path / "ask", functions, typed], cwd=folder, check=True, timeout=60)
    assert (folder / "completed").read_text().strip() == offered


def test_other_commands_do_not_load_shtab() -> None:
    script = "import json, sys; from lobench.workbench.cli import _parser; _parser(); print(json.dumps([*sys.modules]))"
    assert not {"shtab", "numba"} & set(run_python(script))


def test_without_shtab_the_error_names_the_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 2
    assert capsys.readouterr().err.endswith(
        f"shtab is not installed; install it with: {sys.executable} -m pip install shtab\n"
    )
