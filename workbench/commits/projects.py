"""Commits of any repository as engines: its files laid out in the cache, and built there as its recipe says.

Every commit is built in a folder of its own, outside of the repository, from git's objects: nothing in the repository
is touched, and whatever is killed leaves it as it was. What was built is kept under the code and the recipe that it was
made of; a build that fails is told in its own last words, and the others go on.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lobench.engine.errors import UsageError
from lobench.workbench import PARTS, git
from lobench.workbench.commits.code_text import digest_of
from lobench.workbench.commits.lines import BUILT_IN
from lobench.workbench.commits.machine_code import code_digest
from lobench.workbench.commits.repository import Commit, Repository, label
from lobench.workbench.commits.sources import BrokenError, Source, cache_folder, digest, kept_folder, unpack
from lobench.workbench.console import progress
from lobench.workbench.ladder.recipe import Recipe
from lobench.workbench.processes.child import end_with_parent
from lobench.workbench.processes.claimed_folders import scratch_folder
from lobench.workbench.processes.starting import ending, side_by_side

_LAST_LINES = 20
"""Of a build that failed."""
_SECONDS = 3600.0
"""That a build may take."""

Wanted = Commit | None
"""A commit, or None for the files of the working tree."""


@dataclass(frozen=True)
class _Job:
    """A build: its files lie in ``room / BUILT_IN``."""

    key: str
    room: Path


class Project:
    """A repository with the recipe by which its commits become engines. Raises UsageError for a recipe of another
    one."""

    def __init__(self, repository: Repository, recipe: Recipe) -> None:
        self.repository = repository
        self._recipe = recipe
        try:
            self._inside = recipe.file.resolve().parent.relative_to(repository.root.resolve())
        except ValueError:
            raise UsageError(f"{recipe.file}: stands outside of the repository {repository.root}") from None

    @property
    def feed(self) -> tuple[str, ...]:
        """What is replayed where no feed is named."""
        return self._recipe.feed

    def variants_of(self, commit: Commit) -> list[str]:
        """Names of a commit's engines."""
        return list(self._recipe.engines)

    def variants(self, source: Source) -> list[str]:
        """The same, of what is built."""
        return [name for name, _ in source.engines]

    def ordered(self, names: Sequence[str] | set[str]) -> list[str]:
        """Names as the recipe has them, each once."""
        return [name for name in self._recipe.engines if name in names]

    def ends(self, names: Sequence[str]) -> list[str]:
        """The first and the last of some engines."""
        return list(dict.fromkeys([*names[:1], *names[-1:]]))

    def identity(self, source: Source, name: str) -> str:
        """Equal for engines that are the same code."""
        file = Path(dict(source.engines)[name])
        return code_digest(file) if file.suffix == ".so" else source.key

    def sources(self, wanted: Sequence[Wanted]) -> list[Source | BrokenError]:
        """The source of each, or why there is none; what is not built yet is built side by side."""
        with ExitStack() as rooms:
            keys: dict[int, str] = {}
            failed: dict[str, tuple[str, bool]] = {}
            jobs = self._jobs(wanted, keys, rooms)
            with (
                progress("building commits", len(wanted)) as ticker,
                _ended_groups() as start,
                closing(side_by_side(jobs, lambda job, said: start(self._command(job), said), _SECONDS)) as ended,
            ):
                for job, code, said in ended:
                    problem = self._finish(job, code, said)
                    if problem is not None:
                        failed[job.key] = problem, code >= 0
                    shutil.rmtree(job.room, ignore_errors=True)
                    ticker.advance()
        return [self._found(one, keys[place], failed) for place, one in enumerate(wanted)]

    def _found(self, one: Wanted, key: str, failed: dict[str, tuple[str, bool]]) -> Source | BrokenError:
        if key not in failed:
            return self._source(one, key)
        problem, own = failed[key]
        return BrokenError(f"{label(one)}: {problem}", key, own=own)

    def _jobs(self, wanted: Sequence[Wanted], keys: dict[int, str], rooms: ExitStack) -> Iterator[_Job]:
        """What has to be built, each once; ``keys`` learns what each is known by."""
        building = cache_folder() / "building"
        building.mkdir(parents=True, exist_ok=True)
        for place, one in enumerate(wanted):
            known = None if one is None else cache_folder() / "contents" / self._content(one)
            if known is not None and known.is_file():
                keys[place] = known.read_text(encoding="utf-8")
                if (cache_folder() / "built" / keys[place]).is_dir():
                    continue
            room = Path(rooms.enter_context(scratch_folder(building, ".making-")))
            files = room / BUILT_IN
            self._fill(one, files)
            key = keys[place] = self._key(files)
            if known is not None:
                known.parent.mkdir(exist_ok=True)
                known.write_text(key, encoding="utf-8")
            earlier = list(keys.values())[:-1]
            if key in earlier or (cache_folder() / "built" / key).is_dir():
                shutil.rmtree(room, ignore_errors=True)
                continue
            shutil.copytree(files, room / "kept" / BUILT_IN, symlinks=True)
            yield _Job(key, room)

    def _content(self, commit: Commit) -> str:
        """What git knows the files by that decide."""
        names = [str(self._inside / name) for name in self._recipe.sources] or ["."]
        return digest(repr((self._told(), names)).encode() + self.repository.listing(commit, names))

    def _told(self) -> tuple[object, ...]:
        recipe = self._recipe
        return (recipe.build, recipe.artifacts, sorted(recipe.environment.items()), str(self._inside))

    def _key(self, files: Path) -> str:
        """Equal for files whose code is."""
        places = [files / self._inside / name for name in self._recipe.sources] or [files]
        chosen = {path for place in places for path in (place.rglob("*") if place.is_dir() else [place])}
        code = digest_of((str(path.relative_to(files)), path.read_bytes()) for path in chosen if path.is_file())
        return digest(repr((self._told(), code)).encode())

    def _fill(self, one: Wanted, folder: Path) -> None:
        folder.mkdir()
        if one is not None:
            unpack(self.repository.archive(one, ["."]), folder)
            return
        for name in self.repository.files():
            source = self.repository.root / name
            if source.is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, folder / name)

    def _command(self, job: _Job) -> dict[str, object]:
        own = {**git.environment(), "LOBENCH_INCLUDE": str(PARTS["engine"] / "foreign"), **self._recipe.environment}
        where = job.room / BUILT_IN / self._inside
        return {"args": ["/bin/sh", "-c", self._recipe.build or ":"], "cwd": where, "env": own}

    def _finish(self, job: _Job, code: int, said: str) -> str | None:
        """Keep what was built; why it cannot be, if so."""
        if code:
            words = "\n".join(said.strip().splitlines()[-_LAST_LINES:])
            return f"its build {ending(code)}:\n{words}".rstrip(":\n")
        kept = job.room / "kept"
        for name in self._recipe.artifacts:
            made = job.room / BUILT_IN / self._inside / name
            if not made.is_file():
                return f"its build made no {name}"
            if self._recipe.build is not None:
                place = kept / "engines" / made.name
                place.parent.mkdir(exist_ok=True)
                shutil.copy2(made, place)
        target = cache_folder() / "built" / job.key
        target.parent.mkdir(exist_ok=True)
        try:
            kept.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        return None

    def _source(self, one: Wanted, key: str) -> Source:
        built = kept_folder("built", key)
        files = [
            built / "engines" / Path(name).name if self._recipe.build else built / BUILT_IN / self._inside / name
            for name in self._recipe.artifacts
        ]
        engines = tuple(zip(self._recipe.engines, map(str, files), strict=True))
        return Source(
            label(one), one, key, built / BUILT_IN, kept_folder("kernels", key), sys.executable, engines=engines
        )


class _ended_groups:  # noqa: N801 (used like a function)
    """Within, a function that starts a process in a group of its own; after an interrupt what is left of these groups
    is ended: a build starts others."""

    def __enter__(self) -> _ended_groups:
        self._started: list[subprocess.Popen[str]] = []
        return self

    def __call__(self, command: dict[str, object], said: IO[str]) -> subprocess.Popen[str]:
        parent = os.getpid()
        process: subprocess.Popen[str] = subprocess.Popen(
            **command,  # type: ignore[call-overload]
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            process_group=0,
            preexec_fn=lambda: end_with_parent(parent),
        )
        self._started.append(process)
        return process

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        for process in self._started if kind is not None else ():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
