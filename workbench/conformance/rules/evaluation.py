"""The evaluated records, and the events of a book, shown by the feature ``event_number``."""

from __future__ import annotations

from math import nan
from typing import Final

from lobench.engine.oracle.features import FEATURES as NAMES
from lobench.engine.records import F_LAST, F_SNAPSHOT
from lobench.workbench.conformance.rule import LeftOut, Rule, Shown, features
from lobench.workbench.conformance.rules.sections import BOOKS, EVALUATION, EVENTS
from lobench.workbench.conformance.stream import UNDEFINED, Row, add, at, none, record, trade


def _evaluation(
    name: str,
    section: str,
    says: str,
    stream: tuple[Row, ...],
    *shows: Shown,
    group: LeftOut | None = None,
    evaluate: str = "last",
) -> Rule:
    return Rule(name, section, says, stream, shows, needs="features", group=group, evaluate=evaluate)


RULES: Final = (
    _evaluation(
        "event-number",
        EVENTS,
        "A book counts its own events from 1, whatever their action.",
        (none(), *at(2, 1, none()), *at(1, 2, none()), add(1, "B", 100, 5)),
        features({"event_number": 2.0}),
    ),
    _evaluation(
        "not-last",
        EVALUATION,
        "A record without F_LAST is not evaluated.",
        (none(), none(0)),
        features({"event_number": 1.0}),
    ),
    _evaluation(
        "snapshot-last",
        EVALUATION,
        "A record with F_SNAPSHOT is not evaluated, not even with F_LAST.",
        (none(), none(F_LAST | F_SNAPSHOT), none(F_SNAPSHOT)),
        features({"event_number": 1.0}),
    ),
    _evaluation(
        "other-flags",
        EVALUATION,
        "The five lower flags are ignored.",
        (none(), none(F_LAST | 0x1F), none(0x1F)),
        features({"event_number": 2.0}),
    ),
    _evaluation(
        "evaluate-every",
        EVALUATION,
        "If every record is to be evaluated, flags are ignored.",
        (none(), none(0), none(F_SNAPSHOT)),
        features({"event_number": 3.0}),
        evaluate="every",
    ),
    _evaluation(
        "evaluates-own-book",
        EVALUATION,
        "A record evaluates only its own book.",
        (*at(2, 1, none()), *at(1, 2, none()), none(), none(0), *at(2, 1, none())),
        features({"event_number": 1.0}),
        features({"event_number": 2.0}, (2, 1)),
        features({"event_number": 1.0}, (1, 2)),
    ),
    _evaluation(
        "before-first-evaluation",
        EVALUATION,
        "All features of a book that was never evaluated are NaN.",
        (add(1, "B", 100, 5, 0), add(2, "A", 101, 4, 0), trade("B", 101, 1, 0)),
        features(dict.fromkeys(NAMES, nan)),
    ),
    _evaluation(
        "ignored-record-evaluates",
        BOOKS,
        "An ignored record still triggers an evaluation if its flags say so.",
        (none(), record("X", "B", 100, 5, 1)),
        features({"event_number": 2.0}),
        group="repairs",
    ),
    _evaluation(
        "ignored-record-counts",
        BOOKS,
        "An ignored record still counts as an event of its book.",
        (record("X", "B", 100, 5, 1, 0), add(1, "N", 100, 5, 0), trade("B", UNDEFINED, 5, 0), none()),
        features({"event_number": 4.0}),
        group="repairs",
    ),
)
