"""The feeds that can be generated: number and kind of books, and the activity of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypedDict

from lobench.engine.synthetic.tables import EQUITY, FUTURE, Rows

CME: Final = 0
"""Fills by C of the whole order or M to the rest; a modify keeps the id; a trade names its aggressor."""
ITCH: Final = 1
"""Fills by C of the filled size, one group each; a replace is C and A of a new id; partial cancels; T has no id."""
PITCH: Final = 2
"""As ITCH, but a modify keeps the id."""


@dataclass(frozen=True)
class Venue:
    """One publisher: its Databento number and its style (``CME``, ``ITCH``, ``PITCH``)."""

    publisher_id: int
    style: int
    share: float = 1.0
    """Part of an instrument's orders and activity that this venue has."""
    first_id: int = 0
    """Where its order ids begin."""


@dataclass(frozen=True)
class FeedModel:
    """A feed: its books and their distributions. Live orders are a target, reached for n large enough."""

    name: str
    summary: str
    records: int
    """Default n."""
    live: int
    """Live orders in all books together."""
    dataset: str
    venues: tuple[Venue, ...]
    tables: tuple[Rows, ...]
    tick: int
    """Price step, 1e-9 units."""
    prices: tuple[int, int]
    """Lowest and highest price that a book may begin at, in ticks."""
    instruments: int = 1
    first_instrument: int = 17077
    width: int = 4096
    """Least number of price steps that a book covers."""
    late_ids: bool = False
    """One id in 32 arrives later than it was given out."""
    sparse_ids: bool = False
    """Order ids spread over all 64 bits, unless the spec says ``ids=venue``."""
    speed: int = 0
    """Waiting times are divided by two to this power."""
    auction: bool = False
    """Begins before the open, opens with an uncross, and is cleared twice later."""

    @property
    def symbols(self) -> dict[int, str]:
        """Names of the instruments by their ids."""
        ids = range(self.first_instrument, self.first_instrument + self.instruments)
        return {ids[0]: self.name.upper()} if len(ids) == 1 else {number: f"S{number}" for number in ids}


class _Future(TypedDict):
    """The properties that all feeds of the future share."""

    dataset: str
    venues: tuple[Venue, ...]
    tables: tuple[Rows, ...]
    tick: int
    prices: tuple[int, int]


_ES: Final[_Future] = {
    "dataset": "GLBX.MDP3",
    "venues": (Venue(1, CME, first_id=6_412_777_000_000),),
    "tables": FUTURE,
    "tick": 250_000_000,
    "prices": (19_200, 19_200),
}
_CENT: Final = 10_000_000

MODELS: Final[dict[str, FeedModel]] = {
    model.name: model
    for model in (
        FeedModel(
            name="liquid-future",
            summary="one busy future, 2,000 live orders, sparse 64-bit ids",
            sparse_ids=True,
            records=1_000_000,
            live=2_000,
            **_ES,
        ),
        FeedModel(
            name="equity-universe",
            summary="100 equities on two venues, Zipf activity, 200,000 live orders",
            records=2_000_000,
            live=200_000,
            dataset="XNAS.ITCH",
            venues=(Venue(2, ITCH, 0.7, 196_851), Venue(5, PITCH, 0.3, 196_001)),
            tables=EQUITY,
            tick=_CENT,
            prices=(1_000, 50_000),
            instruments=100,
            first_instrument=1_001,
            width=512,
            late_ids=True,
            speed=4,
        ),
        FeedModel(
            name="deep-book",
            summary="one book with 500,000 live orders",
            records=5_000_000,
            live=500_000,
            **_ES,
        ),
        FeedModel(
            name="full-market",
            summary="4,000 equities, Zipf activity, 1,000,000 live orders",
            records=5_000_000,
            live=1_000_000,
            dataset="XNAS.ITCH",
            venues=(Venue(5, PITCH, 1.0, 196_851),),
            tables=EQUITY,
            tick=_CENT,
            prices=(500, 50_000),
            instruments=4_000,
            first_instrument=1,
            width=256,
            late_ids=True,
            speed=6,
        ),
        FeedModel(
            name="auction-open",
            summary="a crossed pre-open, an opening uncross, trading, and two clears with rebuilds",
            records=1_000_000,
            live=2_000,
            **_ES,
            auction=True,
        ),
    )
}
DEFAULT: Final = "liquid-future"
