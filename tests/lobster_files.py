"""LOBSTER files in tests: lines of messages, and of order books, and the pair that a slow book writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

STEM = "ABC_2012-06-21_34200000_57600000_{}_{}.csv"

Message = tuple[float | str, int, int, int, int, int]
"""Time, type, id, size, price (1e-4 dollars), direction."""
Level = tuple[int, int]


def lines(rows: Iterable[Sequence[object]]) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def order_book_row(bids: Sequence[Level], asks: Sequence[Level], depth: int) -> list[int]:
    """Ask price, ask size, bid price, bid size of each level, best first, with what stands for no level."""
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
