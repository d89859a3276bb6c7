"""The trackers of one book: rates over a window, lifetimes, trades, queue positions, previous quotes."""

from __future__ import annotations

from lobench.engine.oracle.arithmetic import NAN, divide, ema
from lobench.engine.oracle.book import Book, Effect, Record
from lobench.engine.records import ASK, BID, MODIFY, TRADE

WINDOW = 100
"""Events of the book in one window."""


class Window:
    """Adds, modifies and cancelled size over the last full window of 100 events; NaN before the first."""

    def __init__(self) -> None:
        self.adds = self.modification_rate = self.cancellation = NAN
        self._reset()

    def _reset(self) -> None:
        self._adds = self._added_size = self._modifies = self._cancelled_size = 0

    def update(self, n: int, record: Record, effect: Effect) -> None:
        """Count event ``n`` of the book; close the window if n is its last."""
        if effect.added:
            self._adds += 1
            self._added_size += record.size
        if record.action == MODIFY and not effect.ignored:
            self._modifies += 1
        self._cancelled_size += effect.cancelled
        if n % WINDOW == 0:
            self.adds = float(self._adds)
            self.modification_rate = float(self._modifies) / 100
            self.cancellation = (
                NAN if self._added_size == 0 else divide(float(self._cancelled_size), float(self._added_size))
            )
            self._reset()


class Lifetime:
    """Moving average of the events between an order's birth and the C that removed it."""

    def __init__(self) -> None:
        self.value = NAN

    def update(self, n: int, effect: Effect) -> None:
        """Take in the age, at event ``n`` of the book, of an order that a C removed."""
        if effect.removed is not None:
            self.value = ema(self.value, float(n - effect.removed.birth))


class Trades:
    """Signed size averaged over trades, and the last trade with the quotes that it met, in 1e-9 units."""

    def __init__(self) -> None:
        self.flow = self.price = self.bid = self.ask = NAN

    def update(self, book: Book, record: Record, effect: Effect) -> None:
        """Take in a trade that was not ignored."""
        if record.action != TRADE or effect.ignored:
            return
        signed = float(record.size) if record.side == BID else -float(record.size) if record.side == ASK else 0.0
        self.flow = ema(self.flow, signed)
        self.price = float(record.price)
        self.bid, self.ask = _best_price(book, BID), _best_price(book, ASK)


class QueuePosition:
    """Size ahead of a hypothetical order that joined the best level of a side when its price last became best."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.valid = False
        self.price = 0
        self.joined = 0
        self.ahead = 0

    @property
    def value(self) -> float:
        """Size ahead, NaN where the side is empty."""
        return float(self.ahead) if self.valid else NAN

    def update(self, book: Book, effect: Effect) -> None:
        """Move up by the size that left the queue ahead; join again if the best level has changed."""
        for loss in effect.losses:
            if self.valid and loss.side == self.side and loss.price == self.price and loss.arrival <= self.joined:
                self.ahead -= loss.size
        best = book.sides[self.side].best
        if best is None:
            self.valid = False
        elif not self.valid or best.price != self.price or self.side in effect.reset:
            self.valid = True
            self.price = best.price
            self.ahead = best.size
            self.joined = book.n


class Quotes:
    """Best prices and sizes as of the book's previous evaluation; NaN for an empty side and before the first."""

    def __init__(self) -> None:
        self.bid_price = self.bid_size = self.ask_price = self.ask_size = NAN

    def update(self, book: Book) -> None:
        """To be called at each evaluation, after the features were computed."""
        self.bid_price, self.bid_size = _best_price(book, BID), _best_size(book, BID)
        self.ask_price, self.ask_size = _best_price(book, ASK), _best_size(book, ASK)


class Trackers:
    """All trackers of one book."""

    def __init__(self) -> None:
        self.window = Window()
        self.lifetime = Lifetime()
        self.trades = Trades()
        self.queue_bid = QueuePosition(BID)
        self.queue_ask = QueuePosition(ASK)
        self.previous = Quotes()

    def update(self, book: Book, record: Record, effect: Effect) -> None:
        """Follow one event, after the book rules were applied. The quotes are followed at evaluations instead."""
        self.window.update(book.n, record, effect)
        self.lifetime.update(book.n, effect)
        self.trades.update(book, record, effect)
        self.queue_bid.update(book, effect)
        self.queue_ask.update(book, effect)


def _best_price(book: Book, side: int) -> float:
    best = book.sides[side].best
    return NAN if best is None else float(best.price)


def _best_size(book: Book, side: int) -> float:
    best = book.sides[side].best
    return NAN if best is None else float(best.size)
