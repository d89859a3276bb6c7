"""Observation of a replay: feature rows, top levels and, in a deep check, digests of all computed values.

A kernel takes a ``tap``: None in a timed run, where all of this compiles to nothing, or a record of dtype ``TAP``. It
gives the index of each evaluation's row, so only requested rows are written, and they are in the order of the feed
whatever order their records are handled in.
"""

from __future__ import annotations

from lobench.engine.compiling import inlined, kernel
from lobench.engine.containers import append, item
from lobench.engine.digest import accounts_value, fold, row_value, share
from lobench.engine.layout import BOOK, DIGESTS, PLACE, PLACE_BYTES
from lobench.engine.native import DOUBLE, INTEGER, Record, int64, view
from lobench.engine.policy import Kernel, LayoutKernels

DIGESTS_BYTES = DIGESTS.itemsize


@kernel
def observe_event(state: Record, book_address: int, tap: Record) -> None:
    """The book takes part in the next sample."""
    if tap is not None:
        book = view(book_address, BOOK)
        if tap["deep"] != 0 and book["dirty"] == 0:
            book["dirty"] = 1
            append(state["dirty_books"], book_address)


def build_observe_moment(layout: LayoutKernels) -> Kernel:
    """The function that observes evaluations of books of this layout."""
    write_levels = layout.write_levels

    @inlined
    def observe_moment(record: int, book: Record, tap: Record) -> int:
        """Called when a record's evaluation is due: writes the levels of its row and returns the row's index, or -1 if
        it becomes no row."""
        place = int64(-1)
        if tap["places"] != 0:
            place = int64(view(tap["places"] + (record - tap["first"]) * PLACE_BYTES, PLACE)["place"])
            if place >= 0 and tap["depth"] != 0:
                write_levels(book, tap["levels"] + place * tap["level_step"], tap["depth"])
        return place

    return observe_moment


@kernel
def observe_outcome(book: Record, row: int, features: int, strategies: int) -> None:
    """Fold a computed evaluation into its book's digests. Evaluations of a book arrive in their order."""
    book["hash"]["features"] = fold(book["hash"]["features"], row_value(row, features))
    accounts = accounts_value(book["strategies"], strategies)
    book["hash"]["strategies"] = fold(book["hash"]["strategies"], accounts)


@kernel
def write_row(place: int, source: int, step: int, tap: Record) -> None:
    """Write the chosen features of row ``place``. ``source``: address of all its features, doubles ``step`` bytes
    apart."""
    target = tap["rows"] + 8 * place
    for column in range(tap["columns"]):
        feature = view(tap["chosen"] + 8 * column, INTEGER)["value"]
        view(target, DOUBLE)["value"] = view(source + feature * step, DOUBLE)["value"]
        target += tap["column_step"]


@kernel
def enter(totals: Record, hashes: Record, entered: Record, key: int, first: bool) -> None:
    """Replace a book's part in the replay's digests by its present one."""
    if not first:
        totals["books"] -= entered["books"]
        totals["features"] -= entered["features"]
        totals["strategies"] -= entered["strategies"]
    entered["books"] = share(hashes["books"], key)
    entered["features"] = share(hashes["features"], key)
    entered["strategies"] = share(hashes["strategies"], key)
    totals["books"] += entered["books"]
    totals["features"] += entered["features"]
    totals["strategies"] += entered["strategies"]


def build_samples(layout: LayoutKernels) -> tuple[Kernel, Kernel]:
    """``take_samples(state)`` and ``observe_boundary(state, tap)`` for books of this layout."""
    arrange, book_value = layout.arrange, layout.book_value

    @kernel
    def take_samples(state: Record) -> None:
        """Fold the present state of every book that changed since its last sample into its digest, and all three into
        the replay's."""
        arrange(state, True)
        changed = state["dirty_books"]
        for index in range(changed["count"]):
            book = view(item(changed, index), BOOK)
            book["dirty"] = 0
            first = book["sampled"] == 0
            book["sampled"] = 1
            book["hash"]["books"] = fold(book["hash"]["books"], book_value(book))
            enter(state["digests"], book["hash"], book["entered"], book["key"], first)
        changed["count"] = 0

    @kernel
    def keep_sample(state: Record, tap: Record) -> None:
        if tap["deep"] != 0:
            take_samples(state)
            sample = view(tap["samples"] + tap["sample_count"] * DIGESTS_BYTES, DIGESTS)
            sample["books"] = state["digests"]["books"]
            sample["features"] = state["digests"]["features"]
            sample["strategies"] = state["digests"]["strategies"]
            tap["sample_count"] += 1

    @kernel
    def observe_boundary(state: Record, tap: Record) -> None:
        """Take and keep the digests of a batch boundary."""
        if tap is not None:
            keep_sample(state, tap)

    return take_samples, observe_boundary
