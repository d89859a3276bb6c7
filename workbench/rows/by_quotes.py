"""The sample of changes of the best prices and sizes, which is chosen after all rows are made."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lobench.engine.compiling import entry
from lobench.engine.picking import Pick, pick_all
from lobench.engine.rows import OUTPUT_SLICE, Rows
from lobench.workbench.rows.numbering import Numbers, book_keys


class ByQuotes:
    """``bbo``. Its rows need at least one level."""

    slice_records = OUTPUT_SLICE
    pick: Pick = staticmethod(pick_all)

    def __init__(self) -> None:
        self._books = Numbers()
        self._bests = np.zeros((0, 4), np.int64)

    def take(self, rows: Rows) -> Iterator[Rows]:
        books = self._books.of(book_keys(rows.heads))
        # No book has a size of -1, so its first evaluation always differs.
        more = np.full((len(self._books) - len(self._bests), 4), -1, np.int64)
        self._bests = np.concatenate([self._bests, more])
        quotes = [np.ascontiguousarray(rows.levels[name][:, 0]) for name in ("bid_px", "bid_sz", "ask_px", "ask_sz")]
        chosen = np.zeros(len(rows), np.bool_)
        _compare(books, *quotes, self._bests, chosen)
        yield rows.some(np.flatnonzero(chosen))

    def finish(self) -> Iterator[Rows]:
        yield from ()


@entry
def _compare(
    books: npt.NDArray[np.int64],
    bid_price: npt.NDArray[np.int64],
    bid_size: npt.NDArray[np.int64],
    ask_price: npt.NDArray[np.int64],
    ask_size: npt.NDArray[np.int64],
    bests: npt.NDArray[np.int64],
    chosen: npt.NDArray[np.bool_],
) -> None:
    """Set ``chosen`` for the rows whose best prices or sizes differ from those of the book's previous row, which are in
    ``bests``."""
    for row in range(len(books)):
        best = bests[books[row]]
        quote = bid_price[row], bid_size[row], ask_price[row], ask_size[row]
        chosen[row] = (best[0], best[1], best[2], best[3]) != quote
        best[0], best[1], best[2], best[3] = quote
