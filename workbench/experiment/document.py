"""The result document in the making: what is known of it from the start, and saving it as it grows."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from lobench.engine.cache import source_digest
from lobench.engine.feeds import LoadedFeed
from lobench.engine.policy import Variant
from lobench.workbench.environment import environment
from lobench.workbench.experiment.options import Options
from lobench.workbench.measurement.variant_digest import variant_digest
from lobench.workbench.results import ResultFolder
from lobench.workbench.verification.compare import Verification

SAVED_EVERY = 2.0
"""Seconds between two savings of samples, so that saving does not disturb what is being measured."""


class Document:
    """A document and the folder that keeps it."""

    def __init__(self, content: dict[str, Any], folder: ResultFolder) -> None:
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
        self.content["status"] = "complete"
        self.save()


def new_content(kind: str, variants: Sequence[Variant], evaluate: str, until: str, options: Options) -> dict[str, Any]:
    """A document without feeds."""
    return {
        "kind": kind,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": repeatable(sys.argv[1:]),
        "options": options.as_json(),
        "status": "partial",
        "evaluate": evaluate,
        "until": until,
        "environment": environment(),
        "source_digest": source_digest(),
        "variants": [
            {
                "name": variant.name,
                "phase": variant.phase,
                "summary": variant.summary,
                "policies": variant.policies,
                "replaced": list(variant.replaced),
                "source_digest": variant_digest(variant),
            }
            for variant in variants
        ],
        "feeds": [],
        "sweep": None,
    }


def repeatable(arguments: Sequence[str]) -> str:
    """The command that repeats a measurement: what was typed, without where results were to be kept."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-o", "--output")
    return shlex.join(["lobench", *parser.parse_known_args(arguments)[1]])


def new_feed(specs: Sequence[str], feed: LoadedFeed, outcomes: Sequence[Verification]) -> dict[str, Any]:
    """A verified feed that nothing was measured on. The first outcome is the reference's."""
    result = outcomes[0].result
    return {
        "specs": list(specs),
        "name": feed.name,
        "digest": feed.digest,
        "events": feed.count,
        "evaluations": result.evaluations,
        "books": len(result.books),
        "anomalies": dict(result.anomalies),
        "verification": [verification(outcome) for outcome in outcomes],
        "counters": {},
        "session": None,
        "factorial": None,
        "from_top": None,
        "isolated": None,
        "scaling": None,
        "at_once": None,
        "limits": None,
        "analysis": None,
    }


def verification(outcome: Verification) -> dict[str, Any]:
    """One verified replay as the document has it."""
    return {
        "name": outcome.name,
        "workers": outcome.workers,
        "agrees": outcome.agrees,
        "digests": outcome.digests() or None,
        "difference": "\n".join(outcome.lines()) or None,
    }
