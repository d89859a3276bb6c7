"""lobench as it lies in an environment, not in a checkout: among the libraries that profilers leave out."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from lobench.workbench import PARTS
from tests.cli.command import ROOT, environment

pytest.importorskip("scalene", reason="pip install 'lobench[profile]'")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds lobench as a wheel leaves it, and all else that is here."""
    folder = tmp_path_factory.mktemp("installed") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    asked = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    site = Path(asked.stdout.strip())
    (site / "lobench").mkdir()
    for file in ("__init__.py", "__main__.py"):
        shutil.copy(ROOT / "lobench" / file, site / "lobench")
    for name, folder in PARTS.items():
        shutil.copytree(folder, site / "lobench" / name, ignore=shutil.ignore_patterns("__pycache__"))
    libraries = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (site / "libraries.pth").write_text("".join(f"{path}\n" for path in libraries))
    return python


def test_scalene_sees_an_installed_copy(python: Path, tmp_path: Path) -> None:
    command = [python, "-P", "-m", "lobench", "profile", "p0", "synth:liquid-future,n=4000", "--with", "scalene"]
    options = ["--seconds", "1.5", "--warm", "1000", "--records", "2000", "--json"]
    variables = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [*command, *options], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=800
    )
    assert done.returncode == 0, done.stderr
    lines = json.loads(done.stdout)["methods"]["scalene"]["lines"]
    # The file as a checkout names it, and its text.
    assert any(row["file"] == "engine/replay.py" and "kernel(" in row["text"] for row in lines), lines
    assert not any("site-packages" in row["file"] for row in lines)


def test_the_advice_is_for_this_environment(python: Path, tmp_path: Path) -> None:
    hidden = (
        "import sys; sys.modules['memray'] = None; from lobench.workbench.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    variables = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    command = [python, "-P", "-c", hidden, "profile", "p0", "--with", "memray"]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=100)
    assert done.returncode == 2
    assert done.stderr == (
        f"lobench: memray is not installed; install it with: {python} -m pip install 'lobench[profile]'\n"
    )
    assert list(tmp_path.iterdir()) == []
