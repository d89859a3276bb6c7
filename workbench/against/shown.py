"""A comparison with a vendor's rows, for a person."""

from __future__ import annotations

from collections.abc import Iterator

from lobench.engine.records import UNDEF_PRICE
from lobench.workbench.against.answer import UNKNOWN
from lobench.workbench.against.comparing import BEYOND, DIFFERENT, EQUAL, UNMATCHED
from lobench.workbench.against.proof import Levels, Proof


def counts(proof: Proof) -> Iterator[tuple[str, str]]:
    """The compared things and their agreement: a label and a text each."""
    answer = proof.answer
    yield "feed", f"{proof.feed}, {proof.records:,} records, books of {proof.variant}"
    yield "against", f"{answer.name}, {answer.kind}, {answer.depth} levels a side"
    yield "rows", f"{proof.count(EQUAL):,} of {len(answer):,} agree"
    wrong = int(proof.differing.sum())
    yield "levels", f"{proof.levels - wrong:,} of {proof.levels:,} agree"
    for outcome, what in (
        (DIFFERENT, "differ"),
        (BEYOND, "differ only where the file did not show all that happened: beyond the worst level of an earlier row"),
        (UNMATCHED, "are of no record of the feed"),
    ):
        if proof.count(outcome):
            yield "", f"{proof.count(outcome):,} rows {what}"


def verdict(proof: Proof) -> str:
    return "the books agree" if proof.agrees else "THE BOOKS DIFFER"


def difference(proof: Proof) -> list[str]:
    """The first difference with both books; nothing if there is none."""
    return [] if proof.first is None else list(_first(proof, proof.first))


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
