"""Queries of a replay's state: a digest of everything, or the answer about one book.

A measurement asks between timed calls. Work that a variant put off is then done, and its answer must be the
reference's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lobench.engine.compiling import entry, kernel
from lobench.engine.containers import item, table_get
from lobench.engine.counters import UNCOUNTED
from lobench.engine.digest import accounts_value, fold, row_value, share
from lobench.engine.layout import BOOK, OUTPUT_LEVEL, STATE
from lobench.engine.native import DOUBLE, Record, uint64, view
from lobench.engine.policy import ContextKernels, LayoutKernels
from lobench.engine.registry import FEATURES, STRATEGIES
from lobench.engine.stages import STAGES

OUTPUT_LEVEL_BYTES = OUTPUT_LEVEL.itemsize


@dataclass(frozen=True)
class Answers:
    """- ``end_state(state, row, stage, levels, depth, counted) -> uint64``: digest of what the stages up to
      ``STAGES[stage]`` keep: all books, newest features, accounts; ``row`` is room for the features. Books are digested
      with all levels and queues if ``depth`` is 0, else with their best ``depth`` levels. If the replay only decodes:
      what was read.
    - ``question(state, key, row, levels, depth, counted) -> uint64``: of the book ``key`` its best ``depth`` levels,
      newest features and accounts; 0 if this worker has no such book. ``levels`` is room for ``OUTPUT_LEVEL`` records;
      ``counted``: the levels' counts of orders are part of it.
    - ``newest(state, key, row) -> int``: 1, and the newest features of the book ``key`` at ``row``; 0 if this worker
      has no such book.
    """

    end_state: Callable[..., Any]
    question: Callable[..., Any]
    newest: Callable[..., Any]


@kernel
def levels_value(levels: int, depth: int, counted: bool) -> int:
    """Every field of ``depth`` ``OUTPUT_LEVEL`` records, uint64; counts of orders if ``counted``."""
    value = uint64(0)
    for place in range(depth):
        level = view(levels + place * OUTPUT_LEVEL_BYTES, OUTPUT_LEVEL)
        value = fold(fold(value, level["bid_px"]), level["bid_sz"])
        value = fold(value, level["bid_ct"]) if counted else value
        value = fold(fold(value, level["ask_px"]), level["ask_sz"])
        value = fold(value, level["ask_ct"]) if counted else value
    return value


def build_answers(context: ContextKernels, layout: LayoutKernels, until: str) -> Answers:
    """The functions for books of this layout, and a replay that ends after stage ``until``."""
    feature_count, strategy_count = len(FEATURES), len(STRATEGIES)
    tracked, decides = (STAGES.index(until) >= place for place in (2, 3))
    arrange, book_value, write_levels = layout.arrange, layout.book_value, layout.write_levels
    feature_of = context.feature

    @kernel
    def read_features(state: Record, book: Record, row: int) -> None:
        for place in range(feature_count):
            view(row + 8 * place, DOUBLE)["value"] = feature_of(state, book, place, None)

    @kernel
    def computed(state: Record, book: Record, row: int, stage: int, value: int) -> int:
        """``value`` with the newest features and the accounts folded in."""
        if tracked and stage >= 2:
            read_features(state, book, row)
            value = fold(value, row_value(row, feature_count))
        if decides and stage >= 3:
            value = fold(value, accounts_value(book["strategies"], strategy_count))
        return value

    @entry
    def end_state(state_address: int, row: int, stage: int, levels: int, depth: int, counted: bool) -> int:
        state = view(state_address, STATE)
        total = uint64(state["decoded"])
        arrange(state, False)
        for index in range(state["books"]["count"]):
            book = view(item(state["books"], index), BOOK)
            if depth == 0:
                seen = book_value(book)
            else:
                write_levels(book, levels, depth)
                seen = levels_value(levels, depth, counted)
            value = computed(state, book, row, stage, fold(uint64(0), seen))
            total += share(value, book["key"])
        return total

    @entry
    def question(state_address: int, key: int, row: int, levels: int, depth: int, counted: bool) -> int:
        state = view(state_address, STATE)
        address = table_get(state["book_table"], key, UNCOUNTED, None)
        value = uint64(0)
        if address != 0:
            book = view(address, BOOK)
            write_levels(book, levels, depth)
            value = share(computed(state, book, row, 3, levels_value(levels, depth, counted)), key)
        return value

    @entry
    def newest(state_address: int, key: int, row: int) -> int:
        state = view(state_address, STATE)
        address = table_get(state["book_table"], key, UNCOUNTED, None)
        if tracked and address != 0:
            read_features(state, view(address, BOOK), row)
        return address != 0

    return Answers(end_state=end_state, question=question, newest=newest)
