"""The request of a measurement, as its document stores it for a resumption after an interrupt."""

from __future__ import annotations

from collections.abc import Sequence

from lobench.engine.errors import UsageError
from lobench.workbench.experiment.budget import Budget
from lobench.workbench.results.model.document import Options, Result


def options_of(
    feeds: Sequence[Sequence[str]],
    variants_from: Sequence[str],
    tuning: str | None,
    budget: Budget,
    ladder: str | None = None,
) -> Options:
    """Of a new command."""
    session = (budget.session, budget.processes, budget.precision, budget.time_limit)
    return Options(tuple(map(tuple, feeds)), tuple(variants_from), tuning, *session, ladder)


def budget_of(options: Options) -> Budget:
    """That of each feed's session, with nothing beside it."""
    return Budget(options.seconds, options.processes, precision=options.precision, time_limit=options.time_limit)


def kept(content: Result, path: str) -> Options:
    """The options of the document in ``path``. Raises UsageError for one that was written before they were kept."""
    if content.options is None:
        raise UsageError(f"{path}: written before results stored their options, so it cannot be resumed; measure again")
    return content.options
