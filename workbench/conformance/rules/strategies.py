"""The four strategies, the accounts that trade on them, and the shared prices of an instrument's publishers."""

from __future__ import annotations

from typing import Final

from lobench.workbench.conformance.rule import LeftOut, Rule, Shown, account
from lobench.workbench.conformance.rules.sections import CONTEXT, STRATEGIES
from lobench.workbench.conformance.stream import UNDEFINED, Row, Units, add, at, cancel, modify, none, trade


def _strategy(
    name: str,
    says: str,
    stream: tuple[Row, ...],
    *shows: Shown,
    group: LeftOut | None = None,
    section: str = STRATEGIES,
) -> Rule:
    return Rule(name, section, says, stream, shows, needs="strategies", group=group)


def _quotes(bid_size: int, ask_size: int) -> tuple[Row, ...]:
    """100 bid, 102 asked, not evaluated yet: the mid is 101."""
    return add(1, "B", 100, bid_size, 0), add(2, "A", 102, ask_size, 0)


def _trades(count: int, price: int = 100) -> tuple[Row, ...]:
    return (trade("B", price, 1, 0),) * count


_BOUGHT: Final = (1, -101.0, 0.0, 1)
_SOLD: Final = (-1, 101.0, 0.0, 1)
_NOTHING: Final = (0, 0.0, 0.0, 0)
_EVEN: Final = _quotes(5, 5)
_HIGHEST: Final = Units(UNDEFINED - 1)
"""64 trades at this price sum to -128 in 64 bits; with more bits, their mean is far above any mid price."""
# The instrument is at 101 bid and 104 asked, this book at 100 and 104.
_OTHER: Final = tuple(at(1, 2, add(1, "B", 101, 5, 0), add(2, "A", 105, 5, 0)))

