"""Warnings to read before a session's figures."""

from __future__ import annotations

from lobench.engine.scope import Scope, told
from lobench.engine.stages import STAGES
from lobench.workbench.results.model.document import Result
from lobench.workbench.results.model.samples import SessionResult

FEW = 5
"""Fewer processes show little of the difference between processes."""


def caution(session: SessionResult) -> str | None:
    """A warning that a session rests on few processes, with a remedy; None if it does not."""
    processes = session.samples.processes
    if processes >= FEW:
        return None
    count = "1 process" if processes == 1 else f"{processes} processes"
    return f"measured in only {count}: intervals rest on little data; a longer --budget allows more processes"


def idleness(name: str, evaluations: int, until: str) -> str | None:
    """A warning that features and strategies were replayed but had no work on a feed, with a remedy; None if they had
    some."""
    return unevaluated(name) if evaluations == 0 and evaluates(until) else None


def extent(document: Result) -> str:
    """The extent of a session with engines from outside: the results that all of them offer."""
    compared = document.compared
    assert compared is not None, "of a session with engines from outside"
    scope = Scope(until=document.until, books=compared.books, trace=compared.trace, anomalies=False)
    whole = "" if document.until == compared.asked else f"every replay ends after the stage {document.until}; "
    return f"{whole}all agree in {told(scope, compared.asked)}{'' if compared.trace else '; traces are not compared'}"


def evaluates(until: str) -> bool:
    """Whether a replay that stops after stage ``until`` evaluates anything."""
    return STAGES.index(until) >= STAGES.index("features")


def unevaluated(name: str) -> str:
    """The warning for the feed ``name`` if none of its records is evaluated."""
    return (
        f"{name}: no record closes an event (flag F_LAST), so nothing is evaluated: features and strategies have no "
        "work, and no phase gets a verdict; --evaluate every evaluates at each record, --until book measures only books"
    )
