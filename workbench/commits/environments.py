"""The Python for a commit: this one if it has the commit's requirements, else one made for it.

Only packages that a replay needs count (the project's dependencies and theirs), at the versions that the commit's
``constraints.txt`` pins. A commit that changes a linter's version shares the environment.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from lobench.engine.errors import LobenchError
from lobench.workbench.optional_dependencies import required
from lobench.workbench.processes.claimed_folders import scratch_folder
from lobench.workbench.processes.starting import helper

_LAST_LINES = 12
"""Of an installer's complaint."""


@dataclass(frozen=True)
class Environment:
    """``python`` is its interpreter, ``key`` its identity: ``own`` for the one that runs this."""

    key: str
    python: str


def python_for(project: str | None, constraints: str | None, folder: Path) -> Environment:
    """The environment for a commit with these texts of ``pyproject.toml`` and ``constraints.txt``.

    Made in ``folder`` with pip if this interpreter's own does not fit. Raises LobenchError if the project's file is
    missing or wrong, or if pip fails.
    """
    if project is None:
        raise LobenchError("it has no pyproject.toml")
    try:
        declared = tomllib.loads(project).get("project", {})
    except tomllib.TOMLDecodeError as error:
        raise LobenchError(f"its pyproject.toml is not TOML: {error}") from error
    wanted = [str(entry) for entry in declared.get("dependencies", [])]
    pins = _pins(constraints or "")
    if _fits(wanted, pins):
        return Environment("own", sys.executable)
    key = hashlib.blake2b(repr((sorted(wanted), pins, sys.version)).encode(), digest_size=8).hexdigest()
    python = folder / key / "bin" / "python"
    if not python.exists():
        _make(folder / key, wanted, pins)
    return Environment(key, str(python))


def _pins(constraints: str) -> dict[str, str]:
    """Canonical name to version, of lines ``name==version``."""
    canonical = required("packaging.utils").canonicalize_name
    lines = (line.partition("#")[0].strip() for line in constraints.splitlines())
    pairs = (line.split("==", 1) for line in lines if "==" in line)
    return {canonical(name.strip()): version.strip() for name, version in pairs}


def _fits(wanted: list[str], pins: dict[str, str]) -> bool:
    """Whether every package that ``wanted`` leads to is installed here, at its pinned version."""
    parse = required("packaging.requirements").Requirement
    canonical = required("packaging.utils").canonicalize_name
    waiting = [parse(entry) for entry in wanted]
    seen = set()
    while waiting:
        requirement = waiting.pop()
        name = canonical(requirement.name)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            return False
        if pins.get(name, installed) != installed or not requirement.specifier.contains(installed, prereleases=True):
            return False
        if name not in seen:
            seen.add(name)
            waiting += [parse(entry) for entry in metadata.requires(name) or []]
    return True


def _make(folder: Path, wanted: list[str], pins: dict[str, str]) -> None:
    """A virtual environment with these requirements, whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder() as made:
        limits = Path(made) / "constraints.txt"
        limits.write_text("".join(f"{name}=={version}\n" for name, version in sorted(pins.items())), encoding="utf-8")
        python = folder / "bin" / "python"
        words = ["install", "-q", "--disable-pip-version-check", "-c", str(limits), *wanted]
        try:
            for step in (helper("venv", str(folder)), helper("pip", *words, python=str(python))):
                done = subprocess.run(**step, capture_output=True, text=True, encoding="utf-8", errors="replace")
                if done.returncode:
                    said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-_LAST_LINES:])
                    raise LobenchError(f"its environment cannot be created:\n{said}")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
