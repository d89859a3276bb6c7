"""Compiles the kernels of a session of commits in parallel processes, with progress.

What is built for one kernel is at hand for the next: in the process that made it, and for commits that share kernels
(``shared_kernels``) in their cache. So builds that have most in common follow one another (``Chains``).
"""

from __future__ import annotations

import os
import selectors
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lobench.workbench.commits.participant import Participant
from lobench.workbench.commits.shared_kernels import oldest_kernel
from lobench.workbench.commits.sources import BrokenError, Source
from lobench.workbench.console import Ticker, progress
from lobench.workbench.processes.starting import ending

LACKING = "lacking"
"""Content of a build's mark where the source does not have it."""

Variables = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Build:
    """One kernel to compile: a variant of a source, ``timed`` or ``counted``, with these variables set; and, before it,
    what reads ``feeds``. ``kernel``: its identity, where it is known (``identities``): builds of the same are one, of
    several variants, and of several sources that share kernels."""

    source: Source
    variant: str
    build: str
    variables: Variables = ()
    kernel: str = ""
    feeds: tuple[tuple[str, ...], ...] = ()

    @property
    def same(self) -> tuple[object, ...]:
        """Equal for builds that are one kernel in one cache."""
        source = self.source
        cache = source.key if source.shared is None else (source.shared, source.python)
        own = (source.key, self.variant) if not self.kernel else (cache, self.kernel)
        return self.build, self.variables, own

    @property
    def mark(self) -> Path:
        """A file that says that this was compiled, or that the source lacks it. A wrong one costs time, never a
        result."""
        pins = "".join(f"-{value.replace('/', '_')[:24]}" for _, value in self.variables)
        return self.source.kernels / f"built-{self.build}-{self.variant.replace('/', '_')}{pins}"

    @property
    def lacking(self) -> bool:
        """Whether the source is known to lack it."""
        try:
            return self.mark.read_text(encoding="utf-8") == LACKING
        except OSError:
            return False


def pinned(variables: Mapping[str, str]) -> Variables:
    """Variables in the form that a Build takes."""
    return tuple(sorted(variables.items()))


def build_all(builds: Sequence[Build], label: str = "compiling kernels") -> dict[str, BrokenError]:
    """Compile in as many processes as there are processors. Returns source key to reason for those that fail.

    A variant or build that a commit does not have is no failure. After a source's first failure, its remaining builds
    are left out.
    """
    chains = Chains(missing_of(builds))
    with progress(label, chains.left) as ticker, selectors.DefaultSelector() as ready:
        lanes = [_Lane(chains, ready, ticker) for _ in range(min(len(os.sched_getaffinity(0)), chains.left))]
        try:
            for lane in lanes:
                lane.go_on()
            while any(lane.process for lane in lanes):
                for key, _ in ready.select():
                    key.data.hear()
        finally:
            for lane in lanes:
                lane.kill()
    return chains.failed


def missing_of(builds: Sequence[Build]) -> list[Build]:
    """Those that were not made, or may have left their cache since."""
    oldest = {shared: oldest_kernel(shared) for build in builds if (shared := build.source.shared) is not None}

    def made(build: Build) -> bool:
        try:
            # The longest unused leave first: as long as an older one is there, this one is.
            return build.mark.stat().st_mtime > (oldest[build.source.shared] if build.source.shared else 0.0)
        except FileNotFoundError:
            return False

    return [build for build in dict.fromkeys(builds) if not made(build)]


class Chains:
    """What is to be built: a list for each kind of build, from which processes take what is next to what they had.

    ``failed``: source key to reason; nothing more is built of those.
    """

    def __init__(self, builds: Sequence[Build]) -> None:
        self.failed: dict[str, BrokenError] = {}
        twins: dict[tuple[object, ...], list[Build]] = {}
        for one in builds:
            twins.setdefault(one.same, []).append(one)
        self._chains: dict[tuple[str, Variables], deque[list[Build]]] = {}
        for same in twins.values():
            self._chains.setdefault((same[0].build, same[0].variables), deque()).append(same)
        self._fronts = dict.fromkeys(self._chains, True)
        """Whether nobody works on a chain from its beginning."""

    @property
    def left(self) -> int:
        """The number of kernels that nobody has taken."""
        return sum(map(len, self._chains.values()))

    def place(self) -> Place:
        """Where a process without work goes on: at the beginning of a chain or, where all are begun, at the end of the
        longest one, which has least in common with what is built of it."""
        for chain, free in self._fronts.items():
            if free and self._chains[chain]:
                self._fronts[chain] = False
                return Place(chain)
        return Place(max(self._chains, key=lambda one: len(self._chains[one])), at_end=True)

    def take(self, place: Place) -> list[Build]:
        """The next kernel there, under all its names; none where there is none left."""
        chain = self._chains[place.chain]
        return [] if not chain else chain.pop() if place.at_end else chain.popleft()


@dataclass(frozen=True)
class Place:
    """Where a process takes its work from."""

    chain: tuple[str, Variables]
    at_end: bool = False


class _Lane:
    """One process after another, each of one source, and the kernel that it has in hand, under all its names."""

    def __init__(self, chains: Chains, ready: selectors.BaseSelector, ticker: Ticker) -> None:
        self._chains, self._ready, self._ticker = chains, ready, ticker
        self._place: Place | None = None
        self._hand: list[Build] = []
        self._fresh = True  # whether that is the process's first
        self.process: Participant | None = None

    def go_on(self) -> None:
        """Begin the next kernel; where there is none, the process ends."""
        while self._chains.left:
            found = self._chains.take(self._place) if self._place is not None else []
            whole = [build for build in found if build.source.key not in self._chains.failed]
            if not found:
                self._place = self._chains.place()
            elif not whole:
                self._ticker.advance()
            else:
                self._begin(whole)
                return
        self._end()

    def hear(self) -> None:
        """Take the answer of the process, and go on."""
        assert self.process is not None
        try:
            answer = self.process.receive()
        except BrokenError:
            code, said = self.process.ended()
            self._end()
            if not self._fresh:
                # What it compiled before may have been too much for it.
                self._begin(self._hand)
                return
            words = said if code > 0 else f"its process {ending(code)}"
            for build in self._hand:
                source = build.source
                problem = f"{source.label}: {build.variant}: the {build.build} kernel does not compile:\n{words}"
                # A negative code is a signal: somebody ended it.
                self._chains.failed.setdefault(source.key, BrokenError(problem, source.key, own=code > 0))
        else:
            for build in self._hand:
                build.mark.write_text(LACKING if "lacking" in answer else "", encoding="utf-8")
        self._ticker.advance()
        self.go_on()

    def kill(self) -> None:
        """End a process that is still at work."""
        if self.process is not None:
            self.process.kill()
            self.process = None

    def _begin(self, builds: list[Build]) -> None:
        one, had = builds[0], self._hand[:1]
        # Engines that share no kernels may make others of what they compiled before in the process.
        if had and (one.source.shared is None or (had[0].source, had[0].variables) != (one.source, one.variables)):
            self._end()
        self._hand, self._fresh = builds, self.process is None
        if self.process is None:
            self.process = Participant(one.source, dict(one.variables))
            self._ready.register(self.process, selectors.EVENT_READ, self)
        # One that is gone answers that it ended.
        with suppress(BrokenError):
            self.process.send("compile", build=one.build, variant=one.variant, feeds=one.feeds)

    def _end(self) -> None:
        if self.process is not None:
            self._ready.unregister(self.process)
            self.process.close()
            self.process = None
