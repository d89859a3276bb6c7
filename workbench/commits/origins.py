"""Where commits come from that can be measured: lobench's own repository, or any other with a recipe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from lobench.engine.errors import UsageError
from lobench.workbench.commits import reach
from lobench.workbench.commits.projects import Project, Wanted
from lobench.workbench.commits.repository import Commit, Repository
from lobench.workbench.commits.sources import MEASURED, BrokenError, Source, of_commit, of_working_tree
from lobench.workbench.ladder.recipe import DEFAULT_FEED, find_recipe


class Origin(Protocol):
    """A repository whose commits become sources."""

    repository: Repository

    @property
    def deciding(self) -> tuple[str, ...]:
        """The files and folders whose content decides whether code changed; none where all do."""
        ...

    @property
    def feed(self) -> tuple[str, ...]:
        """The default feeds."""
        ...

    def variants_of(self, commit: Commit) -> list[str]:
        """Names of a commit's variants, without laying it out."""
        ...

    def variants(self, source: Source) -> list[str]:
        """Names of a source's variants."""
        ...

    def ordered(self, names: set[str]) -> list[str]:
        """Names in the order of the ladder."""
        ...

    def ends(self, names: Sequence[str]) -> list[str]:
        """The lowest and the highest of some variants."""
        ...

    def identity(self, source: Source, name: str) -> str:
        """Equal for variants of two sources that run the same code."""
        ...

    def differing(self, before: Source, after: Source, names: Sequence[str]) -> list[str]:
        """Those of some variants of both that are other code in one than in the other."""
        ...

    def fed_alike(self, before: Source, after: Source) -> bool:
        """Whether the same code delivers records to the variants of both."""
        ...

    def sources(self, wanted: Sequence[Wanted], *, anew: bool = False) -> list[Source | BrokenError]:
        """The source of each, or the reason for its absence; ``anew``: rebuild even stored builds."""
        ...


class Own:
    """lobench's own repository: a commit's variants are modules of its ``variants``, run by its own ``engine``."""

    feed = (DEFAULT_FEED,)
    deciding = MEASURED

    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    def variants_of(self, commit: Commit) -> list[str]:
        return reach.variants_of(self.repository, commit)

    def variants(self, source: Source) -> list[str]:
        return reach.modules(source).variants

    def ordered(self, names: Iterable[str]) -> list[str]:
        return reach.in_order(names)

    def ends(self, names: Sequence[str]) -> list[str]:
        return reach.ends(names)

    def identity(self, source: Source, name: str) -> str:
        return reach.identity(source, name)

    def differing(self, before: Source, after: Source, names: Sequence[str]) -> list[str]:
        return reach.differing(before, after, names)

    def fed_alike(self, before: Source, after: Source) -> bool:
        return reach.same_engine(before, after)

    def sources(self, wanted: Sequence[Wanted], *, anew: bool = False) -> list[Source | BrokenError]:
        return [self._source(one) for one in wanted]

    def _source(self, one: Wanted) -> Source | BrokenError:
        try:
            return of_working_tree(self.repository) if one is None else of_commit(self.repository, one)
        except BrokenError as error:
            return error


def origin_of(repository: Repository, ladder: str | None = None) -> Origin:
    """The kind of a repository's commits: ``ladder`` names a file with a recipe; otherwise it has one at its top, or is
    lobench's own. Raises UsageError for an invalid recipe."""
    recipe = find_recipe(repository.root, ladder)
    if recipe is not None:
        return Project(repository, recipe)
    if not all((repository.root / folder).is_dir() for folder in MEASURED):
        raise UsageError(
            f"{repository.root}: no file says how to build engines from its commits; `lobench init` writes one"
        )
    return Own(repository)


def whole(source: Source | BrokenError) -> Source:
    """The source. Raises the BrokenError in its place."""
    if isinstance(source, BrokenError):
        raise source
    return source


def reached(origin: Origin, before: Source, after: Source) -> list[str]:
    """The variants of either source whose code is another in the other one, or runs with other packages."""
    old, new = (set(origin.variants(source)) for source in (before, after))
    differing = origin.differing(before, after, origin.ordered(old & new))
    return [name for name in origin.ordered(old | new) if name in differing or name not in old & new]
