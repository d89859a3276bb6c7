"""The user's own steps: files that define ``STEP``.

A step's return value is kept in the feed's part of the document under its name; an error is reported there, and the
experiment continues.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lobench.engine.errors import UsageError
from lobench.variants import load_module
from lobench.workbench.console import stderr
from lobench.workbench.experiment.budget import Budget
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
    """The same step, with its result or its failure stored in the document; other steps continue."""

    def keep(experiment: FeedExperiment, result: Any, problem: str | None) -> None:
        added = experiment.content.added or {}
        experiment.put(added={**added, step.name: AddedPart(step.title, result, problem)})

    def failed(experiment: FeedExperiment, error: Exception) -> None:
        stderr().print(f"lobench: the step {step.name} failed: {_named(error)}", soft_wrap=True)
        keep(experiment, None, _named(error))

    def run(experiment: FeedExperiment, advance: Advance) -> None:
        try:
            # In the form in which it is read back: tuples become lists, and NaN is refused.
            result = json.loads(json.dumps(step.run(experiment, advance), allow_nan=False))
        except Exception as error:
            failed(experiment, error)
            return
        keep(experiment, result, None)

    def wanted(experiment: FeedExperiment) -> bool:
        try:
            return bool(step.wanted(experiment))
        except Exception as error:
            failed(experiment, error)
            return False

    def check(experiment: FeedExperiment) -> None:
        try:
            step.check(experiment)
        except UsageError:
            raise
        except Exception as error:
            raise UsageError(f"the step {step.name}: check failed: {_named(error)}") from error

    def seconds(budget: Budget) -> float:
        try:
            return float(step.seconds(budget))
        except Exception as error:
            stderr().print(f"lobench: the step {step.name}: seconds failed: {_named(error)}", soft_wrap=True)
            return 0.0

    return replace(step, run=run, wanted=wanted, check=check, seconds=seconds)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
