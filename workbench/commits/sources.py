"""The measured part of a commit, laid out in a folder of its own: of lobench's repository ``engine`` and ``variants``,
of another one the builds of ``projects``.

The folder is named by the code, not by the commit: commits with the same code share the folder, and with it the kernels
that are cached by path. Nothing is checked out in the repository.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from lobench.engine.cache import base_folder
from lobench.engine.errors import LobenchError
from lobench.workbench import PACKAGES, ROOT
from lobench.workbench.atomic_write import write_whole
from lobench.workbench.commits.code_text import PACKAGE, digest_of
from lobench.workbench.commits.environments import python_for
from lobench.workbench.commits.repository import Commit, Repository, label
from lobench.workbench.commits.shared_kernels import drop_texts, keep_texts, shares
from lobench.workbench.processes.claimed_folders import scratch_folder

MEASURED = ("engine", "variants")
"""Folders that are measured; the rest of a commit cannot change the cost of a replay."""

_DECLARED = ("pyproject.toml", "constraints.txt")
_KEPT = 64
"""Sources that stay in the cache; the longest unused go first."""
_KEPT_BUILT = 512
"""The same for builds of other repositories: their files and a library or two."""
_BYTES_BUILT = 4 << 30
"""All of these together take no more, but for the last ``_KEPT_ANYWAY``, which a session may be measuring."""
_KEPT_ANYWAY = 32
_SIZE = ".size"


class BrokenError(LobenchError):
    """A commit that cannot be measured: something is missing, or it does not install, build, import or compile.

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

    Two sources are the same to the laboratory if their ``key`` is: same code, same environment. ``kernels``: the folder
    of what is made of it. ``shared``: the cache that holds its kernels with those of other commits; None where it has
    one of its own, ``kernels`` (``shared_kernels``). ``engines``: of another repository than lobench's, each engine's
    name and file. ``repository``: the folder that it is of; what lies in ``tree`` may have other comments.
    """

    label: str
    commit: Commit | None
    key: str
    tree: Path
    kernels: Path
    python: str
    engines: tuple[tuple[str, str], ...] = ()
    made_with: str = ""
    """Digest of the recipe and the tools that made ``engines``: counts of other ones say nothing of the code."""
    repository: Path | None = None
    shared: Path | None = None

    @property
    def root(self) -> Path:
        """The folder whose ``packages`` its processes import."""
        return ROOT if self.engines else self.tree

    @property
    def packages(self) -> tuple[str, ...]:
        """The code imported from ``root``."""
        if self.engines:
            return PACKAGES
        return (PACKAGE,) if (self.tree / PACKAGE).is_dir() else MEASURED

    @property
    def folder(self) -> Path:
        """The folder in ``tree`` that holds the measured ones."""
        return self.tree / PACKAGE if (self.tree / PACKAGE).is_dir() else self.tree

    @property
    def texts(self) -> Path | None:
        """The folder of files by their content, from which its modules are loaded; None for one that shares nothing."""
        return None if self.shared is None else cache_folder() / "texts"

    def variables(self) -> dict[str, str]:
        """Environment of a process that runs this code and no other."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("NUMBA_", "PYTHON")) or name == "PYTHONWARNINGS"
        }
        own = {} if self.engines else {"PYTHONPATH": str(self.tree), "LOBENCH_TREE": str(self.tree)}
        cache = {} if self.engines else {"LOBENCH_CACHE_DIR": str(self.shared or self.kernels)}
        if self.shared is not None:
            # What Numba itself keeps, it knows by its file alone.
            cache["NUMBA_CACHE_DIR"] = str(self.kernels / "numba")
        return {**kept, **own, **cache, "PYTHONHASHSEED": "0"}


def cache_folder() -> Path:
    """Where sources, environments and feeds are kept between commands."""
    return base_folder() / "commits"


def of_commit(repository: Repository, commit: Commit) -> Source:
    """A commit's source, laid out and with its environment. Raises BrokenError."""
    ids = [repository.object_id(commit, path) for path in MEASURED]
    for path, found in zip(MEASURED, ids, strict=True):
        if found is None:
            raise BrokenError(f"{commit}: it has no {path}/ folder", own=True)
    packaged = repository.text(commit, f"{PACKAGE}/__init__.py") is not None
    content = digest("".join([PACKAGE * packaged, *filter(None, ids)]).encode())
    tree = laid_out(content, packaged, lambda folder: unpack(repository.archive(commit, list(MEASURED)), folder))
    declared = [repository.text(commit, path) for path in _DECLARED]
    return _source(repository, commit, tree, declared)


