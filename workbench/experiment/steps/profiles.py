"""Profiles: where each variant's time goes. Minutes of profilers, kept variant by variant."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lobench.engine.errors import LobenchError
from lobench.engine.foreign.start import Contestant
from lobench.engine.workload import Workload
from lobench.workbench.console import progress, stderr
from lobench.workbench.experiment.document import Document
from lobench.workbench.experiment.feed import FeedExperiment
from lobench.workbench.experiment.step import Advance, Step
from lobench.workbench.optional_dependencies import anywhere
from lobench.workbench.results.conversion import as_json, from_json
from lobench.workbench.results.model.analysis import StageShare
from lobench.workbench.results.model.document import FeedResult
from lobench.workbench.results.model.profiles import Calibration, Profiles, VariantProfile

if TYPE_CHECKING:
    from lobench.workbench.profile.model.variant import Profiled

CALIBRATE = "lobench profile --calibrate"


def add_profiles(
    document: Document, content: FeedResult, variants: Sequence[Contestant], workload: Workload, folder: Path
) -> None:
    """Profile ``variants``, in the ladder's order, on a feed, and store the report's part of each in ``content``, the
    feed's part of the document: entries under ``profiles``, shares of the time under ``analysis.stages``.

    The tools' own output goes to ``folder``. Missing tools and failures are reported on stderr, and the rest continues.
    """
    from lobench.workbench.profile import analysis_stages, for_report
    from lobench.workbench.profile.needs import MissingToolError, require

    try:
        require("pyelftools")
    except MissingToolError as error:
        _tell(f"no profiles: {error}")
        return

    card = calibration(document)
    content.profiles = Profiles("profiles", 1, content.name, (), card)
    if card is None:
        _tell(f"the error of profilers on this machine is unknown; before the next run: {CALIBRATE}")
    if content.analysis is not None:
        content.analysis = replace(content.analysis, stages=())
    told: set[str] = set()
    before: Profiled | None = None
    with progress("profiling", len(variants)) as ticker:
        for variant in variants:
            try:
                made = for_report(
                    variant,
                    content.specs,
                    folder / variant.name,
                    before=before,
                    tuning=as_json(content.tuning),
                    workload=workload,
                    report=_labels(ticker.label, variant.name),
                )
            except LobenchError as error:
                _tell(f"{variant.name} is not profiled: {error}")
                continue
            finally:
                ticker.advance()
            for method, reason in made.entry.missing.items():
                if reason not in told:
                    _tell(f"profiles without {method}: {reason}")
                    told.add(reason)
            keep(content, made.entry, analysis_stages(made.profile))
            document.save()
            # Variants beside the ladder are compared with its top, as in their steps.
            before = made.profile if variant.phase is not None or before is None else before
    if not content.profiles.variants:
        content.profiles = None


def keep(content: FeedResult, entry: VariantProfile, stages: Sequence[StageShare]) -> None:
    """Add one variant's entry and its ``stages`` to a feed's part of a document."""
    missing = {method: anywhere(reason) for method, reason in entry.missing.items()}
    if content.profiles is not None:
        content.profiles.variants = (*content.profiles.variants, replace(entry, missing=missing))
    if content.analysis is not None:
        # A stage cannot take negative time, but the difference of two noisy times can be below 0.
        told = tuple(replace(row, share=row.share.at_least(0.0)) for row in stages)
        content.analysis = replace(content.analysis, stages=(*(content.analysis.stages or ()), *told))


def calibration(document: Document) -> Calibration | None:
    """The card that ``lobench profile --calibrate`` left where results are kept, if it is of this machine."""
    path = document.folder.path.parent / "profile" / "calibration.json"
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        same = card["machine"]["machine_digest"] == document.content.environment.machine_digest
        known = (card["kind"], card["format"]) == ("calibration", 1)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return from_json(Calibration, card) if same and known else None


def _labels(label: Callable[[str], None], name: str) -> Callable[[str], None]:
    return lambda method: label(f"profiling {name}: {method}")


def _tell(text: str) -> None:
    stderr().print(f"lobench: {text}", markup=False, soft_wrap=True)


def _profile(experiment: FeedExperiment, advance: Advance) -> None:
    folder = experiment.document.folder.path.absolute() / "profiles" / experiment.feed.digest[:8]
    add_profiles(experiment.document, experiment.content, experiment.trusted, experiment.workload, folder)


PROFILES = Step(
    name="profiles",
    title="profiles",
    run=_profile,
    # The ladder's analysis would overwrite the stages' shares that this step adds.
    needs=("ladder",),
    adds=("profiles", "analysis"),
    wanted=lambda experiment: experiment.budget.profile,
)
