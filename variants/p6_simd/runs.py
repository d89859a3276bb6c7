"""Strategies over a block of evaluations in columns: signals, then accounts.

Strategies that only read columns are loops over all rows. The others, and the accounts, go row by row, in *runs* of
rows that belong to one book: during a run, the values carried from row to row stay in registers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lobench.engine.backtest import follow, settle
from lobench.engine.layout import BACKTEST
from lobench.engine.native import local, trailing_zeros, uint64
from lobench.engine.registry import FEATURES, STRATEGIES, assemble
from lobench.engine.stages import Stage

BACKTEST_BYTES = BACKTEST.itemsize
_MEMORY = tuple(f'["memory"][{word}]' for word in range(4))


def _is_pure(parameters: tuple[str, ...]) -> bool:
    """Whether a strategy's signal depends on nothing but its row's columns."""
    return "state" not in parameters and "market" not in parameters


def _signal(index: int, parameters: tuple[str, ...], state: str) -> str:
    """The call of a strategy for row ``i``."""
    sources = {name: f'block["feature"][{place}, i]' for place, name in enumerate(FEATURES)}
    sources |= {"mid": 'block["mid"][i]', "trade_mean": 'block["trade_mean"][i]', "market": "state", "state": state}
    return f"strategy_{index}({', '.join(sources[name] for name in parameters)})"


def _scope(block: np.dtype[Any]) -> dict[str, Any]:
    functions = {f"strategy_{index}": entry.function for index, entry in enumerate(STRATEGIES.values())}
    bits = {"uint64": uint64, "NONE": uint64(0), "ONE": uint64(1)}
    return {**functions, **bits, "BLOCK": block, "BACKTEST": BACKTEST}


def build_decide(block: np.dtype[Any]) -> Callable[..., Any]:
    """``decide(block_address, rows)``: the signals of every strategy that only reads columns."""
    lines = ["def decide(address, rows):", "    block = view(address, BLOCK)"]
    for index, entry in enumerate(STRATEGIES.values()):
        if _is_pure(entry.parameters):
            lines += [
                "    for i in range(rows):",
                f'        block["signal"][{index}, i] = {_signal(index, entry.parameters, "")}',
            ]
    return assemble(lines, "decide", _scope(block), Stage("strategies"))


def build_ends(block: np.dtype[Any]) -> Callable[..., Any]:
    """``ends(block_address, rows, count)``: the last rows of runs among the first ``count``, one bit each, uint64."""
    lines = [
        "def ends(address, rows, count):",
        "    block = view(address, BLOCK)",
        "    found = NONE",
        "    for i in range(rows):",
        '        found = found | (uint64(block["book"][i] != block["book"][i + 1]) << uint64(i))',
        "    last = ONE << uint64(count - 1)",
        "    return (found | last) & (last | (last - ONE))",
    ]
    return assemble(lines, "ends", _scope(block))


def build_trade(block: np.dtype[Any]) -> Callable[..., Any]:
    """``trade(state, block_address, rows, ends)``: the remaining signals of all rows up to the last of ``ends``; the
    accounts follow all of them, with equity as it is after the last. Garbage in later rows, of ``rows``, is not read
    into anything."""
    entries = list(enumerate(STRATEGIES.values()))
    pure = [k for k, entry in entries if _is_pure(entry.parameters)]
    rest = [(k, entry) for k, entry in entries if k not in pure]
    lines = ["def trade(state, address, rows, ends):", "    block = view(address, BLOCK)", "    priced = NONE"]
    lines += [f"    buys_{k} = NONE" for k, _ in entries] + [f"    sells_{k} = NONE" for k, _ in entries]
    lines += ["    for i in range(rows):"]
    lines += ['        priced = priced | (uint64(not isnan(block["mid"][i])) << uint64(i))']
    for k in pure:
        lines += ["    for i in range(rows):", f'        signal = block["signal"][{k}, i]']
        lines += _note_signal(k)
    lines += [f"    state_{k} = local(BACKTEST)" for k, _ in rest]
    lines += ["    first = 0", "    while ends != NONE:", "        last = trailing_zeros(ends)"]
    lines += ["        run = priced & ((ends ^ (ends - ONE)) & (~NONE << uint64(first)))"]
    lines += ['        accounts = block["accounts"][last]']
    for k, entry in rest:
        lines.append(f"        account_{k} = view(accounts + {k * BACKTEST_BYTES}, BACKTEST)")
        lines += [f"        state_{k}{word} = account_{k}{word}" for word in _MEMORY]
        lines += ["        for i in range(first, last + 1):"]
        lines += [f"            signal = {_signal(k, entry.parameters, f'state_{k}')}"]
        lines += [f'            block["signal"][{k}, i] = signal']
        lines += [f"    {line}" for line in _note_signal(k)]
        lines += [f"        account_{k}{word} = state_{k}{word}" for word in _MEMORY]
    for k, _ in entries:
        account = f"view(accounts + {k * BACKTEST_BYTES}, BACKTEST)"
        lines.append(f"        follow({account}, buys_{k} & run, sells_{k} & run, run, block)")
    lines += ["        ends = ends & (ends - ONE)", "        first = last + 1"]
    names = {"local": local, "follow": follow, "isnan": math.isnan, "trailing_zeros": trailing_zeros}
    return assemble(lines, "trade", {**_scope(block), **names}, Stage("strategies", within="features"))


def _note_signal(index: int) -> list[str]:
    """Row ``i``'s bits of the purchases and sales of strategy ``index``."""
    return [
        f"        buys_{index} = buys_{index} | (uint64(signal > 0) << uint64(i))",
        f"        sells_{index} = sells_{index} | (uint64(signal < 0) << uint64(i))",
    ]


def build_trade_row(block: np.dtype[Any]) -> Callable[..., Any]:
    """``trade_row(state, block_address, i)``: the same for row ``i`` alone."""
    lines = ["def trade_row(state, address, i):", "    block = view(address, BLOCK)"]
    lines += ['    accounts, mid = block["accounts"][i], block["mid"][i]']
    for k, entry in enumerate(STRATEGIES.values()):
        pure = _is_pure(entry.parameters)
        lines.append(f"    account = view(accounts + {k * BACKTEST_BYTES}, BACKTEST)")
        if not pure:
            lines.append(f'    block["signal"][{k}, i] = {_signal(k, entry.parameters, "account")}')
        lines.append(f'    settle(account, block["signal"][{k}, i], mid)')
    return assemble(lines, "trade_row", {**_scope(block), "settle": settle})
