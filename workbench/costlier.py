"""The source lines of one commit that cost more than in another: kernels of both counted by callgrind, line by line.

A commit's kernels are profiled by this laboratory: its ``engine`` and ``variants`` are put under one package with the
workbench that runs here. If that is impossible (no valgrind, an engine of another kind), the changed lines are named
without a cost.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path

from lobench.engine.errors import LobenchError
from lobench.engine.feeds.opening import SYNTHETIC
from lobench.workbench import PARTS, ROOT
from lobench.workbench.commits.changes import NO_CODE, changes
from lobench.workbench.commits.code_text import PACKAGE
from lobench.workbench.commits.findings import Finding
from lobench.workbench.commits.gate import Check
from lobench.workbench.commits.placing import placed
from lobench.workbench.commits.reach import modules
from lobench.workbench.commits.repository import Repository
from lobench.workbench.commits.sources import MEASURED, Source, of_commit
from lobench.workbench.console import progress
from lobench.workbench.history.points import place
from lobench.workbench.ladder.recipe import find_recipe
from lobench.workbench.processes.claimed_folders import scratch_folder
from lobench.workbench.processes.starting import helper
from lobench.workbench.results.model.verdict import SLOWER
from lobench.workbench.summaries.model import Place

MOST = 5
"""Lines that are named."""

LEAST = 0.05
"""Instructions per event; smaller rises are not reported."""

_PATIENCE = 900.0

Texts = Mapping[str, Sequence[str]]
"""File, by its path in the repository, to its lines."""

Costs = Mapping[tuple[str, int], float]
"""(file, line) to instructions an event."""


@dataclass(frozen=True)
class _Line:
    file: str
    number: int
    text: str
    more: float


def costlier(result: Check, feeds: Sequence[str], *, count: bool) -> list[Place]:
    """The lines of a check's worst finding; none if nothing takes longer or does more. If their costs are not known yet
    and ``count`` is set, they are counted."""
    worse = [one for one in result.findings if one.worse and one.lacking is None and one.difference is None]
    if not worse:
        return []
    worst = max(worse, key=_rise)
    if worst.lines or result.sources is None or not count:
        return [place(one.file, one.line, one.text, one.before, one.after) for one in worst.lines]
    before, after = result.sources
    if after.engines:
        texts = [_files(source, result.files) for source in result.sources]
        return _placed(after, after.tree, _changed(*texts))
    feed = next((spec for spec in feeds if worst.feed in (spec, Path(spec).name)), feeds[0])
    return costlier_lines(before, after, worst.variant, feed)


def costlier_lines(before: Source, after: Source, variant: str, feed: str | None) -> list[Place]:
    """The lines of ``after`` that cost more than in ``before``, costliest first, at most ``MOST``; if costs cannot be
    counted, the first line of each change in the variant's code."""
    texts = _texts(before, after, variant)
    costs = []
    with progress("counting the cost of lines", 2) as ticker:
        for source in (before, after):
            costs.append(_costs(source, variant, feed) if feed else None)
            ticker.advance()
    if costs[0] is None or costs[1] is None:
        return _placed(after, after.folder, _changed(*texts))
    lines = lines_with_costs(texts[0], texts[1], costs[0], costs[1])[:MOST]
    found = [Place(one.file, one.number, one.text, f"+{one.more:.1f} instructions an event") for one in lines]
    return _placed(after, after.folder, found)


def lines_of_commit(
    repository: Repository, base: str | None, head: str, variant: str, feed: str, ladder: str | None = None
) -> list[Place]:
    """As ``costlier_lines``, of a recorded commit against the one that it was measured against; none where one of them
    cannot be laid out. Costs are counted on synthetic feeds: files of others may be another machine's. ``ladder``: by
    which it was recorded."""
    if base is None:
        return []
    if ladder is not None or find_recipe(repository.root) is not None:
        return changes(repository.root, base, head)
    try:
        sources = [of_commit(repository, repository.commit(name)) for name in (base, head)]
    except LobenchError:
        return []
    return costlier_lines(sources[0], sources[1], variant, feed if feed.startswith(SYNTHETIC) else None)


