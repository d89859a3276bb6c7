"""git, pip and environments without any trace of lobench.

pip needs no network here: the packages that run the tests also build and run lobench.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lobench.workbench.git import environment as of_git


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=nobody", "-c", "user.email=nobody@localhost", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=of_git()).stdout


def pip(*words: str, python: str | Path = sys.executable) -> None:
    """Run pip without a network, with the build tools of this environment."""
    verb, *rest = words
    settled = {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    alone = ("--no-index", "--no-deps", "--no-build-isolation", "-q")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    done = subprocess.run(
        [python, "-m", "pip", verb, *alone, *rest], env=kept | settled, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr


def new_environment(folder: Path) -> Path:
    """The interpreter of an environment that finds the libraries of this one, and no lobench."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    # Folders in a .pth file are only searched; their own .pth files, such as an editable install's, are not read.
    libraries = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    Path(site, "libraries.pth").write_text("".join(f"{path}\n" for path in libraries))
    return python
