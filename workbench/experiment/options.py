"""What a measurement was asked for, as its document keeps it: what there is to go on with after an interrupt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from lobench.engine.errors import UsageError
from lobench.workbench.experiment.budget import Budget


@dataclass(frozen=True)
class Options:
    """``options`` of a result document, its keys. Which variants were asked for, what they evaluate and how far they go
    stand in the document anyway.

    ``feeds``: what each is replayed from, in order; ``variants_from``: the user's files; ``tuning``: the tuning file
    that was named, ``none``, or None for the one that is found. ``seconds``: the budget of each feed's session; the
    rest as in ``Budget``.
    """

    feeds: Sequence[Sequence[str]]
    variants_from: Sequence[str]
    tuning: str | None
    seconds: float
    processes: int | None
    precision: float | None
    time_limit: float | None

    @classmethod
    def of(
        cls, feeds: Sequence[Sequence[str]], variants_from: Sequence[str], tuning: str | None, budget: Budget
    ) -> Options:
        """Of what a command is about to do."""
        session = (budget.session, budget.processes, budget.precision, budget.time_limit)
        return cls([list(specs) for specs in feeds], list(variants_from), tuning, *session)

    @property
    def budget(self) -> Budget:
        """That of each feed's session, with nothing beside it."""
        return Budget(self.seconds, self.processes, precision=self.precision, time_limit=self.time_limit)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def kept(content: Mapping[str, Any], path: str) -> Options:
    """The options of the document in ``path``. Raises UsageError for one that was written before they were kept."""
    if "options" not in content:
        raise UsageError(f"{path}: written before results kept their options, and cannot go on; measure anew")
    return Options(**{part.name: content["options"][part.name] for part in fields(Options)})
