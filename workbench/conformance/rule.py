"""A rule: the required behaviour, a stream that tests it, and the required results, by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from lobench.engine.result import StrategyEnd
from lobench.workbench.conformance.stream import HOME, ONE, Row
from lobench.workbench.verification.machines import Side

Offer = Literal["bbo", "levels", "queues", "features", "strategies", "anomalies"]
OFFERS: Final[tuple[Offer, ...]] = ("bbo", "levels", "queues", "features", "strategies", "anomalies")
"""The results that an engine can offer."""

LeftOut = Literal["repairs", "top-of-book", "clear", "publishers"]
LEFT_OUT: Final[tuple[LeftOut, ...]] = ("repairs", "top-of-book", "clear", "publishers")
"""Groups of rules that an engine may leave out, in the order of the bits of ``lobench_engine.h``."""


@dataclass(frozen=True)
class Shown:
    """The required state of one book at the end of a stream; None or unnamed parts are not tested."""

    book: tuple[int, int] = HOME
    bids: Side | None = None
    asks: Side | None = None
    features: Mapping[str, float] = field(default_factory=dict)
    accounts: Mapping[str, StrategyEnd] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """``needs``: the least that an engine must offer for the stream to show anything; everything else in ``shows`` and
    ``anomalies`` is compared as far as the engine offers it.

    ``group``: the group of rules that it belongs to, if an engine may leave it out. ``calls``: numbers of records of
    the calls, the last of which takes the rest; ``stride``: bytes from one record to the next. ``compared``: with the
    oracle, with the engine's own result for the same records in one call, or its trace with its rows.
    """

    name: str
    section: str
    says: str
    stream: tuple[Row, ...]
    shows: tuple[Shown, ...] = ()
    anomalies: Mapping[str, int] | None = None
    needs: Offer = "bbo"
    group: LeftOut | None = None
    evaluate: str = "last"
    calls: tuple[int, ...] = ()
    stride: int = 56
    asked: bool = False
    """The engine is asked between calls, too."""
    beside: bool = False
    """A second engine receives the same records at the same time, and is destroyed before this one is queried."""
    scrambled: bool = False
    """Times run backwards, sequence numbers repeat, channels change."""
    compared: Literal["oracle", "one call", "trace"] = "oracle"


def book(bids: str = "", asks: str = "", of: tuple[int, int] = HOME) -> Shown:
    """A book written down as ``level / level``, best first, and a level as ``price id:size id:size``, from front to
    tail; ``+size`` is anonymous size, ``=price`` a price in units of 1e-9."""
    return Shown(of, _side(bids), _side(asks))


def features(values: Mapping[str, float], of: tuple[int, int] = HOME) -> Shown:
    """Some features of a book's newest evaluation, by name."""
    return Shown(of, features=values)


def account(strategy: str, position: int, cash: float, equity: float, trades: int, of: tuple[int, int] = HOME) -> Shown:
    """The account of one of a book's strategies."""
    return Shown(of, accounts={strategy: StrategyEnd(strategy, position, cash, equity, trades)})


def _side(text: str) -> Side:
    return [_level(part.split()) for part in text.split("/") if part.strip()]


def _level(words: Sequence[str]) -> tuple[int, int, int, list[tuple[int, int]]]:
    first, *rest = words
    price = int(first[1:]) if first.startswith("=") else int(first) * ONE
    orders = []
    size = 0
    for word in rest:
        name, colon, amount = word.partition(":")
        size += int(amount or name)
        if colon:
            orders.append((int(name), int(amount)))
    return price, size, len(orders), orders
