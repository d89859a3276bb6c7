"""Results of a ladder of one's own: made-up sessions (``tests.support.documents``) under other names,
analysed as real ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lobench.workbench import statistics
from lobench.workbench.results.conversion import as_json, from_json
from lobench.workbench.results.model.ladder import KeptLadder
from tests.support import typed
from tests.support.analyses import Document
from tests.support.documents import document

NAMES = {"p0_baseline": "base", "p1_zero_copy": "borrowed", "p2_snapshot": "unlocked"}
"""A step of lobench's to the one that takes its place."""
TITLES = {"base": "records are copied", "borrowed": "records are borrowed", "unlocked": "no lock"}
SPEEDS = {"p0_baseline": 1.0, "p1_zero_copy": 1.5, "p2_snapshot": 3.0}


def prediction(phase: int, low: float, high: float, **more: Any) -> Document:
    """As a document keeps it."""
    return {
        "phase": phase,
        "bottleneck": f"bottleneck {phase}",
        "low": low,
        "high": high,
        "source": "a guess",
        "date": "2026-11-01",
        **more,
    }


def on_ladder(
    *,
    name: str = "The Rust plan",
    ladder_until: str = "strategies",
    predictions: Sequence[Document] = (),
    extra: Sequence[str] = (),
    **more: Any,
) -> Document:
    """A result of three steps that are no variants of lobench's; ``extra``: those of lobench measured beside them at
    five times the speed; ``ladder_until``: how far the ladder goes; ``more``: as ``document``."""
    speeds = SPEEDS | dict.fromkeys(extra, 5.0)
    made: Document = document(speeds=speeds, analysis=False, **more)
    text = json.dumps(made)
    for old, new in NAMES.items():
        text = text.replace(old, new)
    made = json.loads(text)
    steps = list(NAMES.values())
    for variant in made["variants"]:
        place = steps.index(variant["name"]) if variant["name"] in steps else None
        variant["phase"] = place
        if place is not None:
            variant |= {"policies": {}, "source_digest": f"{place:016x}"}
    made["ladder"] = {
        "name": name,
        "reference": "base",
        "until": ladder_until,
        "steps": [{"variant": step, "title": TITLES[step]} for step in steps],
        "predictions": list(predictions),
    }
    return analysed(made)


def analysed(made: Document) -> Document:
    """With the analysis of its samples."""
    kept = from_json(KeptLadder, made["ladder"])
    for feed in made["feeds"]:
        found = statistics.analyse(typed.feed(feed), typed.entries(made["variants"]), made["until"], kept)
        feed["analysis"] = as_json(found)
    return made
