"""Commits of any repository as engines: its files laid out in the cache, and built there as its recipe says.

Every commit is built in a folder of its own, outside the repository, from git's objects: nothing in the repository is
touched, whatever is killed. Builds are kept under their code and recipe; a failed build is reported with its own last
words, and the others go on.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench import PARTS, git
from lobench.workbench.atomic_write import write_whole
from lobench.workbench.commits.builds import Builds, own_fault, plain
from lobench.workbench.commits.checkout import GIT, content, files_of, lay_out
from lobench.workbench.commits.code_text import digest_of
from lobench.workbench.commits.lines import BUILDING, BUILT_IN
from lobench.workbench.commits.machine_code import code_digest
from lobench.workbench.commits.repository import Commit, Repository, label
from lobench.workbench.commits.sources import BrokenError, Source, cache_folder, digest, kept_folder, size_noted
from lobench.workbench.commits.toolchain import toolchain
from lobench.workbench.console import progress
from lobench.workbench.ladder.recipe import Recipe
from lobench.workbench.processes.claimed_folders import scratch_folder
from lobench.workbench.processes.starting import ending, side_by_side

_LAST_LINES = 20
"""Of a build that failed."""
_LAST_BYTES = 100_000
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
        self._built: set[str] = set()
        try:
            self._inside = recipe.file.resolve().parent.relative_to(repository.root.resolve())
        except ValueError:
            raise UsageError(f"{recipe.file}: lies outside the repository {repository.root}") from None

    @property
    def deciding(self) -> tuple[str, ...]:
        """The files and folders whose content decides, as the repository has them; none where all do."""
        return tuple(os.path.normpath(self._inside / name) for name in self._recipe.sources)

    @property
    def feed(self) -> tuple[str, ...]:
        """The default feeds. Raises UsageError if they are several files of one feed."""
        if not self._recipe.feeds:
            raise UsageError(
                f"{self._recipe.file}: feed: several files are replayed as one, and commits are measured on feeds of "
                "one file each: name those as `feeds`, or with --feed"
            )
        return self._recipe.feeds

    def variants_of(self, commit: Commit) -> list[str]:
        """Names of a commit's engines."""
        return list(self._recipe.engines)

    def variants(self, source: Source) -> list[str]:
        """The same, for built artifacts."""
        return [name for name, _ in source.engines]

    def ordered(self, names: Sequence[str] | set[str]) -> list[str]:
        """Names as the recipe has them, each once."""
        return [name for name in self._recipe.engines if name in names]

    def ends(self, names: Sequence[str]) -> list[str]:
        """The first and the last of some engines."""
        return list(dict.fromkeys([*names[:1], *names[-1:]]))

    def identity(self, source: Source, name: str) -> str:
        """Equal for engines that are the same code."""
        file = dict(source.engines).get(name)
        if file is None:
            return f"none in {source.key}"
        return code_digest(Path(file)) if file.endswith(".so") else source.key

    def differing(self, before: Source, after: Source, names: Sequence[str]) -> list[str]:
        """Those of some engines that are not the same code in both."""
        return [name for name in names if self.identity(before, name) != self.identity(after, name)]

    def fed_alike(self, before: Source, after: Source) -> bool:
        """Whether the same code delivers records to both: always this lobench's."""
        return True

    def sources(self, wanted: Sequence[Wanted], *, anew: bool = False) -> list[Source | BrokenError]:
        """The source of each, or why there is none; missing builds are made side by side, ``anew`` also stored ones.
        Raises UsageError for an entry of ``sources`` that exists neither in any of them nor in the working tree."""
        if not anew:
            self._refuse_strays(wanted)
        builds = Builds()
        with ExitStack() as rooms:
            keys: dict[int, str] = {}
            failed: dict[str, tuple[str, bool]] = {}
            jobs = self._jobs(wanted, anew, keys, failed, rooms)
            ended = side_by_side(
                jobs, lambda job, said: builds.start(job.key, self._command(job), said), _SECONDS, builds.stop
            )
            with progress("building commits", len(wanted)) as ticker, closing(ended):
                for job, code, said in ended:
                    problem = self._finish(job, code, said, late=job.key in builds.late)
                    if problem is not None:
                        failed[job.key] = problem
                    shutil.rmtree(job.room, ignore_errors=True)
                    ticker.advance()
        return [self._found(one, keys[place], failed) for place, one in enumerate(wanted)]

    def _refuse_strays(self, wanted: Sequence[Wanted]) -> None:
        for name in self._recipe.sources:
            path = self._inside / name
            commits = (one for one in wanted if one is not None)
            if (self.repository.root / path).exists():
                continue
            if not any(self.repository.listing(one, [str(path)]) for one in commits):
                raise UsageError(f"{self._recipe.file}: sources: '{name}' is neither a file nor a folder here")

    def _found(self, one: Wanted, key: str, failed: dict[str, tuple[str, bool]]) -> Source | BrokenError:
        if key not in failed:
            return self._source(one, key)
        problem, own = failed[key]
        return BrokenError(f"{label(one)}: {problem}", key, own=own)

    def _jobs(
        self,
        wanted: Sequence[Wanted],
        anew: bool,
        keys: dict[int, str],
        failed: dict[str, tuple[str, bool]],
        rooms: ExitStack,
    ) -> Iterator[_Job]:
        """The distinct builds to do; ``keys`` receives the key of each, ``failed`` those without files."""
        building = cache_folder() / BUILDING
        building.mkdir(parents=True, exist_ok=True)
        for place, one in enumerate(wanted):
            known = None if one is None else cache_folder() / "contents" / self._content(one)
            if known is not None and (key := _read(known)) and self._is_built(key, anew):
                keys[place] = key
                continue
            room = Path(rooms.enter_context(scratch_folder(building, ".making-")))
            files = room / BUILT_IN
            try:
                lay_out(self.repository, one, files)
                if not (files / self._inside).is_dir():
                    raise BrokenError(f"it has no folder {self._inside}", own=True)
                key = self._key(files)
                built = key in list(keys.values()) or self._is_built(key, anew)
                if not built:
                    shutil.copytree(files, room / "kept" / BUILT_IN, symlinks=True, ignore=shutil.ignore_patterns(GIT))
            except (LobenchError, OSError, shutil.Error) as error:
                key = keys[place] = f"not laid out: {label(one)}"
                failed[key] = f"cannot be laid out: {error}", isinstance(error, BrokenError) and error.own
                shutil.rmtree(room, ignore_errors=True)
                continue
            keys[place] = key
            if known is not None:
                write_whole(known, key, "LOBENCH_CACHE_DIR names another cache", folders=True)
            if built:
                shutil.rmtree(room, ignore_errors=True)
                continue
            yield _Job(key, room)

    def _is_built(self, key: str, anew: bool) -> bool:
        return key in self._built or (not anew and (cache_folder() / "built" / key).is_dir())

    def _content(self, commit: Commit) -> str:
        """Git's identities of the deciding files."""
        names = [str(self._inside / name) for name in self._recipe.sources] or ["."]
        listed = self.repository.listing(commit, names)
        if self._recipe.sources and self.repository.object_id(commit, ".gitmodules"):
            # The content of a submodule is identified by its commit.
            everything = self.repository.listing(commit, ["."]).split(b"\0")
            listed += b"\0".join(line for line in everything if line.startswith(b"160000 "))
        return digest(repr((self._told, names)).encode() + listed)

    @cached_property
    def _told(self) -> tuple[object, ...]:
        """Deciding facts beside the files."""
        recipe = self._recipe
        made_with = toolchain(self._variables) if recipe.build is not None else ()
        return (recipe.build, recipe.artifacts, sorted(recipe.environment.items()), str(self._inside), made_with)

    @cached_property
    def _variables(self) -> dict[str, str]:
        """The environment of a build."""
        header = {"LOBENCH_INCLUDE": str(PARTS["engine"] / "foreign")}
        return {**git.environment(), **header, **self._recipe.environment}

    def _key(self, files: Path) -> str:
        """Equal for files whose code is."""
        places = [files / self._inside / name for name in self._recipe.sources] or [files]
        chosen = {path for place in places for path in (files_of(place) if place.is_dir() else [place])}
        code = digest_of(
            (str(path.relative_to(files)), content(path)) for path in chosen if path.is_symlink() or path.is_file()
        )
        return digest(repr((self._told, code)).encode())

    def _command(self, job: _Job) -> dict[str, object]:
        where = job.room / BUILT_IN / self._inside
        return {"args": ["/bin/sh", "-c", self._recipe.build or ":"], "cwd": where, "env": self._variables}

    def _finish(self, job: _Job, code: int, said: str, *, late: bool) -> tuple[str, bool] | None:
        """Store a build; returns why it cannot be stored, and whether that is its own fault."""
        if late:
            return f"its build took longer than {_SECONDS / 60:,.0f} minutes", False
        if code:
            words = "\n".join(plain(said[-_LAST_BYTES:]).strip().splitlines()[-_LAST_LINES:])
            return f"its build {ending(code)}:\n{words}".rstrip(":\n"), own_fault(code, words)
        kept = job.room / "kept"
        made = [job.room / BUILT_IN / self._inside / name for name in self._recipe.artifacts]
        # A missing file is an engine that this commit does not have.
        present = [file for file in made if file.is_file()]
        if not present:
            return f"its build made no {' and no '.join(self._recipe.artifacts)}", True
        for file in present if self._recipe.build is not None else ():
            place = kept / "engines" / file.name
            place.parent.mkdir(exist_ok=True)
            shutil.copy2(file, place)
        size_noted(kept)
        target = cache_folder() / "built" / job.key
        target.parent.mkdir(exist_ok=True)
        try:
            kept.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        self._built.add(job.key)
        return None

    def _source(self, one: Wanted, key: str) -> Source:
        built = kept_folder("built", key)
        files = (
            built / "engines" / Path(name).name if self._recipe.build else built / BUILT_IN / self._inside / name
            for name in self._recipe.artifacts
        )
        engines = tuple(
            (name, str(file)) for name, file in zip(self._recipe.engines, files, strict=True) if file.is_file()
        )
        return Source(
            label(one),
            one,
            key,
            built / BUILT_IN,
            kept_folder("kernels", key),
            sys.executable,
            engines=engines,
            made_with=self._made_with,
            repository=self.repository.root,
        )

    @cached_property
    def _made_with(self) -> str:
        return digest(repr(self._told).encode())


def _read(known: Path) -> str:
    """The key that is known of a content; nothing where none is."""
    try:
        return known.read_text(encoding="utf-8")
    except OSError:
        return ""
