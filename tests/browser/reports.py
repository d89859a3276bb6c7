"""Results whose reports are looked at in a browser: of every kind, and with every part that a page can have."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.support.contests import TRUE, document_of, made
from tests.support.documents import document
from tests.support.ladders import on_ladder, prediction
from tests.support.paths import ROOT
from tests.support.reported import complete, elsewhere, hostile, many, refuted, wide

PAGES: dict[str, Callable[[], list[Any]]] = {
    "complete": lambda: [complete()],
    "many": lambda: [many(), complete()],
    "ladders": lambda: [complete(), on_ladder(predictions=[prediction(1, 1.3, 1.7), prediction(2, 4, 5)])],
    "machines": lambda: [complete(), elsewhere("Another CPU with a longer name 64-Core Processor")],
    "wide": lambda: [wide()],
    "default": lambda: [document(factorial=True, from_top=True, isolated=True, scaling=True, limits=True, sweep=True)],
    "quick": lambda: [document()],
    "partial": lambda: [document(status="partial")],
    "refuted": lambda: [refuted()],
    "cmp": lambda: [document(kind="cmp", speeds={"p0_baseline": 1.0, "mine": 1.2})],
    "callables": lambda: [document_of(made(TRUE))],
    "hostile": lambda: [hostile()],
    "published": lambda: [json.loads((ROOT / "reports/published/result.json").read_text())],
}
"""Name -> the results that a page is of."""
