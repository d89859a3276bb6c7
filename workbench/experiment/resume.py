"""Going on with an interrupted measurement: only with the same sources on the same machine, else it says why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lobench.engine.cache import source_digest
from lobench.engine.errors import UsageError
from lobench.engine.foreign.start import Contestant
from lobench.workbench.comparison.diff import machine_differences
from lobench.workbench.environment import environment
from lobench.workbench.experiment.document import Document
from lobench.workbench.ladder import Ladder
from lobench.workbench.measurement.variant_digest import variant_digest
from lobench.workbench.results import ResultFolder, read
from lobench.workbench.results.model.document import Result


def reopen(path: str) -> Document:
    """The document to resume. Raises UsageError for one that is complete or that ``measure`` did not write."""
    place = Path(path)
    folder = place if place.is_dir() else place.parent
    content = read(place)
    if place.is_file() and place.name != "result.json":
        raise UsageError(f"{path}: results are named result.json; rename it to resume")
    if content.kind != "measure":
        raise UsageError(f"{path}: written by `lobench {content.kind}`; only `lobench measure` can be resumed")
    if content.status == "complete":
        raise UsageError(f"{path}: complete; measure again, with a longer --budget")
    return Document(content, ResultFolder.existing(folder))


def check_ladder(content: Result, ladder: Ladder) -> None:
    """Raise UsageError if the user's ladder file has changed. Its predictions stay as they were."""
    before, now = content.ladder, ladder.kept()
    if before is not None and now is not None:
        now = replace(now, predictions=before.predictions)
    if before != now:
        raise UsageError(f"{ladder.path}: the ladder has changed since it was measured; measure again")


def check(content: Result, variants: Sequence[Contestant]) -> None:
    """Raise UsageError where samples measured now would not be of the same thing."""
    before = {entry.name: entry.source_digest for entry in content.variants}
    now = {variant.name: variant_digest(variant) for variant in variants}
    changed = [name for name in before if before[name] != now.get(name)]
    if changed:
        raise UsageError(f"{', '.join(changed)}: the source has changed since it was measured; measure again")
    if content.source_digest != source_digest():
        raise UsageError("the engine's sources or the NUMBA_* variables have changed since; measure again")
    problems = machine_differences(content.environment, environment())
    if problems:
        raise UsageError(f"{'; '.join(problems)}; measure again")
