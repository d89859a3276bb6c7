"""The files of a commit, or of the working tree, laid out in a folder as a checkout has them: with its submodules, its
links, and a ``.git`` that builds can ask which commit they are of. The repository itself is left as it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from lobench.engine.errors import LobenchError
from lobench.workbench import git
from lobench.workbench.commits.repository import Commit, Repository

_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false", "-c", "protocol.file.allow=always")
"""No hook of a user's runs, and submodules that were fetched before come from their own folder."""

GIT = ".git"


def lay_out(repository: Repository, one: Commit | None, folder: Path) -> None:
    """Fill a new folder with a commit, or with the working tree's files. Raises LobenchError where git refuses."""
    folder.mkdir()
    commit = one or repository.commit("HEAD")
    _begin(repository.root, folder, commit.hash)
    if one is None:
        _copy(repository.root, folder)
        return
    _asked(folder, "checkout", "-q", "--force", "--detach", commit.hash)
    if (folder / ".gitmodules").is_file():
        _submodules(repository.root, folder)


def files_of(folder: Path) -> Iterator[Path]:
    """The files and links in a folder that are no git's."""
    for path in sorted(folder.rglob("*")):
        if GIT not in path.relative_to(folder).parts and (path.is_symlink() or path.is_file()):
            yield path


def content(path: Path) -> bytes:
    """Of a file, or where a link leads."""
    return os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()


def _begin(root: Path, folder: Path, commit: str) -> None:
    """A repository of its own that borrows the objects of another."""
    form = git.ask(root, "rev-parse", "--show-object-format").text.strip()
    _asked(folder, "init", "-q", "--template=", *([f"--object-format={form}"] if form == "sha256" else []))
    objects, shallow = (_place(root, name) for name in ("objects", "shallow"))
    information = folder / GIT / "objects" / "info"
    information.mkdir(parents=True, exist_ok=True)
    (information / "alternates").write_text(f"{objects}\n", encoding="utf-8", errors="surrogateescape")
    if shallow.is_file():
        shutil.copyfile(shallow, folder / GIT / "shallow")
    tags = git.ask(root, "for-each-ref", "--format=%(objectname) %(refname)", "refs/tags")
    (folder / GIT / "packed-refs").write_bytes(tags.out)
    # Relative addresses of submodules start at the repository's; a partial clone fetches missing objects from there.
    origin = git.ask(root, "config", "remote.origin.url")
    if origin.ok:
        _asked(folder, "config", "remote.origin.url", origin.text.strip())
        if git.ask(root, "config", "--bool", "remote.origin.promisor").text.strip() == "true":
            _asked(folder, "config", "core.repositoryFormatVersion", "1")
            _asked(folder, "config", "extensions.partialClone", "origin")
            _asked(folder, "config", "remote.origin.promisor", "true")
    _asked(folder, "update-ref", "--no-deref", "HEAD", commit)


def _submodules(root: Path, folder: Path) -> None:
    named = git.ask(
        folder, "config", "-z", "-f", ".gitmodules", "--name-only", "--get-regexp", r"^submodule\..*\.path$"
    )
    for key in filter(None, named.text.split("\0")):
        name = key.removeprefix("submodule.").removesuffix(".path")
        fetched = _place(root, f"modules/{name}")
        if fetched.is_dir():
            _asked(folder, "config", f"submodule.{name}.url", str(fetched))
    _asked(folder, "submodule", "--quiet", "update", "--init", "--recursive")


def _copy(source: Path, folder: Path) -> None:
    """The files of a working tree without ignored ones, and those of its submodules."""
    for name in Repository(source).files():
        path, target = source / name, folder / name
        if path.is_symlink() or path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target, follow_symlinks=False)
        elif (path / GIT).exists():
            _copy(path, target)


def _place(root: Path, name: str) -> Path:
    """A path in a repository's folder of git's."""
    answer = git.ask(root, "rev-parse", "--git-path", name)
    return (root / os.fsdecode(answer.out.removesuffix(b"\n"))).resolve()


def _asked(folder: Path, *words: str) -> None:
    answer = git.ask(folder, *_QUIET, *words)
    if not answer.ok:
        raise LobenchError(f"git says: {answer.complaint}")
