"""From documents as JSON, which tests make and change, to the dataclasses that the laboratory works with, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lobench import reports
from lobench.reports.blocks import Page
from lobench.reports.page import page as page_of
from lobench.reports.result_view import ResultView
from lobench.workbench import plan, statistics
from lobench.workbench.comparison import cmp, diff
from lobench.workbench.plan import Grade, Prediction
from lobench.workbench.results import FeedResult, Result
from lobench.workbench.results.conversion import as_json, from_json
from lobench.workbench.results.model.document import VariantEntry
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.samples import NamedSamples, SessionResult
from lobench.workbench.results.reading import parse, validate
from lobench.workbench.statistics.ladder import Comparisons

Document = dict[str, Any]


def result(made: Document) -> Result:
    """Not validated: tests also show documents that no file may hold."""
    return from_json(Result, made)


def feed(made: Document) -> FeedResult:
    return from_json(FeedResult, made)


def session(made: Document) -> SessionResult:
    return from_json(SessionResult, made)


def samples(made: Document) -> NamedSamples:
    """Also of a session's own samples, which have no names."""
    return from_json(NamedSamples, {"names": [], **made})


def entries(variants: Sequence[Document]) -> list[VariantEntry]:
    return [from_json(VariantEntry, {"summary": "", "source_digest": "", **entry}) for entry in variants]


def read(path: str | Path) -> Document:
    """The content of a file, which must be a valid document."""
    made = parse(path)
    validate(made, str(path))
    return made


def analyse(made: Document, variants: Sequence[Document], until: str = "strategies") -> Document:
    """``feeds[].analysis`` of a feed."""
    said: Document = as_json(statistics.analyse(feed(made), entries(variants), until))
    return said


def compared(made: Document) -> Comparisons:
    return statistics.compared(session(made))


def compare(made: Document, base: str, variant: str, tolerance: float, *more: Any, **named: Any) -> Document:
    """``feeds[].comparison`` of a feed."""
    said: Document = as_json(cmp.compare(feed(made), base, variant, tolerance, *more, **named))
    return said


def changes(
    old: Document, new: Document, tolerance: float = 0.0, controls: Sequence[Document] = ()
) -> list[diff.FeedChanges]:
    return diff.changes(result(old), result(new), tolerance, list(map(result, controls)))


def views(*documents: Document) -> list[ResultView]:
    """Of every feed of every document."""
    return [ResultView(made, part) for made in map(result, documents) for part in made.feeds]


def page(documents: Sequence[Document]) -> Page:
    return page_of(list(map(result, documents)))


def write(documents: Sequence[Document], folder: Path) -> Path:
    """The path of the page of these documents."""
    return reports.write(list(map(result, documents)), folder)


def score(made: Document, part: Document, ledger: Mapping[int, Prediction]) -> list[Grade]:
    return plan.score(result(made), feed(part), ledger)


def share_from(made: Document, stage: str, digest: str | None = None, phase: int | None = None) -> tuple[float, float]:
    return plan.share_from(result(made), stage, digest, phase)


def interval(made: dict[str, float]) -> Interval:
    return from_json(Interval, made)
