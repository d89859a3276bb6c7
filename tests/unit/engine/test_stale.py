"""A replay after it was closed, and a book after its replay went on, raise an error: their memory is another's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lobench.engine.errors import StaleError
from lobench.engine.inspection import Book
from lobench.engine.policy import Variant
from lobench.engine.replay import Replay
from tests.support.replays import PHASE, TOP, chunks, each
from tests.support.streams import Market

pytestmark = pytest.mark.normal

READINGS: dict[str, Callable[[Book], object]] = {
    "levels": lambda book: list(book.levels("B")),
    "events": lambda book: book.events,
    "accounts": lambda book: book.accounts(),
    "end": lambda book: book.end(),
}


@pytest.mark.parametrize("variant", each([PHASE[4], TOP]))
def test_stale(variant: Variant) -> None:
    parts = list(chunks(Market(3, instruments=2).records(3_000), 1_000))
    with Replay(variant, observe=False, until="book") as replay:
        replay.apply(parts[0])
        book, *_ = replay.books()
        walk = book.levels("B")
        next(walk)
        for read in READINGS.values():
            read(book)
        replay.end_state("book")
        replay.memory()
        assert book.events > 0, "looking changes nothing"
        replay.apply(parts[1])
        for read in READINGS.values():
            with pytest.raises(StaleError, match="get the books from the replay again"):
                read(book)
        with pytest.raises(StaleError):
            next(walk)
        book, *_ = replay.books()
        replay.run(parts[2].address, parts[2].stride, parts[2].count)
        with pytest.raises(StaleError):
            list(book.levels("A"))
        book, *_ = replay.books()
    used: list[Callable[[], object]] = [
        *[lambda read=read: read(book) for read in READINGS.values()],
        replay.books,
        replay.memory,
        replay.end_state,
        replay.finish,
        lambda: replay.apply(parts[0]),
        lambda: replay.run(parts[0].address, parts[0].stride, parts[0].count),
    ]
    for use in used:
        with pytest.raises(StaleError, match="closed"):
            use()
    replay.close()
