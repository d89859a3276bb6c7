"""Compiles the kernels of a session of commits in parallel processes, with progress."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lobench.workbench.commits.participant import WORKER, last_words, started
from lobench.workbench.commits.sources import BrokenError, Source
from lobench.workbench.commits.worker import LACKING
from lobench.workbench.console import progress
from lobench.workbench.processes.starting import ending, side_by_side


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


def build_all(builds: Sequence[Build], label: str = "compiling kernels") -> dict[str, BrokenError]:
    """Compile in as many processes as there are processors. Returns source key to reason for those that fail.

    A variant or build that a commit does not have is no failure. After a source's first failure, its remaining builds
    are left out.
    """
    waiting = [build for build in dict.fromkeys(builds) if not build.mark.exists()]
    failed: dict[str, BrokenError] = {}
    with progress(label, len(waiting)) as ticker:

        def wanted() -> Iterator[Build]:
            for build in waiting:
                if build.source.key in failed:
                    ticker.advance()
                else:
                    yield build

        with closing(side_by_side(wanted(), _start)) as ended:
            for build, code, said in ended:
                if code in (0, LACKING):
                    build.mark.touch()
                else:
                    words = last_words(said) if code > 0 else f"its process {ending(code)}"
                    problem = (
                        f"{build.source.label}: {build.variant}: the {build.build} kernel does not compile:\n{words}"
                    )
                    # A negative code is a signal: the build was killed.
                    failed.setdefault(build.source.key, BrokenError(problem, build.source.key, own=code > 0))
                ticker.advance()
    return failed


def _start(build: Build, said: IO[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        **started(build.source, WORKER, "compile", build.build, build.variant, variables=dict(build.variables)),
        stdout=subprocess.DEVNULL,
        stderr=said,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
