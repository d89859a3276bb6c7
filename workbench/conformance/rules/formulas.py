"""The features that are formulas of the five best levels, and their values if a side is empty."""

from __future__ import annotations

from math import inf, nan
from typing import Final

from lobench.workbench.conformance.rule import Rule, features
from lobench.workbench.conformance.rules.sections import ARITHMETIC, EVALUATION, FEATURES
from lobench.workbench.conformance.stream import Row, Units, add, none


def _formula(name: str, says: str, stream: tuple[Row, ...], section: str = FEATURES, **values: float) -> Rule:
    return Rule(name, section, says, stream, (features(values),), needs="features")


def _book(bids: dict[int, int], asks: dict[int, int]) -> tuple[Row, ...]:
    """Levels of one order each, price to size, and an evaluation."""
    sides = [("B", price, size) for price, size in bids.items()] + [("A", price, size) for price, size in asks.items()]
    return (*(add(i, side, price, size, 0) for i, (side, price, size) in enumerate(sides, 1)), none())


_TWO: Final = _book({100: 10}, {102: 5})
_BIDS: Final = {100: 10, 99: 20, 98: 10, 97: 40, 96: 50, 95: 60}
_ASKS: Final = {102: 5, 103: 9, 104: 14, 105: 20, 106: 27, 107: 35}
_SIX: Final = _book(_BIDS, _ASKS)
_B: Final = 100e9
_A: Final = 102e9
_M: Final = (_B + _A) * 0.5
_H: Final = abs(_A - _B) * 0.5


def _pressure(levels: dict[int, int]) -> float:
    total = 0.0
    for price, size in list(levels.items())[:5]:
        total += size * _H / (_H + abs(_M - price * 1e9))
    return total


def _weighted(levels: dict[int, int]) -> float:
    one, two, three, four, five = list(levels.values())[:5]
    return one + two * 0.5 + three * (1 / 3) + four * 0.25 + five * 0.2


def _imbalance(bids: float, asks: float) -> float:
    return (bids - asks) / (bids + asks)


def _imbalance_of(k: int) -> Rule:
    """The rule of the best ``k`` levels."""
    best = "best level" if k == 1 else f"best {k} levels"
    bids, asks = (sum(list(levels.values())[:k]) for levels in (_BIDS, _ASKS))
    return Rule(
        f"imbalance-level{k}",
        FEATURES,
        f"The size of the {best} of the bids less that of the asks, over both together.",
        _SIX,
        (features({f"imbalance_level{k}": _imbalance(bids, asks)}),),
        needs="features",
    )


_FUSED_BID: Final = 100_000_000_311
_FUSED_ASK: Final = 100_000_000_321

RULES: Final = (
    _formula("mid-price", "Half of the best bid and the best ask.", _TWO, mid_price=101.0),
    _formula(
        "micro-price",
        "Each best price weighs with the size of the other side.",
        _TWO,
        micro_price=(_B * 5.0 + _A * 10.0) / (10.0 + 5.0) / 1e9,
    ),
    _formula("spread-absolute", "The best ask less the best bid.", _TWO, spread_absolute=2.0),
    _formula(
        "spread-relative",
        "The spread over the mid.",
        _TWO,
        spread_relative=(_A - _B) / ((_B + _A) * 0.5),
    ),
    _formula(
        "spread-bps",
        "The spread over the mid in basis points.",
        _TWO,
        spread_bps=10000.0 * ((_A - _B) / ((_B + _A) * 0.5)),
    ),
    _formula(
        "spread-negative",
        "The spread of a crossed book is negative.",
        _book({102: 10}, {100: 5}),
        spread_absolute=-2.0,
        spread_relative=(_B - _A) / ((_A + _B) * 0.5),
    ),
    _formula(
        "spread-relative-of-zero-mid",
        "Division follows IEEE 754: with a mid of 0 the relative spread is infinite.",
        _book({-1: 10}, {1: 5}),
        ARITHMETIC,
        spread_relative=inf,
        spread_bps=inf,
    ),
    *map(_imbalance_of, range(1, 6)),
    _formula(
        "imbalance-of-missing-levels",
        "A missing level has size 0.",
        _book({100: 10, 99: 20}, {102: 5}),
        EVALUATION,
        imbalance_level2=(30.0 - 5.0) / (30.0 + 5.0),
        imbalance_level5=(30.0 - 5.0) / (30.0 + 5.0),
    ),
    _formula(
        "imbalance-volume-weighted",
        "The k-th level's size counts one k-th, with the double nearest to 1/3.",
        _SIX,
        imbalance_volume_weighted=_imbalance(_weighted(_BIDS), _weighted(_ASKS)),
    ),
    _formula(
        "pressure-buy",
        "Sizes of the bids, each weighted by its price's nearness to the mid.",
        _SIX,
        pressure_buy=_pressure(_BIDS),
    ),
    _formula(
        "pressure-sell",
        "Sizes of the asks, each weighted by its price's nearness to the mid.",
        _SIX,
        pressure_sell=_pressure(_ASKS),
    ),
    _formula(
        "pressure-of-crossed-book",
        "Half the spread counts without its sign.",
        _book({102: 10}, {100: 5}),
        pressure_sell=5.0 * _H / (_H + _H),
    ),
    _formula(
        "pressure-of-locked-book",
        "Without a spread there is no pressure: NaN.",
        _book({100: 10}, {100: 5}),
        pressure_buy=nan,
        pressure_sell=nan,
    ),
    _formula(
        "one-side-empty",
        "With one side empty prices, spreads and pressures are NaN; imbalances are not.",
        _book({100: 10, 99: 20}, {}),
        mid_price=nan,
        micro_price=nan,
        spread_absolute=nan,
        spread_relative=nan,
        spread_bps=nan,
        imbalance_level1=1.0,
        imbalance_volume_weighted=1.0,
        pressure_buy=nan,
        pressure_sell=nan,
    ),
    _formula(
        "both-sides-empty",
        "With both sides empty all features of levels are NaN, imbalances too.",
        (none(),),
        mid_price=nan,
        micro_price=nan,
        spread_absolute=nan,
        spread_relative=nan,
        spread_bps=nan,
        imbalance_level1=nan,
        imbalance_volume_weighted=nan,
        pressure_buy=nan,
        pressure_sell=nan,
    ),
    _formula(
        "price-to-double",
        "An integer becomes the nearest double, ties to even.",
        (add(1, "B", Units(2**53 + 1), 5, 0), add(2, "A", Units(2**53 + 3), 4)),
        ARITHMETIC,
        mid_price=float(2**53 + 2**53 + 4) / 2e9,
    ),
    _formula(
        "rounded-each",
        "Every operation is rounded on its own: a fused multiply-add gives another micro-price.",
        (add(1, "B", Units(_FUSED_BID), 1_234_567, 0), add(2, "A", Units(_FUSED_ASK), 7_654_321)),
        ARITHMETIC,
        micro_price=(float(_FUSED_BID) * 7_654_321.0 + float(_FUSED_ASK) * 1_234_567.0)
        / (1_234_567.0 + 7_654_321.0)
        / 1e9,
    ),
)
