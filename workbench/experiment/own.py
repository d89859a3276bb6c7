"""Steps of the user's own: files that define ``STEP``. What such a step returns is kept in the feed's part of the
document under its name; what it raises is told there, and the experiment goes on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lobench.engine.errors import UsageError
from lobench.variants import load_module
from lobench.workbench.console import stderr
from lobench.workbench.experiment.feed import FeedExperiment
from lobench.workbench.experiment.step import Advance, Step
from lobench.workbench.results.model.document import AddedPart


def load_steps(files: Sequence[str]) -> list[Step]:
    """The step of each file, as ``conduct`` takes them. Raises UsageError for a file that does not load or defines
    none."""
    steps = []
    for file in files:
        module, _ = load_module(file, "--steps-from takes a Python file that defines STEP")
        step = getattr(module, "STEP", None)
        if not isinstance(step, Step):
            raise UsageError(f"{file}: defines no STEP (docs/adding-a-step.md)")
        steps.append(keeping(step))
    return steps


def keeping(step: Step) -> Step:
    """The same step, with what it returns kept in the document."""

    def run(experiment: FeedExperiment, advance: Advance) -> None:
        result: Any = None
        problem: str | None = None
        try:
            # As it will be read again: a tuple is a list then, and there is no NaN.
            result = json.loads(json.dumps(step.run(experiment, advance), allow_nan=False))
        except Exception as error:  # whatever a user's step does wrong, the others go on
            problem = f"{type(error).__name__}: {error}"
            stderr().print(f"lobench: the step {step.name} failed: {problem}", soft_wrap=True)
        added = experiment.content.added or {}
        experiment.put(added={**added, step.name: AddedPart(step.title, result, problem)})

    return replace(step, run=run)