def of_working_tree(repository: Repository) -> Source:
    """The files as they lie in the working tree, committed or not. Raises BrokenError."""
    files = []
    for path in MEASURED:
        found = sorted((repository.root / path).rglob("*.py")) + sorted((repository.root / path).rglob("*.toml"))
        if not found:
            raise BrokenError(f"{repository.root}: it has no {path}/ folder", own=True)
        files += found
    packaged = (repository.root / PACKAGE / "__init__.py").is_file()

    def copy(folder: Path) -> None:
        for file in files:
            target = folder / file.relative_to(repository.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)

    paths = [repository.root / name for name in _DECLARED]
    declared = [path.read_text(encoding="utf-8") if path.is_file() else None for path in paths]
    return _source(repository, None, laid_out(None, packaged, copy), declared)


def _source(repository: Repository, commit: Commit | None, tree: Path, declared: list[str | None]) -> Source:
    try:
        environment = python_for(declared[0], declared[1], cache_folder() / "environments")
    except LobenchError as error:
        raise BrokenError(f"{label(commit)}: {error}") from error
    key = f"{tree.name}-{environment.key}"
    made = Source(
        label(commit), commit, key, tree, kept_folder("kernels", key), environment.python, repository=repository.root
    )
    if shares(made.folder / "engine"):
        made = replace(made, shared=cache_folder() / "shared")
        keep_texts(tree, cache_folder() / "texts")
    return made


def kept_folder(kind: str, name: str) -> Path:
    """A folder of the cache, made if need be; of its kind, those that were used last stay."""
    folder = cache_folder() / kind / name
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    _prune(folder)
    return folder


def laid_out(content: str | None, packaged: bool, fill: Callable[[Path], None]) -> Path:
    """A folder of the cache that ``fill`` fills, named by the code in it: the one of the first commit with this code.

    ``content``: git's ids of the files, by which they are recognized without being read again. ``packaged``: the files
    go under an empty package, so that an edit of the public interface measures nothing anew. Complete or absent, even
    if several processes make it.
    """
    trees, known = cache_folder() / "trees", cache_folder() / "contents" / (content or "none")
    trees.mkdir(parents=True, exist_ok=True)
    try:
        name = known.read_text(encoding="utf-8")
        if name and (trees / name).is_dir():
            return kept_folder("trees", name)
    except OSError:
        pass
    with scratch_folder(trees, ".making-") as made:
        whole = Path(made) / "tree"
        filled = whole / PACKAGE if packaged else whole
        filled.mkdir(parents=True)
        fill(filled)
        if packaged:
            (filled / "__init__.py").touch()
        files = [path for path in whole.rglob("*") if path.is_file()]
        tree = trees / digest_of((str(path.relative_to(whole)), path.read_bytes()) for path in files)
        try:
            whole.rename(tree)
        except OSError:
            if not tree.is_dir():
                raise
    if content is not None:
        write_whole(known, tree.name, "LOBENCH_CACHE_DIR names another cache", folders=True)
    return kept_folder("trees", tree.name)


def unpack(archive: bytes, folder: Path) -> None:
    """The files of a tar archive."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        # Python before 3.11.4 has no filters.
        if hasattr(tarfile, "data_filter"):
            tar.extraction_filter = tarfile.data_filter
        tar.extractall(folder)


def size_noted(folder: Path) -> None:
    """Record the size of a folder, so that it need not be walked again."""
    size = sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
    (folder / _SIZE).write_text(str(size), encoding="utf-8")


def _prune(newest: Path) -> None:
    built = newest.parent.name == "built"
    others = [path for path in newest.parent.iterdir() if path != newest and not path.name.startswith(".")]
    taken = 0
    for place, path in enumerate(sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)):
        taken += _noted(path) if built else 0
        if place >= (_KEPT_BUILT if built else _KEPT) or (taken > _BYTES_BUILT and place >= _KEPT_ANYWAY):
            shutil.rmtree(path, ignore_errors=True)
    if newest.parent.name == "trees" and len(others) >= _KEPT:
        drop_texts(cache_folder() / "texts")


def _noted(folder: Path) -> int:
    try:
        return int((folder / _SIZE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0


def digest(content: bytes) -> str:
    """Twenty hex digits."""
    return hashlib.blake2b(content, digest_size=10).hexdigest()
