"""Compiling what a session of commits will need, in parallel processes, with progress."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from workbench.commits.participant import command, last_words
from workbench.commits.sources import Source
from workbench.commits.worker import LACKING
from workbench.console import progress


@dataclass(frozen=True)
class Build:
    """One kernel to compile: a variant of a source, ``timed`` or ``counted``, with these variables set."""

    source: Source
    variant: str
    build: str
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def mark(self) -> Path:
        """A file that says that this was compiled. A wrong one costs time, never a result."""
        pins = "".join(f"-{value.replace('/', '_')[:24]}" for _, value in self.variables)
        return self.source.kernels / f"compiled-{self.build}-{self.variant.replace('/', '_')}{pins}"


def pinned(variables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Variables in the form that a Build takes."""
    return tuple(sorted(variables.items()))


def build_all(builds: Sequence[Build], label: str = "compiling kernels") -> dict[str, str]:
    """Compile in as many processes as there are processors. Returns source key to reason for those that fail.

    A variant or build that a commit does not have is none of them. After a source's first failure, what else it
    needs is left out.
    """
    waiting = [build for build in dict.fromkeys(builds) if not build.mark.exists()]
    failed: dict[str, str] = {}
    running: dict[subprocess.Popen[str], tuple[Build, IO[str]]] = {}
    lanes = len(os.sched_getaffinity(0))
    try:
        with progress(label, len(waiting)) as ticker:
            while waiting or running:
                while waiting and len(running) < lanes:
                    build = waiting.pop(0)
                    if build.source.key in failed:
                        ticker.advance()
                    else:
                        # A compiler can say more than a pipe holds.
                        heard: IO[str] = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
                        running[_start(build, heard)] = (build, heard)
                time.sleep(0.02)
                for process in [process for process in running if process.poll() is not None]:
                    build, said = running.pop(process)
                    if process.returncode in (0, LACKING):
                        build.mark.touch()
                    else:
                        said.seek(0)
                        reason = f"the {build.build} kernel does not compile:\n{last_words(said.read())}"
                        failed.setdefault(build.source.key, f"{build.source.label}: {build.variant}: {reason}")
                    said.close()
                    ticker.advance()
    finally:
        for process, (_, said) in running.items():
            process.kill()
            process.wait()
            said.close()
    return failed


def _start(build: Build, said: IO[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(build.source, "compile", build.build, build.variant),
        stdout=subprocess.DEVNULL,
        stderr=said,
        text=True,
        env={**build.source.variables(), **dict(build.variables)},
    )
