"""The running trace: a 64-bit sum over all evaluations of everything that each of them computed.

Every build keeps it, so that the timed replay is the verified replay. Its input is a *row*: the best prices and sizes
of the evaluated book, its features and its strategies' signals, as far as the replay computes them. A row is added up
in four lanes (value number ``i`` in lane ``i % 4``), so that four values of a row or four rows of a column are one
vector; the lanes, the book and its event number are then mixed into one number for exactly this row of exactly this
evaluation. Rows are summed, so the order of books does not matter. docs/semantics.md defines it;
``lobench.engine.oracle.digest`` has the same in plain Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from lobench.engine.compiling import inlined, kernel
from lobench.engine.digest import FOLD, fold
from lobench.engine.native import Record, float_bits, uint64
from lobench.engine.registry import FEATURES, LANES, STRATEGIES, assemble

_LOWEST = float(np.finfo(np.float64).min)
_7, _23, _39, _55, _64 = uint64(7), uint64(23), uint64(39), uint64(55), uint64(64)


@kernel
def value_bits(value: float) -> int:
    """The bits of a double, uint64; of a NaN or minus infinity those of the lowest finite double.

    NaNs of the same value may differ in their sign, which no rule fixes. This form is one instruction of a vector unit.
    """
    return float_bits(value if value > _LOWEST else _LOWEST)


@kernel
def rotated(value: int, places: int) -> int:
    return (value << places) | (value >> (_64 - places))


@kernel
def row_key(key: int, events: int) -> int:
    """The key of a row, uint64: event number ``events`` of the book ``key``."""
    return uint64(key) * FOLD + uint64(events)


@kernel
def row_trace(key: int, first: int, second: int, third: int, fourth: int) -> int:
    """A row's part of the trace, uint64: ``row_key`` and the sums of its four lanes."""
    # The rotations move a difference in a double's sign or exponent away from the top bits.
    lanes = rotated(first, _7) + rotated(second, _23) + rotated(third, _39) + rotated(fourth, _55)
    return fold(key, lanes)


def lane_lines(feature: str, signal: str | None, indent: str) -> list[str]:
    """Text that adds a row's features, and its signals if there are any, to ``lane_0`` … ``lane_3``.

    ``feature``, ``signal``: expressions with ``{}`` for the number.
    """
    lines = [
        f"{indent}lane_{index % LANES} = lane_{index % LANES} + value_bits({feature.format(index)})"
        for index in range(len(FEATURES))
    ]
    if signal is not None:
        lines += [
            f"{indent}lane_{index % LANES} = lane_{index % LANES} + uint64({signal.format(index)})"
            for index in range(len(STRATEGIES))
        ]
    return lines


LANE_NAMES: Final[dict[str, Any]] = {"value_bits": value_bits, "uint64": uint64, "row_trace": row_trace}


def build_feature_trace() -> Callable[..., Any]:
    """``trace_row(key, row, bid_price, bid_size, ask_price, ask_size, signals) -> uint64``: the trace of a row whose
    features are doubles at address ``row``; ``signals``: sums of its signals by lane, four int64."""
    lines = ["def trace_row(key, row, bid_price, bid_size, ask_price, ask_size, signals):"]
    quotes = ("bid_price", "bid_size", "ask_price", "ask_size")
    lines += [f"    lane_{lane} = uint64({name}) + uint64(signals[{lane}])" for lane, name in enumerate(quotes)]
    # Read all values before adding them: four neighbours then form one vector.
    lines += [f'    value_{index} = view(row + {8 * index}, DOUBLE)["value"]' for index in range(len(FEATURES))]
    lines += lane_lines("value_{}", None, "    ")
    lines += ["    return row_trace(key, lane_0, lane_1, lane_2, lane_3)"]
    return assemble(lines, "trace_row", LANE_NAMES)


@inlined
def note_quotes(state: Record, key: int, bid: tuple[int, int], ask: tuple[int, int]) -> None:
    """An evaluation of a replay that ends before features: (price, size) of its best levels go into the trace."""
    state["trace"] += row_trace(key, uint64(bid[0]), uint64(bid[1]), uint64(ask[0]), uint64(ask[1]))
