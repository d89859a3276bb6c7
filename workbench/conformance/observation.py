"""An engine's state at the end of a stream, and the part of it that a rule tests."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from lobench.engine.registry import FEATURES
from lobench.engine.result import StrategyEnd
from lobench.workbench.conformance.rule import Rule
from lobench.workbench.verification.machines import Side, State

Book = tuple[int, int]


@dataclass(frozen=True)
class Observation:
    """``books``: the requested ones. Results that are not offered are empty, or None."""

    books: Mapping[Book, State]
    events: int | None = None
    evaluations: int | None = None
    anomalies: Mapping[str, int] | None = None
    trace: int | None = None


@dataclass(frozen=True)
class Difference:
    """The expected and the actual value, in words that follow their name."""

    what: str
    expected: Any
    actual: Any

    def line(self) -> str:
        return f"{self.what}: expected {self.expected}, was {self.actual}"


@dataclass(frozen=True)
class Looked:
    """The compared parts of an observation: by rule, or with ``everything`` all that are offered."""

    rule: Rule
    offers: Collection[str]
    everything: bool = field(default=False)

    def differences(self, expected: Observation, actual: Observation) -> list[Difference]:
        """All differences, in the order books, features, accounts, counts, trace."""
        found: list[Difference] = []
        for key, one in expected.books.items():
            found += self._book(key, one, actual.books[key])
        if self.rule.anomalies is not None or self.everything:
            found += self._counts(expected, actual)
        if self.everything and expected.trace != actual.trace:
            found.append(Difference("trace", hexadecimal(expected.trace), hexadecimal(actual.trace)))
        return found

    def _book(self, key: Book, expected: State, actual: State) -> list[Difference]:
        whose = f"of book {key[0]}/{key[1]}"
        shown = [entry for entry in self.rule.shows if entry.book == key]
        found = []
        for name, title in (("bids", "bids"), ("asks", "asks")):
            if self.everything or any(getattr(entry, name) is not None for entry in shown):
                one, other = (_cut(getattr(state, name), self.offers) for state in (expected, actual))
                if one is not None and one != other:
                    found.append(Difference(f"{title} {whose}", levels(one), levels(other or [])))
        if "features" in self.offers:
            names = FEATURES if self.everything else [name for entry in shown for name in entry.features]
            found += _features(names, whose, expected.features, actual.features)
        if "strategies" in self.offers:
            names = [name for entry in shown for name in entry.accounts]
            ends = {end.name: end for end in actual.accounts}
            for end in expected.accounts:
                came = ends.get(end.name)
                if (self.everything or end.name in names) and end != came:
                    found.append(Difference(f"account {end.name} {whose}", _account(end), _account(came)))
        return found

    def _counts(self, expected: Observation, actual: Observation) -> list[Difference]:
        found = []
        if "anomalies" in self.offers and expected.anomalies != actual.anomalies:
            found.append(Difference("anomalies", counted(expected.anomalies), counted(actual.anomalies)))
        for name in ("events", "evaluations") if self.everything else ():
            one, other = getattr(expected, name), getattr(actual, name)
            if one != other:
                found.append(Difference(name, one, other))
        return found


def _cut(side: Side, offers: Collection[str]) -> Side | None:
    """A side as far as it is offered; None where no book is."""
    if "queues" in offers:
        return [(price, size, count, list(orders)) for price, size, count, orders in side]
    if "levels" in offers:
        return [(price, size, count, []) for price, size, count, _ in side]
    if "bbo" in offers:
        return [(price, size, 0, []) for price, size, _, _ in side[:1]]
    return None


def _features(
    names: Collection[str], whose: str, expected: tuple[float, ...] | None, actual: tuple[float, ...] | None
) -> list[Difference]:
    if not names or (expected is None and actual is None):
        return []
    if expected is None or actual is None:
        told = ["no such book" if values is None else "a book" for values in (expected, actual)]
        return [Difference(f"features {whose}", *told)]
    found = []
    for name in names:
        place = list(FEATURES).index(name)
        if not same(expected[place], actual[place]):
            found.append(Difference(f"{name} {whose}", repr(expected[place]), repr(actual[place])))
    return found


def same(one: float, other: float) -> bool:
    """Whether two doubles have the same bits; every NaN is one."""
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one == other and math.copysign(1, one) == math.copysign(1, other)


def levels(side: Side) -> str:
    """A side for a person, best first: ``price x size (count) [id:size …]``."""
    return "; ".join(_level(*level) for level in side) or "empty"


def _level(price: int, size: int, count: int, orders: list[tuple[int, int]]) -> str:
    queue = " ".join(f"{order_id}:{amount}" for order_id, amount in orders[:8])
    more = f" and {len(orders) - 8} more" if len(orders) > 8 else ""
    return f"{price / 1e9:g} x {size} ({count})" + (f" [{queue}{more}]" if orders else "")


def _account(end: StrategyEnd | None) -> str:
    if end is None:
        return "none"
    return f"position {end.position}, cash {end.cash!r}, equity {end.equity!r}, {end.trades} trades"


def hexadecimal(trace: int | None) -> str:
    return "none" if trace is None else f"{trace:016x}"


def counted(anomalies: Mapping[str, int] | None) -> str:
    """Anomalies that there were, for a person."""
    told = [f"{name} {count}" for name, count in (anomalies or {}).items() if count]
    return ", ".join(told) or "none"
