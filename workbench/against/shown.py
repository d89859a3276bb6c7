"""A comparison with a vendor's rows, for a person."""

from __future__ import annotations

from collections.abc import Iterator

from lobench.engine.records import UNDEF_PRICE
from lobench.workbench.against.answer import UNKNOWN
from lobench.workbench.against.comparing import BEYOND, DIFFERENT, EQUAL, UNMATCHED
from lobench.workbench.against.proof import Levels, Proof


def lines(proof: Proof) -> Iterator[str]:
    """Counts, the verdict, and the first difference with both books."""
    answer = proof.answer
    yield f"feed         {proof.feed}, {proof.records:,} records, books of {proof.variant}"
    yield f"against      {answer.name}, {answer.kind}, {answer.depth} levels a side"
    yield f"rows         {proof.count(EQUAL):,} of {len(answer):,} agree"
    wrong = int(proof.differing.sum())
    yield f"levels       {proof.levels - wrong:,} of {proof.levels:,} agree"
    for outcome, what in (
        (DIFFERENT, "differ"),
        (BEYOND, "differ only where the file did not show all that happened: beyond the worst level of an earlier row"),
        (UNMATCHED, "are of no record of the feed"),
    ):
        if proof.count(outcome):
            yield f"             {proof.count(outcome):,} rows {what}"
    yield f"verdict      {'the books agree' if proof.agrees else 'THE BOOKS DIFFER'}"
    if proof.first is not None:
        yield ""
        yield from _first(proof, proof.first)


def _first(proof: Proof, row: int) -> Iterator[str]:
    answer = proof.answer
    where = f"sequence {answer.sequence[row]}"
    if answer.time[row]:
        where += f", ts_event {answer.time[row]}, instrument {answer.instrument[row]}"
    if proof.ours is None:
        yield f"First difference: row {row + 1} ({where}) is of no record of the feed"
        return
    yield f"First difference: row {row + 1} ({where}), record {proof.record} of the feed"
    yield f"{'':>5} {'ours':^66} {'theirs':^66}"
    titles = ["bid", "size", "orders", "ask", "size", "orders"]
    yield "level " + " ".join(f"{title:>10}" for title in titles * 2)
    for level, (ours, theirs) in enumerate(zip(proof.ours, answer.levels[row], strict=True)):
        mark = "" if _same(ours, theirs) else "  <"
        yield f"{level:>5} {_level(ours)} {_level(theirs)}{mark}"


def _same(ours: Levels, theirs: Levels) -> bool:
    return all(b in (UNKNOWN, a) for a, b in zip(ours.tolist(), theirs.tolist(), strict=True))


def _level(level: Levels) -> str:
    bid, ask, bid_size, ask_size, bid_count, ask_count = level.tolist()
    cells = [_price(bid), bid_size, _count(bid_count), _price(ask), ask_size, _count(ask_count)]
    return " ".join(f"{cell:>10}" for cell in cells)


def _price(price: int) -> str:
    return "-" if price == UNDEF_PRICE else f"{price / 1e9:.4f}"


def _count(count: int) -> str:
    return "?" if count == UNKNOWN else str(count)
