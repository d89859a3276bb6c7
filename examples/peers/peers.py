"""Which libraries are measured beside lobench, what there is to say of each, and which could not be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Peer:
    """``package``: its name in the package index; ``stem``: of its files here, ``peer_STEM.py`` and
    ``twice_STEM.py``."""

    package: str
    stem: str
    what: str
    leaves_out: str
    handed_over: str

    @property
    def engine(self) -> str:
        return f"peer_{self.stem}"

    @property
    def twice(self) -> str:
        return f"twice_{self.stem}"

    @property
    def files(self) -> tuple[str, str]:
        return f"{self.engine}.py", f"{self.twice}.py"


PEERS: Final = (
    Peer(
        "hftbacktest",
        "hftbacktest",
        "a backtester in Rust for strategies of high frequency, with books of orders",
        "Levels and queues: Python sees best prices and sizes, and sizes at single prices, without counts. A crossed or "
        "locked book: an order that reaches the other side takes that side's best price away. Sides of modifies. Unknown "
        "orders end a backtest.",
        "Arrays of its events, in place. It does more than a book: each order is kept twice, as the exchange has it and "
        "as the strategy sees it, and in the exchange's queues, and every event passes a clock of both.",
    ),
    Peer(
        "nautilus_trader",
        "nautilus_trader",
        "a trading platform in Rust and Python, with books of orders",
        "Counters of broken records; top-of-book records.",
        "Arrow streams, of which it makes a list of deltas, and the deltas of each book in one call. Of all ways in that "
        "Python has, this one makes the fewest Python objects: one a delta.",
    ),
    Peer(
        "itchcpp",
        "itchcpp",
        "a parser of NASDAQ ITCH in C++ with books",
        "Levels and queues, which Python does not see. Prices that ITCH has no form for, negative ones too; a record that "
        "clears a book.",
        "Bytes of ITCH messages, which it parses.",
    ),
    Peer(
        "itch-book",
        "itch_book",
        "ITCH files to tables in C++, with books",
        "Queues, and levels but for tables of all changes. Prices that ITCH has no form for, negative ones too; a record "
        "that clears a book.",
        "Bytes of ITCH messages, which it parses. It writes a table of each change of best prices, the only way to see "
        "them.",
    ),
    Peer(
        "meatpy",
        "meatpy",
        "limit order books in Python, for research",
        "Counters of broken records; top-of-book records. It has no modify: the adapter says what is to be cancelled and "
        "entered.",
        "One call of Python for each record: there is no other way in.",
    ),
)

NOT_FED: Final = {
    "litebook": "a matching engine that gives out order ids of its own and can take nothing off an order but all of it: "
    "a cancel of a part has no form",
    "cython-orderbook": "a matching engine; an order can be added and cancelled, but not made smaller",
    "fastlob": "a matching engine in Python with ids of its own, which executes orders that cross",
    "liquibook": "a matching engine: an order that crosses is executed, so a feed's own trades would happen twice",
    "akhil4n-orderbook": "a matching engine in Python of a hundred lines",
}
"""Other order books of the package index that were looked at, and why a market-by-order feed cannot be replayed."""
