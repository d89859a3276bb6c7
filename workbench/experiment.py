"""The main job: verify variants on a feed, measure those that agree, keep everything."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from engine.cache import source_digest
from engine.errors import UsageError
from engine.feeds import Feed, load
from engine.policy import Variant
from variants import REFERENCE
from workbench.console import stderr
from workbench.environment import environment
from workbench.estimates import Estimates
from workbench.ladder import Rung, climb
from workbench.measure import CONTROL, Design, Session, measure, slice_for
from workbench.measuring import COLUMNS
from workbench.results import ResultFolder
from workbench.verification import verify_all
from workbench.verify import Verification
from workbench.warming import warm_all

VERIFIED_WITH = (1, 2)
"""Numbers of workers that every variant is verified with."""

SAVED_EVERY = 2.0
"""Seconds between two savings of the samples, so that saving does not disturb what is being measured."""


class Experiment:
    """One run over one feed. ``variants`` hold the reference; ``files`` are the user's own variants.

    Call ``verify``, then ``measure``. Raises UsageError for a feed without events.
    """

    def __init__(
        self,
        specs: Sequence[str],
        source: Feed,
        variants: Sequence[Variant],
        folder: ResultFolder,
        evaluate: str,
        files: Sequence[str],
    ) -> None:
        self._specs = list(specs)
        self._files = files
        self._evaluate = evaluate
        self.variants = list(variants)
        self.folder = folder
        self.feed = load(source)
        if not self.feed.count:
            raise UsageError(f"{self.feed.name}: no events to measure")
        self.outcomes: list[Verification] = []
        self.session = Session([], Design(1, 1.0))
        self._created = datetime.now(UTC).isoformat(timespec="seconds")
        self._environment = environment()
        self._source_digest = source_digest()

    def verify(self) -> None:
        """Compare every variant with the reference."""
        warm_all(self.variants, builds=("observed", "timed"), files=self._files)
        self.outcomes = verify_all(self.feed, self.variants, VERIFIED_WITH, evaluate=self._evaluate, files=self._files)

    @property
    def refuted(self) -> list[str]:
        """Names of variants that do not compute what the reference computes."""
        return list(dict.fromkeys(outcome.name for outcome in self.outcomes if not outcome.agrees))

    @property
    def trusted(self) -> list[Variant]:
        """Variants whose figures may be shown: verified, and with the right end state after every timed replay."""
        broken = {*self.refuted, *self.session.disagreeing}
        return [variant for variant in self.variants if variant.name not in broken]

    def measure(self, processes: int, seconds: float) -> None:
        """Measure the variants that agree, ``seconds`` in all. Samples are saved, also when this is interrupted."""
        design = Design(processes, seconds / processes, slice_for(self.feed.count))
        self.session = Session([*(variant.name for variant in self.trusted), CONTROL], design)
        saved = time.monotonic()

        def keep() -> None:
            nonlocal saved
            if time.monotonic() - saved > SAVED_EVERY:
                saved = time.monotonic()
                self.folder.save(self.document())

        self.folder.save(self.document())
        try:
            measure(self.session, self._specs, evaluate=self._evaluate, files=self._files, keep=keep)
        except BaseException:
            self.folder.save(self.document())
            kept = (
                f"stopped; the {len(self.session.samples):,} samples measured so far are kept in {self.folder.result}"
            )
            stderr().print(kept, markup=False, soft_wrap=True)
            raise
        self.folder.save(self.document())

    @cached_property
    def estimates(self) -> Estimates:
        """What the samples say; to be asked once the session is complete, as its bootstrap is done once."""
        slices = -(-self.feed.count // self.session.design.slice_records)
        return Estimates(self.session, self.feed.count / slices)

    @cached_property
    def ladder(self) -> list[Rung]:
        """The rungs of the trusted variants."""
        return climb(self.trusted, self.estimates)

    def document(self) -> dict[str, Any]:
        """Everything there is to keep; the ladder once the session is complete."""
        session = self.session
        known = {
            "created": self._created,
            "command": shlex.join(["lobench", *sys.argv[1:]]),
            "feed": {
                "specs": self._specs,
                "name": self.feed.name,
                "digest": self.feed.digest,
                "events": self.feed.count,
            },
            "evaluate": self._evaluate,
            "environment": self._environment,
            "source_digest": self._source_digest,
            "variants": [
                {"name": variant.name, "phase": variant.phase, "summary": variant.summary, "policies": variant.policies}
                for variant in self.variants
            ],
            "verification": [outcome.as_json() for outcome in self.outcomes],
            "status": "complete" if session.complete else "partial",
            "design": asdict(session.design),
            "measured": session.variants,
            "disagreeing_after_timed_replay": sorted(session.disagreeing),
            "samples": {"columns": ["process", *COLUMNS], "rows": session.samples},
        }
        if not session.complete:
            return known
        return {
            **known,
            "noise_floor": self.estimates.noise_floor(REFERENCE),
            "ladder": [rung.as_json() for rung in self.ladder],
        }
