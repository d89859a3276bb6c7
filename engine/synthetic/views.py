"""Kernels' access to the generator's memory: one record per book, side, level, order, fill, table entry."""

from __future__ import annotations

from lobench.engine.compiling import kernel
from lobench.engine.native import INTEGER, Record, element, view
from lobench.engine.records import MBO
from lobench.engine.synthetic.market import ALIAS, BOOK, FILL, IDS, LEVEL, ORDER, STAGE
from lobench.engine.synthetic.tables import ENTRIES

_BOOK, _LEVEL, _ORDER, _FILL = BOOK.itemsize, LEVEL.itemsize, ORDER.itemsize, FILL.itemsize
_IDS, _ALIAS, _STAGE, _MBO = IDS.itemsize, ALIAS.itemsize, STAGE.itemsize, MBO.itemsize


@kernel
def book_at(market: Record, book: int) -> Record:
    return view(market["books_at"] + book * _BOOK, BOOK)


@kernel
def best_of(market: Record, book: int, side: int) -> Record:
    """A record whose field ``value`` is the side's best step, -1 if it is empty."""
    return view(market["best_at"] + (2 * book + side) * 8, INTEGER)


@kernel
def level_at(market: Record, book: int, side: int, step: int) -> Record:
    info = book_at(market, book)
    place = info["first"] + side * info["width"] + step
    return view(element(market["levels_at"], place, market["levels"], _LEVEL), LEVEL)


@kernel
def order_at(market: Record, slot: int) -> Record:
    return view(element(market["orders_at"], slot, market["slots"], _ORDER), ORDER)


@kernel
def fill_at(market: Record, index: int) -> Record:
    return view(market["fills_at"] + index * _FILL, FILL)


@kernel
def ids_at(market: Record, venue: int) -> Record:
    return view(market["ids_at"] + venue * _IDS, IDS)


@kernel
def alias_at(market: Record, book: int) -> Record:
    return view(market["alias_at"] + book * _ALIAS, ALIAS)


@kernel
def stage_at(market: Record, stage: int) -> Record:
    return view(market["stages_at"] + stage * _STAGE, STAGE)


@kernel
def table_entry(market: Record, table: int, entry: int) -> int:
    return view(market["tables_at"] + (table * ENTRIES + entry) * 8, INTEGER)["value"]


@kernel
def record_at(market: Record, index: int) -> Record:
    """Record ``index`` of the current buffer."""
    return view(market["buffer_at"] + index * _MBO, MBO)
