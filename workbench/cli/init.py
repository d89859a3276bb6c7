"""Set up lobench in your own repository: write lobench.toml, which says how to build engines from commits
(docs/ladder.md), asv.conf.json, with which asv reads the recorded history, and a workflow that checks pull requests.

Existing files stay, unless --force is given. Cargo, CMake, make and Python engines are recognized.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from lobench.workbench.cli import options

RESULTS = ".asv/"

HELP = "set up check, history and dashboard for the commits of your own repository"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_force(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.workbench import git
    from lobench.workbench.atomic_write import write_whole
    from lobench.workbench.commits.repository import Repository
    from lobench.workbench.ladder.beginning import WORKFLOW, guess, texts
    from lobench.workbench.ladder.recipe import FILE

    root = Repository().root
    for name, text in texts(root).items():
        path = root / name
        if path.exists() and not arguments.force:
            print(f"{name} already exists and stays (--force replaces it)")
            continue
        write_whole(path, text, "make its folder writable", folders=True)
        print(f"{name} written")
    if not git.ask(root, "check-ignore", "-q", RESULTS).ok:
        _ignore(root / ".gitignore")
        print(f".gitignore: added {RESULTS}, the folder of recorded results")
    workflow = root / WORKFLOW
    if workflow.is_file() and "OWNER" in workflow.read_text(encoding="utf-8", errors="replace"):
        print(f"edit the source that lobench is installed from in {WORKFLOW}")
    found = guess(root)
    if not found.sure:
        print(f"no build system recognized: edit build and artifact in {FILE}")
    print("next: commit these files, then lobench history record; lobench check HEAD~1")
    return 0


def _ignore(file: Path) -> None:
    """Add the folder of results. The rest of the file stays unchanged, whatever its encoding."""
    from lobench.engine.errors import UsageError

    try:
        text = file.read_bytes() if file.exists() else b""
        between = b"" if not text or text.endswith(b"\n") else b"\n"
        with file.open("ab") as opened:
            opened.write(between + f"{RESULTS}\n".encode())
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}; make its folder writable") from error
