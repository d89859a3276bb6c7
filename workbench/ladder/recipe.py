"""How a commit of a repository becomes engines: the keys of a ladder file that say so (docs/ladder.md).

``lobench.toml``, or ``[tool.lobench]`` of ``pyproject.toml``, may hold these keys without the steps of a ladder.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from lobench.engine.errors import UsageError

KEYS: Final = ("build", "artifact", "sources", "environment", "feeds")
FILE: Final = "lobench.toml"
DEFAULT_FEED: Final = "synth:liquid-future,n=200000"
SUFFIXES: Final = (".py", ".so")
"""Endings of an engine's file."""
_LADDER: Final = ("name", "reference", "feed", "ledger", "steps", "step", "prediction")


@dataclass(frozen=True)
class Recipe:
    """``file``: that says so. ``build``: a command for the shell, None where nothing is built; ``artifacts``: the files
    that hold engines then; ``sources``: files and folders whose content decides, all without any. All names are as the
    folder of ``file`` has them. ``feeds``: replayed if none is named, each by itself; none where ``feed`` is a list,
    which is one of several files."""

    file: Path
    build: str | None
    artifacts: tuple[str, ...]
    sources: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    feeds: tuple[str, ...] = (DEFAULT_FEED,)

    @property
    def engines(self) -> tuple[str, ...]:
        """Names of the engines: the stems of their files."""
        return tuple(PurePosixPath(name).stem for name in self.artifacts)


def find_recipe(root: Path, ladder: str | None = None) -> Recipe | None:
    """The recipe of a repository: in the ladder file that the user names, else in one of the files at its top; None for
    a repository without one. Raises UsageError for an invalid one."""
    if ladder is not None:
        found = _read(Path(ladder).resolve())
        if found is None:
            raise UsageError(f"{ladder}: does not say how to build an engine from a commit: artifact is missing")
        return found
    if (root / FILE).is_file():
        found = _read(root / FILE)
        if found is None:
            raise UsageError(f"{root / FILE}: artifact: is missing")
        return found
    project = root / "pyproject.toml"
    content = _toml(project).get("tool", {}).get("lobench") if project.is_file() else None
    return None if content is None else parse(project, content)


def _read(path: Path) -> Recipe | None:
    content = _toml(path)
    misspelt = any(key not in (*KEYS, *_LADDER) for key in content)
    return parse(path, content) if "artifact" in content or _stepped(content) or misspelt else None


def is_file(variant: str) -> bool:
    """Whether a step's variant is a file, and no variant that is named."""
    return "/" in variant or variant.endswith(SUFFIXES)


def _stepped(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The files among a ladder's steps."""
    steps = content.get("step", [])
    names = (
        [str(step.get("variant", "")) for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    )
    return tuple(name for name in names if is_file(name))


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; --ladder takes a file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not TOML: {error}") from error


def parse(path: Path, content: Mapping[str, Any]) -> Recipe:
    """The recipe in a table. Raises UsageError, naming file and key."""
    try:
        return _parsed(path, content)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from error


def _parsed(path: Path, content: Mapping[str, Any]) -> Recipe:
    for key in content:
        if key not in (*KEYS, *_LADDER):
            raise ValueError(f"{key}: not known. Use any of {', '.join((*KEYS, *_LADDER))}")
    artifacts = _names(content, "artifact") or _stepped(content)
    if not artifacts:
        raise ValueError("artifact: is missing: the file, or list of files, of the built engine")
    recipe = Recipe(
        path,
        _build(content),
        artifacts,
        _names(content, "sources"),
        _environment(content),
        tuple(_feed(path, name) for name in _feeds(content)),
    )
    for name in artifacts:
        if not name.endswith(SUFFIXES):
            raise ValueError(f"artifact: must be a shared library (.so) or a Python file (.py), was '{name}'")
        if recipe.engines.count(PurePosixPath(name).stem) > 1:
            raise ValueError(f"artifact: two are named '{PurePosixPath(name).stem}'")
    return recipe


def _feeds(content: Mapping[str, Any]) -> tuple[str, ...]:
    feed = _names(content, "feed") or (DEFAULT_FEED,)
    return _names(content, "feeds") or (feed if len(feed) == 1 else ())


def _feed(path: Path, name: str) -> str:
    """Paths are relative to the file that names them."""
    return name if name.startswith("synth:") else str(path.parent / name)


def _build(content: Mapping[str, Any]) -> str | None:
    build = content.get("build", "")
    if not isinstance(build, str):
        raise ValueError(f"build: must be a command, was {build!r}")
    return build.strip() or None


def _names(content: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """A text, or a list of them."""
    entry = content.get(key, [])
    names = [entry] if isinstance(entry, str) else entry
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"{key}: must be a text or a list of texts, was {entry!r}")
    if key in ("artifact", "sources") and any(PurePosixPath(name).is_absolute() for name in names):
        raise ValueError(f"{key}: must lie in the repository, was {entry!r}")
    return tuple(names)


def _environment(content: Mapping[str, Any]) -> dict[str, str]:
    table = content.get("environment", {})
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise ValueError(f"environment: must be a table of texts, was {table!r}")
    return dict(table)
