"""Verification: every variant against the reference, in the build that is timed."""

from __future__ import annotations

from collections.abc import Sequence

from lobench.engine.errors import LobenchError
from lobench.engine.foreign.start import Contestant
from lobench.workbench.experiment.document import new_feed
from lobench.workbench.experiment.feed import FeedExperiment
from lobench.workbench.experiment.step import Advance, Step
from lobench.workbench.results.conversion import from_json
from lobench.workbench.results.model.document import Tuning
from lobench.workbench.results.refuted import failed
from lobench.workbench.verification.compare import Verification
from lobench.workbench.verification.variants import Settings, verify_all

WORKERS = (1, 2)
"""Numbers of workers that every variant is verified with."""


def compared(experiment: FeedExperiment, variants: Sequence[Contestant]) -> list[Verification]:
    """The reference's outcome first, then those of ``variants``, on the whole feed."""
    kept = experiment.document.content.compared
    settings = Settings(
        experiment.workload, WORKERS, seconds=experiment.budget.time_limit, asked=kept.asked if kept else None
    )
    return verify_all(experiment.feed, variants, settings)


def _verify(experiment: FeedExperiment, advance: Advance) -> None:
    """Begin the feed's part of the document. Raises LobenchError where the ladder's own reference does not agree with
    lobench's."""
    content = new_feed(experiment.specs, experiment.feed, compared(experiment, experiment.variants))
    content.tuning = from_json(Tuning, experiment.picked.as_json()) if experiment.picked else None
    experiment.begin(content)
    reference = experiment.ladder.reference
    wrong = failed(content).get(reference)
    if wrong is not None:
        name = f"{experiment.feed.name}: {reference}"
        raise LobenchError(f"{name}, the ladder's reference, does not agree, so nothing is compared with it:\n{wrong}")


VERIFICATION = Step(
    name="verification",
    title="verification",
    run=_verify,
    adds=("verification", "anomalies", "tuning"),
    # A feed in a resumed document was verified with the same sources.
    wanted=lambda experiment: not experiment.begun,
)
