"""Verification: the replays that agree with the reference to the last bit, the results compared, and the feed."""

from __future__ import annotations

from collections.abc import Sequence

from lobench.engine.scope import BOOKS
from lobench.engine.stages import STAGES
from lobench.reports.blocks import Block, Cell, Fold, Section, Table, Text
from lobench.reports.numbers import counted, integer, listed
from lobench.reports.result_view import ResultView
from lobench.reports.sections.shared import missing
from lobench.workbench.results.caution import extent
from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.document import Compared, Result, Verified

DIGESTS = {
    "trace": "trace",
    "state": "state at the end",
    "books": "digest of books",
    "features": "digest of features",
    "strategies": "digest of strategies",
}
"""The compared digests and their headings; a result has some of them."""

_DEPTHS = {"bbo": ["best prices", "sizes"], "levels": ["levels"], "queues": ["levels", "queues"]}
"""How deep books are compared."""


def section(view: ResultView) -> Section:
    blocks: list[Block] = [Text(_lead(view))]
    if view.document.compared is not None:
        blocks.append(Text(f"With engines from outside in the session, {extent(view.document)}."))
    blocks += [Text(f"{name} is refuted: {why}", mark="warning") for name, why in view.refuted.items()]
    if view.feed.verification:
        wrong = any(not outcome.agrees for outcome in view.feed.verification)
        table = _table(view.feed.verification)
        blocks.append(Fold("Every replay, with its digests", "", [table], unfolded=wrong, printed=wrong))
    else:
        blocks.append(missing("No variant was verified on this feed.", view.run()))
    blocks.append(Fold("The feed", "", [_feed(view)], unfolded=False, printed=False))
    return Section("verification", "Verification", blocks)


def _lead(view: ResultView) -> str:
    outcomes = view.feed.verification
    agree = sum(outcome.agrees for outcome in outcomes)
    return (
        f"{agree} of {counted(len(outcomes), 'replay')} agree with the reference to the last bit. In the build that is "
        f"timed, the comparison covers {_covered(view.document)}. In timed replays the same answers are compared again."
    )


def _covered(document: Result) -> str:
    """What every replay of a session shows, and so what is compared of all."""
    stage = STAGES.index(document.until)
    if stage == 0:
        return "the sum of all fields of all records"
    compared = document.compared or Compared(BOOKS[-1], trace=True, asked=document.until)
    traced = listed(["the best prices", "the sizes at them", *["all features", "all signals"][: stage - 1]])
    kept = [*_DEPTHS[compared.books], *["features", "accounts"][: stage - 1]]
    parts = [f"the running trace of {traced} of every evaluation, at every 4,096th record"] if compared.trace else []
    parts.append(f"the state of all books ({listed(kept)}) at doubling intervals and at the end")
    return "; ".join([*parts, "and answers about random books in between"])


def _table(outcomes: Sequence[Verified]) -> Table:
    rows = []
    found = [as_json(outcome.digests) or {} for outcome in outcomes]
    kinds = [kind for kind in DIGESTS if any(kind in digests for digests in found)]
    for outcome, digests in zip(outcomes, found, strict=True):
        agrees = f"agrees in {outcome.compared}" if outcome.compared else "agrees"
        says = Cell(agrees, tone="good") if outcome.agrees else Cell("DIFFERS", tone="bad")
        cells = [Cell(outcome.name), Cell(str(outcome.workers)), says]
        rows.append([*cells, *(Cell(digests.get(kind, ""), tone="mono") for kind in kinds)])
    headings = ["variant", "workers", "outcome", *(DIGESTS[kind] for kind in kinds)]
    words = frozenset({0, *range(2, len(headings))})
    return Table("Replays compared with the reference", headings, rows, words=words)


def _feed(view: ResultView) -> Table:
    feed = view.feed
    anomalies = [f"{kind} {integer(count)}" for kind, count in feed.anomalies.items() if count]
    rows = [
        ("feed", view.name),
        ("given as", listed(list(feed.specs))),
        ("digest of its records", feed.digest),
        ("events", integer(feed.events)),
        ("evaluations", integer(feed.evaluations)),
        ("books", integer(feed.books)),
        ("anomalies", ", ".join(anomalies) or "none"),
    ]
    return Table(
        "The feed",
        ["fact", "value"],
        [[Cell(name), Cell(str(value))] for name, value in rows],
        words=frozenset({0, 1}),
        compact=True,
    )
