"""The sections of docs/semantics.md that rules are of, as their headings begin."""

from __future__ import annotations

from typing import Final

ARITHMETIC: Final = "Arithmetic"
EVENTS: Final = "Events"
BOOKS: Final = "Book rules"
TRACKERS: Final = "Trackers"
EVALUATION: Final = "Evaluation"
FEATURES: Final = "The 24 features"
CONTEXT: Final = "Context"
STRATEGIES: Final = "Strategies"
TRACE: Final = "Trace"
