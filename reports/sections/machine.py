"""The environment, the variants as they were, and the exact command that repeats the result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lobench.reports.blocks import Cell, Code, Fold, Section, Table, Text
from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.document import Result

EVALUATED = {"last": "at every record with F_LAST and without F_SNAPSHOT", "every": "at every record"}


def section(document: Result) -> Section:
    return Section(
        "environment",
        "Environment, and how to repeat this",
        [
            Text("This command repeats the measurement:"),
            Code(document.command),
            Text("Do not compare figures of two machines or two days: only ratios within a session are measured."),
            Fold("The variants as they were", "", [_variants(document)], unfolded=False, printed=False),
            Fold("The machine and its software", "", [_environment(document)], unfolded=False, printed=False),
        ],
    )


def _variants(document: Result) -> Table:
    """The variants on the page; the factorial's combinations are named by their policies anyway."""
    met = {outcome.name for feed in document.feeds for outcome in feed.verification}
    met |= {name for feed in document.feeds if feed.session for name in feed.session.measured}
    met |= {subject.name for subject in document.contest.subjects} if document.contest else set()
    rows = [
        [
            Cell(variant.name),
            Cell(variant.summary, ", ".join(f"{axis}: {policy}" for axis, policy in variant.policies.items())),
            Cell(variant.source_digest, tone="mono"),
        ]
        for variant in document.variants
        if variant.name in met
    ]
    what = document.contest.kind if document.contest else "variants"
    headings = [what[:-1], "summary", "digest of its source"]
    return Table(f"The {what}", headings, rows, words=frozenset({0, 1, 2}))


def _environment(document: Result) -> Table:
    replayed = [
        ("features evaluated", EVALUATED.get(document.evaluate, document.evaluate)),
        ("replayed until", document.until),
    ]
    facts = [
        ("created", document.created),
        ("status", document.status),
        *([] if document.contest else replayed),
        ("digest of all sources", document.source_digest),
        *_flat("", as_json(document.environment)),
    ]
    return Table(
        "The machine and its software",
        ["fact", "value"],
        [[Cell(name), Cell(text)] for name, text in facts],
        words=frozenset({0, 1}),
        compact=True,
    )


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    """Nested facts as lines; unknown ones are left out."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _flat(f"{prefix} {key}".strip().replace("_", " "), entry)
    elif isinstance(value, list):
        if value:
            yield prefix, ", ".join(str(entry) for entry in value)
    elif value is not None:
        yield prefix, f"{value:,}" if type(value) is int else str(value)
