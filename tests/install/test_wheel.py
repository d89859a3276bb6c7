"""lobench as a wheel leaves it in an environment: among the libraries that profilers leave out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import lobench
from tests.support.command import environment
from tests.support.replays import LADDER

pytestmark = pytest.mark.xdist_group("install")


def run(python: Path, folder: Path, *words: str, timeout: float = 100) -> subprocess.CompletedProcess[str]:
    """Run the interpreter in a folder, with nothing of this checkout on its path."""
    variables = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    return subprocess.run([python, *words], cwd=folder, env=variables, capture_output=True, text=True, timeout=timeout)


def test_folders_of_the_parts_names_are_not_in_the_way(installed: Path, tmp_path: Path) -> None:
    for name in ("engine", "variants", "workbench", "reports"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('foreign code was run')\n")
    every = "import lobench; print(sum(getattr(lobench, name) is not None for name in lobench.__all__), flush=True)"
    done = run(installed, tmp_path, "-c", f"{every}; import engine")
    assert (done.returncode, done.stderr) == (1, "foreign code was run\n")
    assert int(done.stdout) == len(lobench.__all__)


def test_the_command(installed: Path, tmp_path: Path) -> None:
    for words in (("-m", "lobench"), (str(installed.with_name("lobench")),)):
        done = run(installed, tmp_path, *words, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("usage: lobench ")
    done = run(installed, tmp_path, "-m", "lobench", "include-dir")
    assert "LOBENCH_ABI_VERSION" in Path(done.stdout.strip(), "lobench_engine.h").read_text()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_a_quick_run(installed: Path, tmp_path: Path) -> None:
    feed = "synth:liquid-future,n=40000"
    done = run(installed, tmp_path, "-m", "lobench", "run", "--quick", "--budget", "20", feed, "--json", timeout=1500)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [rung["variant"][:2] for rung in told["feeds"][0]["analysis"]["ladder"]] == [
        f"p{n}" for n in range(len(LADDER))
    ]
    assert (tmp_path / told["report_file"]).is_file()


@pytest.mark.long
def test_scalene_sees_an_installed_copy(installed: Path, tmp_path: Path) -> None:
    pytest.importorskip("scalene", reason="pip install 'lobench[profile]'")
    command = ("-P", "-m", "lobench", "profile", "p0", "synth:liquid-future,n=4000", "--with", "scalene")
    options = ("--seconds", "1.5", "--warm", "1000", "--records", "2000", "--json")
    done = run(installed, tmp_path, *command, *options, timeout=800)
    assert done.returncode == 0, done.stderr
    lines = json.loads(done.stdout)["methods"]["scalene"]["lines"]
    # The file has its name in a checkout, with its text.
    assert any(row["file"] == "engine/replay.py" and "kernel(" in row["text"] for row in lines), lines
    assert not any("site-packages" in row["file"] for row in lines)


def test_the_advice_is_for_this_environment(installed: Path, tmp_path: Path) -> None:
    hidden = (
        "import sys; sys.modules['memray'] = None; from lobench.workbench.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    done = run(installed, tmp_path, "-P", "-c", hidden, "profile", "p0", "--with", "memray")
    assert done.returncode == 2
    assert done.stderr == (
        f"lobench: memray is not installed; install it with: {installed} -m pip install 'lobench[profile]'\n"
    )
    assert list(tmp_path.iterdir()) == []
