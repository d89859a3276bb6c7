"""What of a commit is measured: its ``engine`` and ``variants``, laid out in a folder of their own.

The folder is named by the content, not by the commit: commits that share their engine share the folder, and with it
the kernels that Numba caches by path. Nothing is checked out in the repository.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lobench.engine.cache import base_folder
from lobench.engine.errors import LobenchError
from lobench.workbench.commits.environments import python_for
from lobench.workbench.commits.repository import Commit, Repository
from lobench.workbench.processes.claimed_folders import scratch_folder

MEASURED = ("engine", "variants")
"""Folders that are measured; all else of a commit can't change what a replay costs."""

PACKAGE = "lobench"
"""That they are imported under; at the top in commits without a package of that name."""

_DECLARED = ("pyproject.toml", "constraints.txt")
_KEPT = 64
"""Sources that stay in the cache; the longest unused go first."""


class BrokenError(LobenchError):
    """A commit that cannot be measured: it lacks what is measured, does not install, import or compile.

    ``key`` is its source's, where it has one. ``own``: its own code failed, and would anywhere; otherwise this machine
    may be at fault.
    """

    def __init__(self, problem: str, key: str | None = None, *, own: bool = False) -> None:
        super().__init__(problem)
        self.key = key
        self.own = own


@dataclass(frozen=True)
class Source:
    """Code that can be measured. ``label`` names it to people; ``commit`` is None for a working tree's own state.

    Two sources are the same to the laboratory if their ``key`` is: same files, same environment.
    """

    label: str
    commit: Commit | None
    key: str
    tree: Path
    kernels: Path
    python: str

    @property
    def packages(self) -> tuple[str, ...]:
        """What is imported from ``tree``."""
        return (PACKAGE,) if (self.tree / PACKAGE).is_dir() else MEASURED

    @property
    def folder(self) -> Path:
        """The folder in ``tree`` that holds the measured ones."""
        return self.tree / PACKAGE if (self.tree / PACKAGE).is_dir() else self.tree

    def variables(self) -> dict[str, str]:
        """Environment of a process that runs this code and no other."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("NUMBA_", "PYTHON")) or name == "PYTHONWARNINGS"
        }
        tree = {"PYTHONPATH": str(self.tree), "LOBENCH_TREE": str(self.tree)}
        return {**kept, **tree, "LOBENCH_CACHE_DIR": str(self.kernels), "PYTHONHASHSEED": "0"}


def cache_folder() -> Path:
    """Where sources, environments and feeds are kept between commands."""
    return base_folder() / "commits"


def of_commit(repository: Repository, commit: Commit) -> Source:
    """A commit's source, laid out and with its environment. Raises BrokenError."""
    ids = [repository.object_id(commit, path) for path in MEASURED]
    for path, found in zip(MEASURED, ids, strict=True):
        if found is None:
            raise BrokenError(f"{commit}: it has no {path}/ folder")
    packaged = repository.text(commit, f"{PACKAGE}/__init__.py") is not None
    content = _digest("".join([PACKAGE * packaged, *filter(None, ids)]).encode())
    tree = cache_folder() / "trees" / content
    if not tree.is_dir():
        _lay_out(tree, packaged, lambda folder: _unpack(repository.archive(commit, list(MEASURED)), folder))
    declared = [repository.text(commit, path) for path in _DECLARED]
    return _source(str(commit), commit, content, tree, declared)


def of_working_tree(repository: Repository) -> Source:
    """The files as they lie in the working tree, committed or not. Raises BrokenError."""
    files = []
    for path in MEASURED:
        found = sorted((repository.root / path).rglob("*.py")) + sorted((repository.root / path).rglob("*.toml"))
        if not found:
            raise BrokenError(f"{repository.root}: it has no {path}/ folder")
        files += found
    packaged = (repository.root / PACKAGE / "__init__.py").is_file()
    parts = [str(file.relative_to(repository.root)).encode() + b"\0" + file.read_bytes() for file in files]
    content = _digest(b"\0".join([PACKAGE.encode() * packaged, *parts]))
    tree = cache_folder() / "trees" / content

    def copy(folder: Path) -> None:
        for file in files:
            target = folder / file.relative_to(repository.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)

    if not tree.is_dir():
        _lay_out(tree, packaged, copy)
    paths = [repository.root / name for name in _DECLARED]
    return _source(
        "the working tree", None, content, tree, [p.read_text(encoding="utf-8") if p.is_file() else None for p in paths]
    )


def _source(label: str, commit: Commit | None, content: str, tree: Path, declared: list[str | None]) -> Source:
    try:
        environment = python_for(declared[0], declared[1], cache_folder() / "environments")
    except LobenchError as error:
        raise BrokenError(f"{label}: {error}") from error
    kernels = cache_folder() / "kernels" / f"{content}-{environment.key}"
    kernels.mkdir(parents=True, exist_ok=True)
    for folder in (tree, kernels):
        os.utime(folder)
        _prune(folder)
    return Source(label, commit, f"{content}-{environment.key}", tree, kernels, environment.python)


def _lay_out(tree: Path, packaged: bool, fill: Callable[[Path], None]) -> None:
    """Make a folder whole or not at all, also when several processes make it.

    ``packaged``: under an empty package, so that an edit of the public interface measures nothing anew.
    """
    tree.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(tree.parent, ".making-") as made:
        whole = Path(made) / "tree"
        filled = whole / PACKAGE if packaged else whole
        filled.mkdir(parents=True)
        fill(filled)
        if packaged:
            (filled / "__init__.py").touch()
        try:
            whole.rename(tree)
        except OSError:
            if not tree.is_dir():
                raise


def _unpack(archive: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        # Python before 3.11.4 has no filters.
        if hasattr(tarfile, "data_filter"):
            tar.extraction_filter = tarfile.data_filter
        tar.extractall(folder)


def _prune(newest: Path) -> None:
    others = [path for path in newest.parent.iterdir() if path != newest and not path.name.startswith(".")]
    for path in sorted(others, key=lambda path: path.stat().st_mtime)[: -_KEPT or None]:
        shutil.rmtree(path, ignore_errors=True)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=10).hexdigest()
