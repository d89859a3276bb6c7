"""LOBSTER files in tests: lines of messages, and of order books, and the pair that a slow book writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.support.equities import UNIT, Event

STEM = "ABC_2012-06-21_34200000_57600000_{}_{}.csv"

Message = tuple[float | str, int, int, int, int, int]
"""Time, type, id, size, price (1e-4 dollars), direction."""
Level = tuple[int, int]


def lines(rows: Iterable[Sequence[object]]) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def order_book_row(bids: Sequence[Level], asks: Sequence[Level], depth: int) -> list[int]:
    """Ask price, ask size, bid price, bid size of each level, best first, with the placeholders of missing levels."""
    row: list[int] = []
    for place in range(depth):
        row += asks[place] if place < len(asks) else (9_999_999_999, 0)
        row += bids[place] if place < len(bids) else (-9_999_999_999, 0)
    return row


def write_pair(
    folder: Path, messages: Iterable[Message], books: Iterable[Sequence[int]] | None = None, depth: int = 2
) -> str:
    """Write a message file, and an order book file if there are books; returns the message file's path."""
    path = folder / STEM.format("message", depth)
    path.write_text(lines(messages))
    if books is not None:
        (folder / STEM.format("orderbook", depth)).write_text(lines(books))
    return str(path)


def messages_of(events: Iterable[Event], midnight: int) -> Iterator[Message]:
    """Each event as a message, a replacement as two; ``midnight``: ns since the epoch."""
    kinds = {"add": 1, "cancel": 2, "delete": 3, "execute": 4}
    for what, one, other in events:
        parts = (("delete", one), ("add", other)) if what == "replace" else ((what, one),)
        for part, record in parts:
            seconds, rest = divmod(record.ts_event - midnight, 10**9)
            direction = 1 if record.side == ord("B") else -1
            price = record.price // UNIT
            yield f"{seconds}.{rest:09d}", kinds[part], record.order_id, record.size, price, direction
