"""The registered features and strategies, and the functions that call all of them.

A feature or a strategy is one function, registered by its decorator. Its parameters are passed by name, so the same
function serves one evaluation at a time or a whole column of them.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from lobench.engine.compiling import inlined, kernel
from lobench.engine.errors import UsageError
from lobench.engine.inputs import INPUT_SOURCES
from lobench.engine.stages import Stage, declare

Function = TypeVar("Function", bound=Callable[..., Any])

MARKET = ("mid", "trade_mean", "market", "state")
"""Inputs of a strategy beside features: the instrument's mid and trade mean, a handle on other instruments,
its own state."""


@dataclass(frozen=True)
class Feature:
    """A registered feature: ``function(inputs…) -> float``; its unit and formula are for readers."""

    name: str
    unit: str
    formula: str
    function: Callable[..., Any]

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.function).parameters)


@dataclass(frozen=True)
class Strategy:
    """A registered strategy: ``function(…) -> signal``, +1 buy, -1 sell, 0 hold."""

    name: str
    rule: str
    function: Callable[..., Any]

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.function).parameters)


LANES: Final = 4
"""Lanes in which the running trace adds up a row's values (``lobench.engine.trace``)."""

FEATURES: dict[str, Feature] = {}
STRATEGIES: dict[str, Strategy] = {}


def feature(*, unit: str, formula: str) -> Callable[[Function], Function]:
    """Register a function as a feature under its own name.

    Its parameters are names of evaluation inputs (``engine.inputs``). Raises UsageError for any other, and for a name
    that is taken.
    """

    def register(function: Function) -> Function:
        entry = Feature(function.__name__, unit, formula, kernel(function))
        unknown = [name for name in entry.parameters if name not in INPUT_SOURCES]
        _check(entry.name, unknown, FEATURES, "inputs", INPUT_SOURCES)
        FEATURES[entry.name] = entry
        return function

    return register


def strategy(*, rule: str) -> Callable[[Function], Function]:
    """Register a function as a strategy under its own name.

    Its parameters are names of registered features, ``mid``, ``trade_mean`` (floats), ``state`` (``state["memory"]``:
    four doubles of its own for each book, 0 at first) and ``market`` (for ``lobench.engine.board.peer_quote`` and
    ``peer_trade``). Raises UsageError for any other, and for a name that is taken.
    """

    def register(function: Function) -> Function:
        entry = Strategy(function.__name__, rule, kernel(function))
        unknown = [name for name in entry.parameters if name not in FEATURES and name not in MARKET]
        _check(entry.name, unknown, STRATEGIES, "features", {**FEATURES, **dict.fromkeys(MARKET)})
        STRATEGIES[entry.name] = entry
        return function

    return register


def _check(name: str, unknown: list[str], taken: dict[str, Any], what: str, known: dict[str, Any]) -> None:
    if unknown:
        raise UsageError(f"{name}: no such {what}: {', '.join(unknown)}. Use any of {', '.join(known)}.")
    if name in taken:
        raise UsageError(f"{name} is already registered; choose another name.")


def build_features() -> Callable[..., Any]:
    """``compute(inputs, row)``: every registered feature of an ``INPUTS`` record, written to a row of doubles at
    address ``row``."""
    wanted = sorted({name for entry in FEATURES.values() for name in entry.parameters})
    lines = ["def compute(inputs, row):"]
    # Read all inputs before writing the first output, so that no store stands between two loads.
    lines += [f"    {name} = {INPUT_SOURCES[name]}" for name in wanted]
    for index, entry in enumerate(FEATURES.values()):
        lines.append(f"    view(row + {8 * index}, DOUBLE)['value'] = feature_{index}({', '.join(entry.parameters)})")
    functions = {f"feature_{index}": entry.function for index, entry in enumerate(FEATURES.values())}
    return assemble(lines, "compute", functions)


def build_strategies(context: Any) -> Callable[..., Any]:
    """``decide(state, book, instrument, accounts, probe)``: every registered strategy of a book, in order, each
    followed by the backtester. Returns the sums of the signals by lane of the trace.

    ``context`` is the variant's ``ContextKernels``: the inputs of a strategy are read through it, once for each
    strategy.
    """
    names = {name: index for index, name in enumerate(FEATURES)}
    lines = ["def decide(state, book, instrument, accounts, probe):"]
    lanes: list[list[str]] = [["int64(0)"] for _ in range(LANES)]
    for index, entry in enumerate(STRATEGIES.values()):
        lines.append(f"    account = view(accounts + {index} * BACKTEST_BYTES, BACKTEST)")
        sources = {"market": "state", "state": "account", "mid": "mid"}
        sources["trade_mean"] = "trade_mean_of(state, instrument, probe)"
        arguments = []
        for name in entry.parameters:
            arguments.append(sources.get(name) or f"feature_of(state, book, {names[name]}, probe)")
        lines.append("    mid = mid_of(state, instrument, probe)")
        lines.append(f"    signal_{index} = strategy_{index}({', '.join(arguments)})")
        lines.append(f"    settle(account, signal_{index}, mid)")
        lanes[index % LANES].append(f"int64(signal_{index})")
    lines.append(f"    return ({', '.join(' + '.join(lane) for lane in lanes)})")
    from lobench.engine.backtest import settle
    from lobench.engine.layout import BACKTEST
    from lobench.engine.native import int64

    functions: dict[str, Any] = {f"strategy_{index}": entry.function for index, entry in enumerate(STRATEGIES.values())}
    functions |= {
        "feature_of": context.feature,
        "mid_of": context.mid,
        "trade_mean_of": context.trade_mean,
        "settle": settle,
    }
    return assemble(
        lines,
        "decide",
        functions | {"BACKTEST": BACKTEST, "BACKTEST_BYTES": BACKTEST.itemsize, "int64": int64},
        Stage("strategies"),
    )


def assemble(lines: list[str], name: str, names: dict[str, Any], stage: Stage | None = None) -> Callable[..., Any]:
    """The kernel whose text is ``lines``, with ``names`` beside ``view`` and ``DOUBLE`` in its scope.
    ``stage``: that it begins."""
    from lobench.engine.native import DOUBLE, view

    space: dict[str, Any] = {"view": view, "DOUBLE": DOUBLE, **names}
    text = "\n".join(lines) + "\n"
    file = f"<lobench {name}>"
    # Put the generated text where tracebacks, debug information and profiles look for it.
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), space)
    if stage is not None:
        declare(space[name], stage)
    made: Callable[..., Any] = inlined(space[name])
    return made
