"""Strategies over a block of evaluations in columns: signals, then accounts.

Strategies that only read columns are loops over all rows. The others, and the accounts, go row by row, in *runs* of
rows that belong to one book: while a run lasts, what is carried from row to row stays in registers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.backtest import follow, mark, settle
from engine.layout import BACKTEST
from engine.native import local
from engine.registry import FEATURES, STRATEGIES, assemble

BACKTEST_BYTES = BACKTEST.itemsize
_ACCOUNT = ('["position"]', '["trades"]', '["cash"]')
_MEMORY = tuple(f'["memory"][{word}]' for word in range(4))


def _is_pure(parameters: tuple[str, ...]) -> bool:
    """Whether a strategy's signal depends on nothing but its row's columns."""
    return "state" not in parameters and "market" not in parameters


def _carried(parameters: tuple[str, ...]) -> tuple[str, ...]:
    """What of a strategy's ``BACKTEST`` is carried from row to row, as suffixes of its name."""
    return _ACCOUNT + _MEMORY if "state" in parameters else _ACCOUNT


def _signal(index: int, parameters: tuple[str, ...], state: str) -> str:
    """The call of a strategy for row ``i``."""
    sources = {name: f'block["feature"][{place}, i]' for place, name in enumerate(FEATURES)}
    sources |= {"mid": 'block["mid"][i]', "trade_mean": 'block["trade_mean"][i]', "market": "engine", "state": state}
    return f"strategy_{index}({', '.join(sources[name] for name in parameters)})"


def _scope(block: np.dtype[Any]) -> dict[str, Any]:
    functions = {f"strategy_{index}": entry.function for index, entry in enumerate(STRATEGIES.values())}
    return {**functions, "BLOCK": block, "BACKTEST": BACKTEST}


def build_decide(block: np.dtype[Any]) -> Callable[..., Any]:
    """``decide(block_address, rows)``: the signals of every strategy that only reads columns."""
    lines = ["def decide(address, rows):", "    block = view(address, BLOCK)"]
    for index, entry in enumerate(STRATEGIES.values()):
        if _is_pure(entry.parameters):
            lines += [
                "    for i in range(rows):",
                f'        block["signal"][{index}, i] = {_signal(index, entry.parameters, "")}',
            ]
    return assemble(lines, "decide", _scope(block))


def build_trade(block: np.dtype[Any]) -> Callable[..., Any]:
    """``trade(engine, block_address, count)``: the remaining signals of the first ``count`` rows; the accounts follow
    all of them, with equity as it is after the last."""
    entries = list(enumerate(STRATEGIES.values()))
    lines = ["def trade(engine, address, count):", "    block = view(address, BLOCK)", "    i = 0"]
    lines += [f"    state_{k} = local(BACKTEST)" for k, _ in entries]
    lines += ["    while i < count:", '        accounts = block["accounts"][i]', "        last = nan"]
    for k, entry in entries:
        lines.append(f"        account_{k} = view(accounts + {k * BACKTEST_BYTES}, BACKTEST)")
        lines += [f"        state_{k}{field} = account_{k}{field}" for field in _carried(entry.parameters)]
    lines.append('        while i < count and block["accounts"][i] == accounts:')
    for k, entry in entries:
        pure = _is_pure(entry.parameters)
        signal = f'block["signal"][{k}, i]' if pure else _signal(k, entry.parameters, f"state_{k}")
        lines.append(f"            signal_{k} = {signal}")
    lines += ['            mid = block["mid"][i]', "            if not isnan(mid):", "                last = mid"]
    lines += [f"                follow(state_{k}, signal_{k}, mid)" for k, _ in entries]
    lines.append("            i += 1")
    for k, entry in entries:
        lines += [f"        account_{k}{field} = state_{k}{field}" for field in _carried(entry.parameters)]
        lines += ["        if not isnan(last):", f"            mark(account_{k}, last)"]
    names = {"local": local, "follow": follow, "mark": mark, "nan": np.nan, "isnan": np.isnan}
    return assemble(lines, "trade", {**_scope(block), **names})


def build_trade_row(block: np.dtype[Any]) -> Callable[..., Any]:
    """``trade_row(engine, block_address, i)``: the same for row ``i`` alone."""
    lines = ["def trade_row(engine, address, i):", "    block = view(address, BLOCK)"]
    lines += ['    accounts, mid = block["accounts"][i], block["mid"][i]']
    for k, entry in enumerate(STRATEGIES.values()):
        pure = _is_pure(entry.parameters)
        lines.append(f"    account = view(accounts + {k * BACKTEST_BYTES}, BACKTEST)")
        signal = f'block["signal"][{k}, i]' if pure else _signal(k, entry.parameters, "account")
        lines.append(f"    settle(account, {signal}, mid)")
    return assemble(lines, "trade_row", {**_scope(block), "settle": settle})
