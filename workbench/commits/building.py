"""Compiles the kernels of a session of commits in parallel processes, with progress.

Parts built for one kernel can be reused for the next: in the same process and, if commits share kernels
(``shared_kernels``), from their cache. So builds that have most in common follow one another (``Chains``).
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
"""Content of a build's mark if the source lacks the build."""

Variables = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Build:
    """One kernel to compile: of a variant of a source, ``timed`` or ``counted``, with these environment variables;
    before it, the kernels that read ``feeds``. ``kernel``: its identity (``identities``), "" if unknown: builds with
    the same identity are compiled once, for several variants and for several sources that share kernels."""

    source: Source
    variant: str
    build: str
    variables: Variables = ()
    kernel: str = ""
    feeds: tuple[tuple[str, ...], ...] = ()

    @property
    def same(self) -> tuple[object, ...]:
        """Equal for builds of the same kernel in the same cache."""
        source = self.source
        cache = source.key if source.shared is None else (source.shared, source.python)
        own = (source.key, self.variant) if not self.kernel else (cache, self.kernel)
        return self.build, self.variables, own

    @property
    def mark(self) -> Path:
        """A file that records that this was compiled, or that the source lacks it. A wrong one costs time, but never
        changes a result."""
        pins = "".join(f"-{value.replace('/', '_')[:24]}" for _, value in self.variables)
        return self.source.kernels / f"built-{self.build}-{self.variant.replace('/', '_')}{pins}"

    @property
    def lacking(self) -> bool:
        """Whether the source is known to lack this build."""
        try:
            return self.mark.read_text(encoding="utf-8") == LACKING
        except OSError:
            return False


def pinned(variables: Mapping[str, str]) -> Variables:
    """Variables in the form that a Build takes."""
    return tuple(sorted(variables.items()))


def build_all(builds: Sequence[Build]) -> dict[str, BrokenError]:
    """Compile in as many processes as there are processors. Returns source key to reason for those that fail.

    A variant or build that a commit does not have is no failure. After a source's first failure, its remaining builds
    are left out.
    """
    chains = Chains(missing_of(builds))
    with progress("compiling kernels", chains.left) as ticker, selectors.DefaultSelector() as ready:
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
    """Builds that were not compiled yet, or that the cache may have evicted since."""
    oldest = {shared: oldest_kernel(shared) for build in builds if (shared := build.source.shared) is not None}

    def made(build: Build) -> bool:
        try:
            # The least recently used kernel is evicted first: while an older one is cached, so is this one.
            return build.mark.stat().st_mtime > (oldest[build.source.shared] if build.source.shared else 0.0)
        except FileNotFoundError:
            return False

    return [build for build in dict.fromkeys(builds) if not made(build)]


class Chains:
    """The kernels to build: one list for each kind of build. A process takes neighbours from a list.

    ``failed``: source key to reason; nothing more is built for these sources.
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
        """Chain to whether no process has started at its beginning yet."""

    @property
    def left(self) -> int:
        """The number of kernels that no process has taken yet."""
        return sum(map(len, self._chains.values()))

    def place(self) -> Place:
        """Where an idle process continues: at the beginning of a chain that no process has started or, if there is
        none, at the end of the longest chain, which has least in common with its beginning."""
        for chain, free in self._fronts.items():
            if free and self._chains[chain]:
                self._fronts[chain] = False
                return Place(chain)
        return Place(max(self._chains, key=lambda one: len(self._chains[one])), at_end=True)

    def take(self, place: Place) -> list[Build]:
        """The builds of the next kernel at a place; empty if none is left."""
        chain = self._chains[place.chain]
        return [] if not chain else chain.pop() if place.at_end else chain.popleft()


@dataclass(frozen=True)
class Place:
    """A chain, and the end of it from which a process takes its work."""

    chain: tuple[str, Variables]
    at_end: bool = False


class _Lane:
    """A sequence of processes, each for one source, and the builds of the kernel that is being compiled."""

    def __init__(self, chains: Chains, ready: selectors.BaseSelector, ticker: Ticker) -> None:
        self._chains, self._ready, self._ticker = chains, ready, ticker
        self._place: Place | None = None
        self._hand: list[Build] = []
        self._fresh = True  # whether it is the process's first kernel
        self.process: Participant | None = None

    def go_on(self) -> None:
        """Begin the next kernel; if none is left, end the process."""
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
        """Receive the process's answer, and continue."""
        assert self.process is not None
        try:
            answer = self.process.receive()
        except BrokenError:
            code, said = self.process.ended()
            self._end()
            if not self._fresh:
                # It may have grown too large with earlier kernels: try again in a new process.
                self._begin(self._hand)
                return
            words = said if code > 0 else f"its process {ending(code)}"
            for build in self._hand:
                source = build.source
                problem = f"{source.label}: {build.variant}: the {build.build} kernel does not compile:\n{words}"
                # A negative code is a signal: the process was killed, which need not be the commit's fault.
                self._chains.failed.setdefault(source.key, BrokenError(problem, source.key, own=code > 0))
        else:
            for build in self._hand:
                build.mark.write_text(LACKING if "lacking" in answer else "", encoding="utf-8")
        self._ticker.advance()
        self.go_on()

    def kill(self) -> None:
        """Kill a process that is still working."""
        if self.process is not None:
            self.process.kill()
            self.process = None

    def _begin(self, builds: list[Build]) -> None:
        one, had = builds[0], self._hand[:1]
        # In an engine that does not share kernels, earlier kernels of the process may affect the next one.
        if had and (one.source.shared is None or (had[0].source, had[0].variables) != (one.source, one.variables)):
            self._end()
        self._hand, self._fresh = builds, self.process is None
        if self.process is None:
            self.process = Participant(one.source, dict(one.variables))
            self._ready.register(self.process, selectors.EVENT_READ, self)
        # If the process has ended, its answer will say so.
        with suppress(BrokenError):
            self.process.send("compile", build=one.build, variant=one.variant, feeds=one.feeds)

    def _end(self) -> None:
        if self.process is not None:
            self._ready.unregister(self.process)
            self.process.close()
            self.process = None
