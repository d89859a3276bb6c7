"""What is asked of git: commits by name, ranges, and what a commit holds. Nothing in the repository is changed."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from engine.errors import LobenchError, UsageError


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


class Repository:
    """The git repository that holds ``folder``. Raises UsageError where there is none."""

    def __init__(self, folder: Path | str = ".") -> None:
        self._folder = Path(folder)
        top = self._ask("rev-parse", "--show-toplevel")
        if top is None:
            raise UsageError(f"{self._folder.resolve()}: not in a git repository; commits are measured from one")
        self.root = Path(top.strip())
        self._folder = self.root

    def commit(self, revision: str) -> Commit:
        """The commit that a revision names. Raises UsageError if there is none."""
        form = "--format=%H%x00%ct%x00%s"
        answer = self._ask("log", "-1", form, "--end-of-options", f"{revision}^{{commit}}", "--")
        if not answer:
            raise UsageError(f"no commit named '{revision}' in {self.root}; a shallow clone may lack it (git fetch)")
        return _commit(answer.rstrip("\n"))

    def commits(self, span: str) -> list[Commit]:
        """Commits of ``REV..REV``, oldest first, along first parents; the first REV is among them.

        Raises UsageError for anything else, and for a range that is empty.
        """
        first, dots, last = span.partition("..")
        if not dots or not first or not last or last.startswith("."):
            raise UsageError(f"a range is REV..REV, was '{span}'")
        begin, end = self.commit(first), self.commit(last)
        form = "--format=%H%x00%ct%x00%s"
        answer = self._ask("log", "--first-parent", "--reverse", form, f"{begin.hash}..{end.hash}", "--") or ""
        found = [begin, *(_commit(line) for line in answer.splitlines())]
        if found[-1].hash != end.hash:
            raise UsageError(f"{first} is not an ancestor of {last} along first parents")
        return found

    def parent(self, commit: Commit) -> Commit | None:
        """The first parent; None at the root."""
        answer = self._ask("rev-parse", "--verify", "--quiet", f"{commit.hash}^1")
        return self.commit(answer.strip()) if answer else None

    def order(self) -> list[str]:
        """Hashes of HEAD's history along first parents, oldest first."""
        return (self._ask("log", "--first-parent", "--reverse", "--format=%H", "HEAD", "--") or "").split()

    def object_id(self, commit: Commit, path: str) -> str | None:
        """Git's id of a file's or folder's content in a commit; None if the commit has no such path."""
        answer = self._ask("rev-parse", "--verify", "--quiet", f"{commit.hash}:{path}")
        return answer.strip() if answer else None

    def text(self, commit: Commit, path: str) -> str | None:
        """A file's text in a commit; None if it has none."""
        return self._ask("show", f"{commit.hash}:{path}")

    def archive(self, commit: Commit, paths: list[str]) -> bytes:
        """A tar file of these paths as the commit has them."""
        command = ["git", "-C", str(self._folder), "archive", "--format=tar", commit.hash, "--", *paths]
        done = subprocess.run(command, capture_output=True, env=_environment())
        if done.returncode:
            raise LobenchError(f"{commit.short}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def _ask(self, *words: str) -> str | None:
        command = ["git", "-C", str(self._folder), *words]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", env=_environment(), encoding="utf-8"
            )
        except FileNotFoundError:
            raise LobenchError("git is not installed; commits are measured from a git repository") from None
        return done.stdout if done.returncode == 0 else None


def _commit(line: str) -> Commit:
    name, time, subject = line.split("\0", 2)
    return Commit(name, int(time), subject)


def _environment() -> dict[str, str]:
    # Without optional locks, looking leaves the checkout untouched.
    return {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