def lines_with_costs(before: Texts, after: Texts, old: Costs, new: Costs) -> list[_Line]:
    """Lines that cost more, costliest first. A line that stayed is compared with itself, wherever it went; lines that
    were exchanged for others are one place, at the costliest of the new ones."""
    found = []
    for file in sorted({*before, *after}):
        texts = before.get(file, ()), after.get(file, ())
        for kind, a, b, c, d in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
            if kind == "equal":
                pairs = zip(range(a, b), range(c, d), strict=True)
                blocks = [(range(one, one + 1), range(other, other + 1)) for one, other in pairs]
            else:
                blocks = [(range(a, b), range(c, d))]
            for olds, news in blocks:
                was = sum(old.get((file, line + 1), 0.0) for line in olds)
                more = sum(new.get((file, line + 1), 0.0) for line in news) - was
                if more > LEAST:
                    line = max(news, key=lambda line: new.get((file, line + 1), 0.0))
                    found.append(_Line(file, line + 1, texts[1][line].strip(), more))
    return sorted(found, key=lambda line: -line.more)


def _placed(source: Source, folder: Path, found: Sequence[Place]) -> list[Place]:
    """Lines as the commit itself has them."""
    places = [placed(source, folder, one.file, one.line) for one in found]
    return [replace(one, line=number, text=text) for one, (number, text) in zip(found, places, strict=True)]


def _changed(before: Texts, after: Texts) -> list[Place]:
    lines = changed_lines(before, after)[:MOST]
    return [Place(line.file, line.number, line.text, "changed") for line in lines]


def changed_lines(before: Texts, after: Texts) -> list[_Line]:
    """The first line of each change that is code; of code that was taken out, the line that follows."""
    found = []
    for file in sorted(after):
        lines, words = after[file], ("#",) if file.endswith(".py") else ("//", "/*", "*")

        def is_code(line: str, words: tuple[str, ...] = words) -> bool:
            return bool(line.strip()) and not line.strip().startswith(words)

        for kind, a, b, c, d in SequenceMatcher(None, before.get(file, ()), lines, autojunk=False).get_opcodes():
            if kind == "equal" or not lines:
                continue
            place = next((at for at in range(c, d) if is_code(lines[at])), None)
            if place is None and any(map(is_code, before.get(file, ())[a:b])):
                place = min(c, len(lines) - 1)
            if place is not None:
                found.append(_Line(file, place + 1, lines[place].strip(), 0.0))
    return found


def _rise(finding: Finding) -> float:
    time = 1 / finding.ratio.value - 1 if finding.ratio and finding.verdict == SLOWER else 0.0
    return max(time, finding.instructions or 0.0, *finding.actions.values())


def _files(source: Source, names: Sequence[str]) -> dict[str, list[str]]:
    """Those of some files of an engine's repository that hold code."""
    return _lines({name: source.tree / name for name in names if not name.endswith(NO_CODE)})


def _lines(found: Mapping[str, Path]) -> dict[str, list[str]]:
    """The lines of those files that exist."""
    return {
        name: file.read_text(encoding="utf-8", errors="replace").splitlines()
        for name, file in found.items()
        if file.is_file()
    }


def _texts(before: Source, after: Source, variant: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The code that a variant's replay may run in each of both. That of ``before`` includes the modules that only
    ``after`` uses: one that was there already has not changed."""
    old, new = (set(modules(source).reach(variant.partition(",")[0])) for source in (before, after))
    return _lines(_modules(before, old | new)), _lines(_modules(after, new))


def _modules(source: Source, names: Iterable[str]) -> dict[str, Path]:
    """Where the files of modules are, if there are any."""
    paths = [Path(*name.split(".")) for name in names]
    files = [file for path in paths for file in (path.with_suffix(".py"), path / "__init__.py")]
    return {str(file): source.folder / file for file in files}


def _costs(source: Source, variant: str, feed: str) -> dict[tuple[str, int], float] | None:
    """Instructions an event of each line; None where they cannot be counted."""
    if source.packages != (PACKAGE,):
        return None
    with scratch_folder() as scratch:
        package = Path(scratch) / "mixed" / PACKAGE
        package.mkdir(parents=True)
        for file in (ROOT / PACKAGE).glob("*.py"):
            (package / file.name).symlink_to(file)
        for part, folder in PARTS.items():
            (package / part).symlink_to(source.folder / part if part in MEASURED else folder)
        words = ("profile", variant, feed, "--with", "callgrind", "--json", "-o", str(Path(scratch) / "out"))
        command = helper("lobench", *words, root=package.parent, packages=(PACKAGE,), python=source.python)
        try:
            done = subprocess.run(
                **command,
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=_PATIENCE,
                check=True,
            )
            lines = json.loads(done.stdout)["methods"]["callgrind"]["lines"]
        except (subprocess.SubprocessError, ValueError, KeyError):
            return None
    return {(line["file"], line["line"]): line["instructions"] for line in lines}
