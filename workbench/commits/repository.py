"""Queries of git: commits by name, ranges, contents of commits. The repository is never changed."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench import git

_FORM = "--format=%H%x00%ct%x00%s"
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class Commit:
    """One commit. ``time`` is its committer's, in seconds since the epoch."""

    hash: str
    time: int
    subject: str

    @property
    def short(self) -> str:
        """Eight characters, as asv shows them."""
        return self.hash[:8]

    def __str__(self) -> str:
        return f"{self.short} ({self.subject})"


def label(commit: Commit | None) -> str:
    """The label of a commit, or of the working tree for None."""
    return "the working tree" if commit is None else str(commit)


class Repository:
    """The git repository that holds ``folder``. Raises UsageError if there is none, or if git refuses it."""

    def __init__(self, folder: Path | str = ".") -> None:
        self._folder = Path(folder)
        answer = git.ask(self._folder, "rev-parse", "--show-toplevel")
        if not answer.ok:
            where = self._folder.resolve()
            if answer.complaint.startswith("not a git repository"):
                raise UsageError(f"{where}: not in a git repository; commits are measured from one")
            raise UsageError(f"{where}: git says: {answer.complaint}")
        self.root = Path(os.fsdecode(answer.out.removesuffix(b"\n")))
        self._folder = self.root

    def commit(self, revision: str) -> Commit:
        """The commit that a revision names, as git resolves it. Raises UsageError if it names none, or several."""
        # Two steps, because a search for text (":/fix") would take the peeling for part of the text.
        found = self._object(revision)
        name = found and self._object(f"{found}^{{commit}}")
        if name is None:
            if span(revision) is not None:
                raise UsageError(f"'{revision}' is a range; name one commit here")
            if revision.startswith(("HEAD", "@")) and self._object("HEAD") is None:
                raise UsageError(f"{self.root}: HEAD has no commit yet; commit the files first")
            # git accepts any full hash, whether or not such an object exists.
            if found is not None and self._object(f"{found}^{{object}}") is not None:
                raise UsageError(f"something other than a commit is named '{revision}' in {self.root}")
            raise UsageError(f"no commit named '{revision}' in {self.root}{self._perhaps_lacking()}")
        (commit,) = self._log("-1", name)
        return commit

    def pair(self, text: str) -> tuple[str, str] | None:
        """The hashes that ``A..B`` compares, (A, B), or ``A...B``, (where both parted, B); as for git, an omitted side
        is HEAD. None if it is not a range. Raises UsageError for a range whose sides are not commits."""
        parts = None if self._object(text) is not None else span(text)
        if parts is None:
            return None
        first, dots, last = parts
        base, head = self.commit(first or "HEAD"), self.commit(last or "HEAD")
        if dots == "..":
            return base.hash, head.hash
        parted = git.ask(self._folder, "merge-base", base.hash, head.hash)
        if not parted.ok:
            raise UsageError(f"'{text}': they have no commit in common{self._perhaps_lacking()}")
        return parted.text.split()[0], head.hash

    def commits(self, text: str) -> list[Commit]:
        """Commits of ``REV..REV``, oldest first, along first parents; the first REV is among them.

        Raises UsageError for anything else, and for a range that is empty.
        """
        first, dots, last = span(text) or ("", "", "")
        if dots != ".." or not first or not last:
            raise UsageError(f"a range is REV..REV, was '{text}'")
        begin, end = self.commit(first), self.commit(last)
        found = [begin, *self._log("--first-parent", "--reverse", f"{begin.hash}..{end.hash}")]
        if found[-1].hash != end.hash:
            raise UsageError(f"{first} is not an ancestor of {last} along first parents")
        return found

    def parent(self, commit: Commit) -> Commit | None:
        """The first parent; None at the root."""
        name = self._object(f"{commit.hash}^1")
        return self.commit(name) if name else None

    def order(self) -> list[str]:
        """Hashes of HEAD's history along first parents, oldest first."""
        answer = git.ask(self._folder, "rev-list", "--first-parent", "--reverse", "HEAD", "--")
        return answer.text.split() if answer.ok else []

    def object_id(self, commit: Commit, path: str) -> str | None:
        """Git's id of a file's or folder's content in a commit; None if the commit has no such path."""
        return self._object(f"{commit.hash}:{path}")

    def names(self, commit: Commit, path: str) -> list[str]:
        """The entries of a folder in a commit, with relative names; nothing if the commit has no such folder."""
        answer = git.ask(self._folder, "ls-tree", "-z", "--name-only", f"{commit.hash}:{path}")
        return [os.fsdecode(name) for name in answer.out.split(b"\0") if name] if answer.ok else []

    def text(self, commit: Commit, path: str) -> str | None:
        """A file's text in a commit; None if it does not exist."""
        answer = git.ask(self._folder, "cat-file", "blob", f"{commit.hash}:{path}")
        return answer.text if answer.ok else None

    def listing(self, commit: Commit, paths: Sequence[str]) -> bytes:
        """Names and ids of the files in these folders, and of these files, as the commit has them."""
        return git.ask(self._folder, "ls-tree", "-r", "-z", commit.hash, "--", *paths).out

    def files(self) -> list[str]:
        """The files of the working tree by name, without ignored ones."""
        answer = git.ask(self._folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        return [os.fsdecode(name) for name in answer.out.split(b"\0") if name]

    def changed(self, before: Commit, after: Commit | None) -> list[str]:
        """The files that differ between two commits, or a commit and the working tree."""
        ends = [before.hash, *([] if after is None else [after.hash])]
        answer = git.ask(self._folder, "diff", "--name-only", "--no-renames", "-z", *ends, "--")
        return [os.fsdecode(name) for name in answer.out.split(b"\0") if name] if answer.ok else []

    def archive(self, commit: Commit, paths: list[str]) -> bytes:
        """A tar file of these paths as the commit has them."""
        answer = git.ask(self._folder, "archive", "--format=tar", commit.hash, "--", *paths)
        if not answer.ok:
            raise LobenchError(f"{commit.short}: git says: {answer.complaint}")
        return answer.out

    def _perhaps_lacking(self) -> str:
        """A hint about a missing commit; "" unless the clone is shallow."""
        shallow = git.ask(self._folder, "rev-parse", "--is-shallow-repository").text.strip() == "true"
        return "; this clone is shallow and may lack it (git fetch --unshallow)" if shallow else ""

    def _object(self, expression: str) -> str | None:
        """The hash of the one object that an expression names; None if it names none, or several."""
        answer = git.ask(self._folder, "rev-parse", "--verify", "--quiet", "--end-of-options", expression)
        name = answer.text.strip()
        return name if answer.ok and _HASH.fullmatch(name) else None

    def _log(self, *words: str) -> list[Commit]:
        """Commits in git's order. Fields end with NUL, which no subject holds; anything else may be in one."""
        answer = git.ask(self._folder, "log", "-z", _FORM, *words, "--")
        if not answer.ok:
            raise LobenchError(f"{self.root}: git says: {answer.complaint}")
        fields = answer.text.split("\0")[:-1]
        return [
            Commit(name, int(time), subject)
            for name, time, subject in zip(fields[::3], fields[1::3], fields[2::3], strict=True)
        ]


def span(text: str) -> tuple[str, str, str] | None:
    """A range in parts: before the dots, the dots, after them; None if it is not a range."""
    first, dots, last = text.partition("..")
    if not dots or not (first or last.strip(".")):
        return None
    return (first, "...", last[1:]) if last.startswith(".") else (first, "..", last)
