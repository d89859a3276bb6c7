"""A block of evaluations in columns, and the loops over it.

All columns of a block are in one record at constant distances, so that LLVM can prove that a loop does not read what it
writes, and uses vectors. One loop computes all features, so that common subexpressions are computed once; it calls the
same functions as all variants.

Loops run over a multiple of ``GRAIN`` rows: rows past the last evaluation keep old values, are computed, too, and never
read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from lobench.engine.compiling import inlined, kernel
from lobench.engine.inputs import LEVELS, TRACKED, queue_ahead
from lobench.engine.native import INTEGER, Record, float64, int64, memcpy, uint64, view
from lobench.engine.policy import LayoutKernels
from lobench.engine.records import UNDEF_PRICE
from lobench.engine.registry import FEATURES, STRATEGIES, assemble
from lobench.engine.tap import write_row
from lobench.engine.trace import LANE_NAMES, lane_lines
from lobench.variants.p6_simd.runs import build_decide, build_ends, build_trade, build_trade_row

ROWS: Final = 16
"""Evaluations of a block: few enough that its columns stay in the first-level cache."""
GRAIN: Final = 16
"""Rows that a loop takes at a time at most: with a multiple of it nothing is left to do one by one."""
STRIDE: Final = ROWS + 8
"""Doubles from one column to the next: a line more than the rows, so that a row's columns fall into different sets of
the cache."""


def _block(price: str) -> np.dtype[Any]:
    side = np.dtype([(name, price, (LEVELS, STRIDE)) for name in ("price", "size")])
    return np.dtype(
        [
            ("bid", side),
            ("ask", side),
            *[(name, "f8", (STRIDE,)) for name in (*TRACKED, "mid", "trade_mean")],
            *[(name, "i8", (STRIDE,)) for name in ("best_bid", "best_ask")],
            ("book", "i8", (STRIDE,)),
            ("accounts", "i8", (STRIDE,)),
            ("key", "u8", (STRIDE,)),
            ("feature", "f8", (len(FEATURES), STRIDE)),
            ("signal", "i8", (max(1, len(STRATEGIES)), STRIDE)),
            ("place", "i8", (STRIDE,)),
        ]
    )


@dataclass(frozen=True)
class Columns:
    """A block's dtype and the functions over it, for the features and strategies registered when it was made.

    - ``append(book, block_address, place)``: adds the inputs of an evaluation of the book's current state.
    - ``compute(block_address, rows)``: every feature of the first rows, a multiple of ``GRAIN``.
    - ``ends``, ``decide``, ``trade``, ``trade_row``: runs, signals and accounts (``lobench.variants.p6_simd.runs``).
    - ``trace(block_address, rows, count) -> uint64``: what the first ``count`` rows add to the trace.
    - ``copy_row(block, place, row)``: the features of a row to doubles at address ``row``.
    - ``hand_over(block_address, count, tap)``: writes the features of the requested ones among the first ``count``
      rows.

    ``block["book"]`` and ``block["accounts"]`` are addresses of each row's book and of its accounts, ``block["key"]``
    is its key in the trace, ``block["place"]`` the index of its output row, -1 for none.
    """

    block: np.dtype[Any]
    append: Callable[..., Any]
    compute: Callable[..., Any]
    ends: Callable[..., Any]
    decide: Callable[..., Any]
    trade: Callable[..., Any]
    trade_row: Callable[..., Any]
    trace: Callable[..., Any]
    copy_row: Callable[..., Any]
    hand_over: Callable[..., Any]


@kernel
def _price(bits: int) -> float:
    return float64(bits) if bits != UNDEF_PRICE else np.nan


def build_columns(layout: LayoutKernels, decides: bool) -> Columns:
    """The columns of the features and strategies registered now, for books of this layout. ``decides``: signals are
    computed, too."""
    block, raw = _block("f8"), _block("i8")
    return Columns(
        block,
        _build_append(block, raw, layout),
        _build_compute(block, raw),
        build_ends(block),
        build_decide(block),
        build_trade(block),
        build_trade_row(block),
        _build_trace(block, raw, decides),
        _build_copy_row(),
        _build_hand_over(block),
    )


def _build_append(block_type: np.dtype[Any], raw_type: np.dtype[Any], layout: LayoutKernels) -> Callable[..., Any]:
    append_side = layout.append_side

    @inlined
    def append(book: Record, block_address: int, place: int) -> None:
        block, raw = view(block_address, block_type), view(block_address, raw_type)
        # Prices and sizes are stored in their columns as integers; ``compute`` converts whole columns.
        bid_price, bid_size = append_side(book, 0, raw["bid"], place)
        ask_price, ask_size = append_side(book, 1, raw["ask"], place)
        trackers = book["trackers"]
        window = trackers["window"]
        block["window_adds"][place] = window["arrival"]
        block["window_modification_rate"][place] = window["modification_rate"]
        block["window_cancellation"][place] = window["cancellation"]
        block["lifetime"][place] = trackers["lifetime"]
        block["trade_flow"][place] = trackers["trade_flow"]
        block["trade_price"][place] = trackers["trade_price"]
        block["trade_spread"][place] = trackers["trade_spread"]
        block["queue_ahead_bid"][place] = queue_ahead(book["bid"])
        block["queue_ahead_ask"][place] = queue_ahead(book["ask"])
        block["previous_bid_price"][place] = trackers["previous_bid_price"]
        block["previous_bid_size"][place] = trackers["previous_bid_size"]
        block["previous_ask_price"][place] = trackers["previous_ask_price"]
        block["previous_ask_size"][place] = trackers["previous_ask_size"]
        block["event_number"][place] = float64(book["events"])
        # Not from the columns: values that were just stored are slow to read.
        trackers["previous_bid_price"] = _price(bid_price)
        trackers["previous_bid_size"] = float64(bid_size)
        trackers["previous_ask_price"] = _price(ask_price)
        trackers["previous_ask_size"] = float64(ask_size)

    return append


def _build_compute(block_type: np.dtype[Any], raw_type: np.dtype[Any]) -> Callable[..., Any]:
    lines = ["def compute(address, rows):", "    block, raw = view(address, BLOCK), view(address, RAW)"]
    lines += ["    for i in range(rows):"]
    lines += [f'        {name} = block["{name}"][i]' for name in TRACKED]
    for side in ("bid", "ask"):
        for level in range(LEVELS):
            for what, convert in (("price", "price"), ("size", "float64")):
                source = f'raw["{side}"]["{what}"][{level}, i]'
                lines.append(f"        {side}_{what}_{level + 1} = {convert}({source})")
    mid = '(price(block["best_bid"][i]) + price(block["best_ask"][i])) / 2e9'
    lines.append(f'        block["mid"][i] = {mid}')
    for index, entry in enumerate(FEATURES.values()):
        arguments = ", ".join(entry.parameters)
        lines.append(f'        block["feature"][{index}, i] = feature_{index}({arguments})')
    names: dict[str, Any] = {f"feature_{index}": entry.function for index, entry in enumerate(FEATURES.values())}
    names |= {"BLOCK": block_type, "RAW": raw_type, "price": _price, "float64": float64}
    return assemble(lines, "compute", names)


def _build_trace(block_type: np.dtype[Any], raw_type: np.dtype[Any], decides: bool) -> Callable[..., Any]:
    lines = ["def trace(address, rows, count):", "    block, raw = view(address, BLOCK), view(address, RAW)"]
    lines += ["    total = NONE", "    for i in range(rows):"]
    best = [f'raw["{side}"]["{what}"][0, i]' for side in ("bid", "ask") for what in ("price", "size")]
    lines += [f"        lane_{lane} = uint64({source})" for lane, source in enumerate(best)]
    lines += lane_lines('block["feature"][{}, i]', 'block["signal"][{}, i]' if decides else None, " " * 8)
    lines += ['        row = row_trace(block["key"][i], lane_0, lane_1, lane_2, lane_3)']
    lines += ["        total = total + (row if i < count else NONE)", "    return total"]
    return assemble(lines, "trace", {"BLOCK": block_type, "RAW": raw_type, "NONE": uint64(0), **LANE_NAMES})


def _build_copy_row() -> Callable[..., Any]:
    lines = ["def copy_row(block, i, row):"]
    lines += [f'    view(row + {8 * k}, DOUBLE)["value"] = block["feature"][{k}, i]' for k in range(len(FEATURES))]
    return assemble(lines, "copy_row", {})


def _build_hand_over(block_type: np.dtype[Any]) -> Callable[..., Any]:
    first = block_type.fields["feature"][1]  # type: ignore[index]
    column_bytes, copied = 8 * STRIDE, 8 * ROWS

    @kernel
    def hand_over(address: int, count: int, tap: Record) -> None:
        if tap["places"] != 0:
            block = view(address, block_type)
            place = block["place"][0]
            apart = int64(count != ROWS) | int64(place < 0)
            for i in range(ROWS):
                apart |= block["place"][i] ^ (place + i)
            if apart == 0:
                target = tap["rows"] + 8 * place
                for column in range(tap["columns"]):
                    # The size is a constant, so this compiles to a few vector moves.
                    source = address + first + view(tap["chosen"] + 8 * column, INTEGER)["value"] * column_bytes
                    memcpy(target, source, copied)
                    target += tap["column_step"]
            else:
                for i in range(count):
                    place = block["place"][i]
                    if place >= 0:
                        write_row(place, address + first + 8 * i, column_bytes, tap)

    return hand_over
