"""Which variants of lobench a change reaches: those that import, directly or not, a module whose code is another.

It errs to one side: a variant that imports a module of the engine and runs nothing of it is reached as well. Of another
variant's module it may take nothing: there the kernels decide (``identities``). Comments, docstrings and layout are no
code (``code_text``).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lobench.engine.errors import UsageError
from lobench.variants import full_name
from lobench.workbench.commits.code_text import python_code
from lobench.workbench.commits.identities import kernels_of
from lobench.workbench.commits.repository import Commit, Repository
from lobench.workbench.commits.sources import MEASURED, Source, digest
from lobench.workbench.selection import LADDER

VARIANTS = "variants"
"""The folder whose modules are variants."""

_ALWAYS = (VARIANTS, "engine", "engine.replay", "engine.session")
"""Modules imported beside a variant by the replaying process; older commits replay with ``engine.session``."""

_OUTSIDE = ("engine.feeds", "engine.synthetic")
"""Packages that deliver records, to all variants alike and before anything is timed: any one variant shows them."""

_PHASE = re.compile(r"p(\d+)_\w+")


@dataclass(frozen=True)
class Modules:
    """Python modules of a source by dotted name: ``code`` is equal for equal code, ``imports`` are the modules, and
    some names within modules, that each imports."""

    code: dict[str, str]
    imports: dict[str, set[str]]

    @property
    def variants(self) -> list[str]:
        """Names of the variants: the modules right in their folder, in the order of their phases."""
        parts = [name.split(".") for name in self.code]
        direct = [rest[0] for first, *rest in parts if first == VARIANTS and len(rest) == 1]
        return in_order(name for name in direct if not name.startswith("_"))

    def reach(self, variant: str) -> dict[str, str]:
        """Code of all modules that a variant's replay may run; nothing if there is no such variant."""
        if f"{VARIANTS}.{variant}" not in self.code:
            return {}
        waiting = [f"{VARIANTS}.{variant}", *_ALWAYS]
        seen: dict[str, str] = {}
        while waiting:
            name = waiting.pop()
            if name in self.code and name not in seen and not name.startswith(_OUTSIDE):
                seen[name] = self.code[name]
                waiting += self.imports[name]
        return seen


def modules(source: Source) -> Modules:
    """The modules of a source's folder."""
    return _modules(source.folder)


@lru_cache(maxsize=16)
def _modules(whole: Path) -> Modules:
    code: dict[str, str] = {}
    imports: dict[str, set[str]] = {}
    for folder in MEASURED:
        for file in sorted((whole / folder).rglob("*.py")):
            *packages, last = file.relative_to(whole).with_suffix("").parts
            name = ".".join(packages if last == "__init__" else [*packages, last])
            content = file.read_bytes()
            try:
                tree = ast.parse(content)
            except (SyntaxError, ValueError):
                # Not valid Python; trying the variant reports it.
                code[name], imports[name] = repr(content), set()
                continue
            code[name] = python_code(tree)
            imports[name] = {name.rpartition(".")[0], *_imported(tree, ".".join(packages))}
    return Modules(code, imports)


def variants_of(repository: Repository, commit: Commit) -> list[str]:
    """Names of a commit's variants, without laying it out."""
    found = (Path(name) for name in repository.names(commit, VARIANTS))
    names = (path.stem for path in found if path.suffix in (".py", ""))
    return in_order(name for name in names if name.isidentifier() and not name.startswith("_"))


def identity(source: Source, variant: str) -> str:
    """Equal for variants of two sources that run the same code with the same packages: of the same modules or, where
    their engines can tell, with the same kernels. Of a combination of policies: that of all that the source holds."""
    found = modules(source)
    if variant not in found.variants:
        return source.key
    (kernels,) = kernels_of([source])
    engine, own = _parted(found.reach(variant))
    # A replay takes nothing of a variant's own modules but the kernels and what they are started with.
    return digest(repr((source.python, engine, kernels.get(variant, own))).encode())


def differing(before: Source, after: Source, names: Sequence[str]) -> list[str]:
    """Those of some variants of both sources that run other code in one than in the other, or with other packages."""
    old, new = modules(before), modules(after)
    found = [name for name in names if before.python != after.python or old.reach(name) != new.reach(name)]
    if any(_parted(old.reach(name))[0] == _parted(new.reach(name))[0] for name in found):
        kernels_of([before, after])  # side by side
        return [name for name in found if identity(before, name) != identity(after, name)]
    return found


def same_engine(before: Source, after: Source) -> bool:
    """Whether two sources differ in modules of variants alone, and run with the same packages."""
    return before.python == after.python and _parted(modules(before).code)[0] == _parted(modules(after).code)[0]


def _parted(code: dict[str, str]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The engine's modules, and those of variants."""
    entries = sorted(code.items())
    own = [entry for entry in entries if entry[0].startswith(f"{VARIANTS}.")]
    return [entry for entry in entries if entry not in own], own


def in_order(names: Iterable[str]) -> list[str]:
    """Names of variants, each once, by their phases; those of no phase last."""

    def rank(name: str) -> tuple[bool, int, str]:
        phase = _PHASE.fullmatch(name)
        return phase is None, int(phase[1]) if phase else 0, name

    return sorted(set(names), key=rank)


def ends(names: Sequence[str]) -> list[str]:
    """The reference and the top of a ladder: the first and the last phase of some variants."""
    phases = [name for name in in_order(set(names)) if _PHASE.fullmatch(name)]
    return list(dict.fromkeys([*phases[:1], *phases[-1:]]))


def named(words: str, known: Sequence[str]) -> list[str]:
    """Full names of the variants that a user typed, shortened or combined (``variants.full_name``), or ``ladder`` for
    all that the commits have. Raises UsageError for a name that no commit has."""
    if words.split() == [LADDER]:
        return list(known)
    chosen = list(dict.fromkeys(full_name(word, known) for word in words.split()))
    if not chosen:
        raise UsageError("--variants names no variant")
    return chosen


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    """Names of modules that a module of ``package`` imports anywhere; some are names within a module instead."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
