"""Questions to git, independent of the hooks, settings and folders that lobench is run from. Nothing in a repository is
changed.

Every question goes through ``ask``: a hook of another repository must not answer for this one, and a user's settings
must not change the form of an answer.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lobench.engine.errors import LobenchError

_KEPT = frozenset(
    {
        # The location of git's own programs and settings, the limits of its search for a repository, and its access
        # to remotes, from which a partial clone fetches missing objects.
        *("GIT_EXEC_PATH", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_ATTR_NOSYSTEM"),
        *("GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"),
        *("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_TERMINAL_PROMPT", "GIT_PROXY_COMMAND"),
    }
)
"""Variables of git that are kept. All others belong to one repository or one command (``GIT_DIR``, ``GIT_INDEX_FILE``,
``GIT_CONFIG_PARAMETERS``, ...), as git sets them for its hooks, or change its output."""

_SETTINGS = {
    "log.showSignature": "false",
    "i18n.logOutputEncoding": "UTF-8",
    "core.quotePath": "false",
    "color.ui": "false",
}
"""Settings that would change the form of an answer."""


@dataclass(frozen=True)
class Answer:
    """Git's output, as bytes, and its exit code."""

    code: int
    out: bytes
    err: bytes

    @property
    def ok(self) -> bool:
        """Whether git succeeded."""
        return self.code == 0

    @property
    def text(self) -> str:
        """The output as UTF-8; invalid bytes are replaced."""
        return self.out.decode(errors="replace")

    @property
    def complaint(self) -> str:
        """Why git refused, in its own words, on one line."""
        words = " ".join(self.err.decode(errors="replace").split())
        _, fatal, rest = words.rpartition("fatal: ")
        return (rest if fatal else words) or f"git ended with code {self.code}"


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment in which git answers for the folder that it is asked about, in plain English.

    ``variables`` are those to start from, this process's own by default.
    """
    given = os.environ if variables is None else variables
    kept = {name: value for name, value in given.items() if not name.startswith("GIT_") or name in _KEPT}
    # Without optional locks, reading leaves the checkout untouched.
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def ask(folder: Path, *words: str, timeout: float | None = None) -> Answer:
    """Run one git command in a folder. Raises LobenchError where git is not installed, TimeoutExpired."""
    settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    command = ["git", "--no-pager", *settings, "-C", str(folder), *words]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, env=environment()
        )
    except FileNotFoundError:
        raise LobenchError("git is not installed; commits are measured from a git repository") from None
    return Answer(done.returncode, done.stdout, done.stderr)
