"""One commit's worker process, as the session that drives it sees it."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lobench.workbench.commits.sources import BrokenError, Source
from lobench.workbench.processes.last_words import talking
from lobench.workbench.processes.starting import Started, ending, helper

WORKER = Path(__file__).with_name("worker.py")

_LAST_LINES = 8
"""Of a process that failed: its last words say why."""


def started(source: Source, script: Path, *words: str, variables: Mapping[str, str] | None = None) -> Started:
    """A process that runs one of the files that stand alone, with a source's code and environment and no other."""
    made = helper(
        str(script), *words, python=source.python, root=source.root, packages=source.packages, texts=source.texts
    )
    return Started(args=made["args"], env={**source.variables(), **(variables or {})})


def last_words(text: str) -> str:
    """The end of a failed process's output."""
    return "\n".join(text.strip().splitlines()[-_LAST_LINES:])


class Participant:
    """A running worker. Requests that fail raise BrokenError with the process's last words."""

    def __init__(self, source: Source, variables: Mapping[str, str] | None = None) -> None:
        self.source = source
        self._process, self._complaints = talking(**started(source, WORKER, "serve", variables=variables))

    def send(self, do: str, **details: Any) -> None:
        """Send a request; ``receive`` gives its answer. Sending to several first lets them work side by side."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **details}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._broken() from None

    def receive(self) -> Any:
        """The answer to the oldest open request."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            raise self._broken()
        return json.loads(line)

    def ask(self, do: str, **details: Any) -> Any:
        """Send and receive."""
        self.send(do, **details)
        return self.receive()

    def close(self) -> None:
        """End the process; safe to call twice."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None and not stream.closed:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._complaints.close()

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self.close()

    def fileno(self) -> int:
        """The descriptor that answers come from, for a selector."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def ended(self) -> tuple[int, str]:
        """The exit code and last words of a process that no longer answers."""
        try:
            # Wait for the process's own end first: its exit code says whose fault it was.
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        return code, last_words(self._complaints.text())

    def _broken(self) -> BrokenError:
        code, said = self.ended()
        problem = f"{self.source.label}: its process {ending(code, said)}"
        return BrokenError(f"{problem}:\n{said}" if said else problem, self.source.key, own=code > 0)