RULES: Final = (
    _strategy(
        "imbalance-buys",
        "The strategy imbalance buys when imbalance_level1 is above 0.4.",
        (*_quotes(15, 6), none()),
        account("imbalance", *_BOUGHT),
    ),
    _strategy(
        "imbalance-sells",
        "It sells when it is below -0.4.",
        (*_quotes(6, 15), none()),
        account("imbalance", *_SOLD),
    ),
    _strategy(
        "imbalance-holds",
        "It holds from -0.4 to 0.4, inclusive.",
        (*_quotes(7, 3), none(), modify(1, "B", 100, 3, 0), modify(2, "A", 102, 7)),
        account("imbalance", *_NOTHING),
    ),
    _strategy(
        "micro-reversion-buys",
        "The strategy micro_reversion buys when the micro-price is above the mid.",
        (*_quotes(6, 5), none()),
        account("micro_reversion", *_BOUGHT),
    ),
    _strategy(
        "micro-reversion-sells",
        "It sells when the micro-price is below the mid.",
        (*_quotes(5, 6), none()),
        account("micro_reversion", *_SOLD),
    ),
    _strategy(
        "micro-reversion-holds",
        "It holds when both are equal.",
        (*_EVEN, none()),
        account("micro_reversion", *_NOTHING),
    ),
    _strategy(
        "flow-buys",
        "The strategy flow buys while its average of the order flow imbalance is above 0.",
        (*_EVEN, none(), modify(1, "B", 100, 8)),
        account("flow", *_BOUGHT),
    ),
    _strategy(
        "flow-sells",
        "It sells while the average is below 0.",
        (*_EVEN, none(), modify(2, "A", 102, 8)),
        account("flow", *_SOLD),
    ),
    _strategy(
        "flow-holds",
        "It holds at 0, and before the first value.",
        (*_EVEN, none(), none()),
        account("flow", *_NOTHING),
    ),
    _strategy(
        "flow-averages",
        "The average is exponential with alpha 0.1: one value of the other sign does not turn it.",
        (*_EVEN, none(), modify(1, "B", 100, 25), modify(2, "A", 102, 55)),
        account("flow", *_BOUGHT),
    ),
    _strategy(
        "flow-skips-undefined",
        "An undefined order flow imbalance does not change the average.",
        (
            *_EVEN,
            none(),
            modify(1, "B", 100, 25),
            cancel(2, "A", 102, 5),
            add(2, "A", 102, 5),
            modify(2, "A", 102, 20),
        ),
        account("flow", *_BOUGHT),
    ),
    _strategy(
        "rolling-mean-buys",
        "The strategy rolling_mean buys when the mid is below the mean of the last 64 trades.",
        (*_EVEN, *_trades(64, 102), none()),
        account("rolling_mean", *_BOUGHT),
    ),
    _strategy(
        "rolling-mean-sells",
        "It sells when the mid is above the mean.",
        (*_EVEN, *_trades(64, 100), none()),
        account("rolling_mean", *_SOLD),
    ),
    _strategy(
        "rolling-mean-holds",
        "It holds when both are equal.",
        (*_EVEN, *_trades(64, 101), none()),
        account("rolling_mean", *_NOTHING),
    ),
    _strategy(
        "rolling-mean-of-64",
        "It holds until the instrument has had 64 trades.",
        (*_EVEN, *_trades(63, 102), none()),
        account("rolling_mean", *_NOTHING),
    ),
    _strategy(
        "trade-mean-of-last-64",
        "With the 65th trade, the first leaves the mean.",
        (*_EVEN, trade("B", 10_000, 1, 0), *_trades(64, 100), none()),
        account("rolling_mean", *_SOLD),
        section=CONTEXT,
    ),
    _strategy(
        "trade-mean-of-instrument",
        "Trades of all publishers of the instrument count in the mean.",
        (*_EVEN, *_trades(34, 100), *at(1, 2, *_trades(30, 100)), none()),
        account("rolling_mean", *_SOLD),
        group="publishers",
        section=CONTEXT,
    ),
    _strategy(
        "trade-mean-of-own-instrument",
        "Trades of other instruments do not count in the mean.",
        (*_EVEN, *_trades(40, 102), *at(2, 1, *_trades(64, 102)), none()),
        account("rolling_mean", *_NOTHING),
        section=CONTEXT,
    ),
    _strategy(
        "trade-mean-wraps",
        "The sum of the trade prices is a 64-bit two's complement integer.",
        (*_EVEN, *_trades(64, _HIGHEST), none()),
        account("rolling_mean", *_SOLD),
        section=CONTEXT,
    ),
    _strategy(
        "trade-mean-ignores",
        "A T without a price does not count in the mean.",
        (*_EVEN, *_trades(62, 102), *(trade("B", UNDEFINED, 1, 0),) * 2, none()),
        account("rolling_mean", *_NOTHING),
        group="repairs",
        section=CONTEXT,
    ),
    _strategy(
        "account-reverses",
        "Turning from long to short is one trade of size 2.",
        (*_quotes(20, 5), none(), add(3, "A", 102, 60)),
        account("imbalance", -1, 101.0, 0.0, 2),
    ),
    _strategy(
        "account-holds",
        "While a strategy holds its position stays, and equity follows the mid.",
        (*_quotes(20, 5), none(), add(3, "B", 101, 5)),
        account("imbalance", 1, -101.0, 0.5, 1),
    ),
    _strategy(
        "account-of-empty-side",
        "While a side of the instrument's best prices is empty, accounts do not change.",
        (*_quotes(20, 5), none(), cancel(2, "A", 102, 5), cancel(1, "B", 100, 20)),
        account("imbalance", *_BOUGHT),
    ),
    _strategy(
        "account-of-own-book",
        "Each book has its own accounts.",
        (*_quotes(20, 5), none(), *at(2, 1, *_quotes(5, 20), none())),
        account("imbalance", *_BOUGHT),
        account("imbalance", *_SOLD, of=(2, 1)),
    ),
    _strategy(
        "account-at-instrument-mid",
        "An account trades at the mid of the best prices of all its instrument's books.",
        (add(1, "B", 100, 20, 0), add(2, "A", 104, 5, 0), *_OTHER, none()),
        account("imbalance", 1, -102.5, 0.0, 1),
        group="publishers",
        section=CONTEXT,
    ),
    _strategy(
        "account-of-one-sided-book",
        "A book with an empty side trades where other publishers have that side.",
        (add(1, "B", 100, 20, 0), *_OTHER, none()),
        account("imbalance", 1, -103.0, 0.0, 1),
        group="publishers",
    ),
    _strategy(
        "instrument-mid-at-event",
        "The best prices of one's own instrument are those of the event, of any publisher.",
        (
            add(1, "B", 100, 20, 0),
            add(2, "A", 104, 5, 0),
            *_OTHER,
            none(),
            *at(1, 2, cancel(1, "B", 101, 5, 0)),
            none(),
        ),
        account("imbalance", 1, -102.5, -0.5, 1),
        group="publishers",
        section=CONTEXT,
    ),
    _strategy(
        "instrument-mid-of-own-instrument",
        "Books of other instruments are not included.",
        (*_quotes(20, 5), *at(2, 1, add(1, "B", 101, 5, 0), add(2, "A", 101, 5, 0)), none()),
        account("imbalance", *_BOUGHT),
        section=CONTEXT,
    ),
)
