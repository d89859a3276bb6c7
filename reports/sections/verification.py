"""Verification: which replays agree with the reference to the last bit, on what, and what the feed held."""

from __future__ import annotations

from typing import Any

from lobench.reports.blocks import Block, Cell, Section, Table, Text
from lobench.reports.facts import Facts
from lobench.reports.numbers import counted, integer, listed
from lobench.reports.sections.shared import missing

DIGESTS = {
    "trace": "trace",
    "state": "state at the end",
    "books": "digest of books",
    "features": "digest of features",
    "strategies": "digest of strategies",
}
"""What a verification compared, and its heading; results tell which of them they have."""


def section(facts: Facts) -> Section:
    blocks: list[Block] = [Text(_lead(facts))]
    blocks += [Text(f"{name} is refuted: {why}", mark="warning") for name, why in facts.refuted.items()]
    if facts.feed["verification"]:
        blocks.append(_table(facts.feed["verification"]))
    else:
        blocks.append(missing("No variant was verified on this feed.", facts.run()))
    blocks.append(_feed(facts))
    return Section("verification", "Verification", blocks)


def _lead(facts: Facts) -> str:
    outcomes = facts.feed["verification"]
    agree = sum(outcome["agrees"] for outcome in outcomes)
    return (
        f"{agree} of {counted(len(outcomes), 'replay')} agree with the reference to the last bit. Compared are, of the "
        "build that is timed: its running trace of the best prices and sizes, all features and all signals of every "
        "evaluation, at every 4,096th record; the state of every book, queue and account at records that double and at "
        "the end; and answers about random books between. In timed replays the trace, the state at the end and answers "
        "are compared again."
    )


def _table(outcomes: list[dict[str, Any]]) -> Table:
    rows = []
    kinds = [kind for kind in DIGESTS if any(kind in (outcome["digests"] or {}) for outcome in outcomes)]
    for outcome in outcomes:
        digests = outcome["digests"] or {}
        says = Cell("agrees", tone="good") if outcome["agrees"] else Cell("DIFFERS", tone="bad")
        cells = [Cell(outcome["name"]), Cell(str(outcome["workers"])), says]
        rows.append([*cells, *(Cell(digests.get(kind, ""), tone="mono") for kind in kinds)])
    headings = ["variant", "workers", "outcome", *(DIGESTS[kind] for kind in kinds)]
    words = frozenset({0, *range(2, len(headings))})
    return Table("Replays compared with the reference", headings, rows, words=words)


def _feed(facts: Facts) -> Table:
    feed = facts.feed
    anomalies = [f"{kind} {integer(count)}" for kind, count in feed["anomalies"].items() if count]
    rows = [
        ("feed", facts.name),
        ("given as", listed(feed["specs"])),
        ("digest of its records", feed["digest"]),
        ("events", integer(feed["events"])),
        ("evaluations", integer(feed["evaluations"])),
        ("books", integer(feed["books"])),
        ("anomalies", ", ".join(anomalies) or "none"),
    ]
    return Table(
        "The feed",
        ["fact", "value"],
        [[Cell(name), Cell(str(value))] for name, value in rows],
        words=frozenset({0, 1}),
        compact=True,
    )
