"""The result document in the making: its initial facts, and saving it as it grows."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from lobench.engine.cache import source_digest
from lobench.engine.feeds import LoadedFeed
from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.foreign.start import Contestant
from lobench.engine.scope import least
from lobench.engine.workload import Workload
from lobench.workbench.environment import environment
from lobench.workbench.measurement.variant_digest import variant_digest
from lobench.workbench.results import ResultFolder
from lobench.workbench.results.conversion import from_json
from lobench.workbench.results.model.document import (
    Compared,
    Digests,
    EngineEntry,
    FeedResult,
    Options,
    Result,
    VariantEntry,
    Verified,
)
from lobench.workbench.results.model.ladder import KeptLadder
from lobench.workbench.verification.compare import Verification

SAVED_EVERY = 2.0
"""Seconds between two savings of samples, so that saving does not disturb the measurement."""


class Document:
    """A document and the folder that keeps it."""

    def __init__(self, content: Result, folder: ResultFolder) -> None:
        self.content = content
        self.folder = folder
        self._saved = 0.0

    def save(self, *, seldom: bool = False) -> None:
        """Replace the file. ``seldom``: unless that was done a moment ago."""
        if not seldom or time.monotonic() - self._saved > SAVED_EVERY:
            self.folder.save(self.content)
            self._saved = time.monotonic()

    def finish(self) -> None:
        """Everything is there."""
        self.content.status = "complete"
        self.save()


def new_content(
    kind: str,
    variants: Sequence[Contestant],
    workload: Workload,
    options: Options | None,
    ladder: KeptLadder | None = None,
) -> Result:
    """A document without feeds; ``ladder``: of the user. Engines from outside that offer less than the workload's
    ``until`` have all the others cut to that stage."""
    scope = least(variant.scope(workload.until) for variant in variants)
    foreign = any(isinstance(variant, ForeignEngine) for variant in variants)
    return Result(
        kind=kind,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=repeatable(sys.argv[1:]),
        options=options,
        status="partial",
        evaluate=workload.evaluate,
        until=scope.until,
        environment=environment(),
        source_digest=source_digest(),
        variants=tuple(
            VariantEntry(
                name=variant.name,
                phase=variant.phase,
                summary=variant.summary,
                policies=variant.policies,
                replaced=tuple(variant.replaced),
                source_digest=variant_digest(variant),
                engine=_engine(variant),
            )
            for variant in variants
        ),
        feeds=[],
        sweep=None,
        compared=Compared(scope.books, scope.trace, workload.until) if foreign else None,
        ladder=ladder,
    )


def _engine(variant: Contestant) -> EngineEntry | None:
    if not isinstance(variant, ForeignEngine):
        return None
    return EngineEntry(variant.title, variant.version, variant.offered, variant.left_out)


def repeatable(arguments: Sequence[str]) -> str:
    """The command that repeats a measurement: the typed one, without the location of results."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-o", "--output")
    return shlex.join(["lobench", *parser.parse_known_args(arguments)[1]])


def new_feed(specs: Sequence[str], feed: LoadedFeed, outcomes: Sequence[Verification]) -> FeedResult:
    """A verified feed that nothing was measured on. The first outcome is the reference's."""
    result = outcomes[0].result
    return FeedResult(
        specs=tuple(specs),
        name=feed.name,
        digest=feed.digest,
        events=feed.count,
        evaluations=result.evaluations,
        books=len(result.books),
        anomalies=dict(result.anomalies),
        verification=tuple(map(verified, outcomes)),
        counters={},
        session=None,
        factorial=None,
        isolated=None,
        scaling=None,
        limits=None,
        analysis=None,
    )


def verified(outcome: Verification) -> Verified:
    """One verified replay as the document has it."""
    digests = outcome.digests()
    return Verified(
        name=outcome.name,
        workers=outcome.workers,
        agrees=outcome.agrees,
        digests=from_json(Digests, digests) if digests else None,
        difference="\n".join(outcome.lines()) or None,
        compared=outcome.compared,
    )
