"""Which rules a feed reaches: counted as the oracle sees them, and all of them reached by the default feeds."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from lobench.engine.coverage import COUNTED
from lobench.engine.feeds import LoadedFeed, load, open_feed
from lobench.engine.feeds.base import Chunk
from lobench.engine.oracle import Oracle
from lobench.engine.oracle.book import Book
from lobench.engine.records import (
    ADD,
    ASK,
    BID,
    CANCEL,
    CLEAR,
    F_LAST,
    F_SNAPSHOT,
    F_TOB,
    MBO,
    MODIFY,
    TRADE,
    UNDEF_PRICE,
)
from lobench.engine.replay import Replay
from lobench.workbench.verification.coverage import DEFAULT_FEEDS, RULES, reached, unreached
from lobench.workbench.verification.coverage.records import RECORDS, count_records
from tests.support.replays import PHASE, Records, group

pytestmark = [pytest.mark.normal, group(PHASE[4])]


def feed_of(records: Records) -> LoadedFeed:
    return LoadedFeed("made", Chunk(records.ctypes.data, MBO.itemsize, len(records), records), {})


def counts_of(feed: LoadedFeed) -> dict[str, int]:
    with Replay(PHASE[4], observe=False) as replay:
        replay.apply(feed.slice(0, feed.count))
        return reached(feed, replay.finish())


def expected(records: Records) -> Counter[str]:
    """The same by the oracle: the situation of each record, and the state of the books after it."""
    found: Counter[str] = Counter()
    oracle = Oracle()
    for number in range(len(records)):
        event = {name: int(records[name][number]) for name in MBO.names or ()}
        key = event["instrument_id"], event["publisher_id"]
        book = oracle.book(*key) or Book(*key)
        before = _before(book, event)
        held = {side: len(book.sides[side]) for side in (BID, ASK)}
        oracle.apply(records[number : number + 1])
        if event["action"] not in (ADD, CANCEL, MODIFY, CLEAR):
            continue
        after = oracle.book(*key)
        assert after is not None
        found.update(before)
        found.update(_after(oracle, after, event, held))
    return found


def _before(book: Book, event: dict[str, int]) -> Counter[str]:
    order = book.orders.get(event["order_id"])
    size, price, side = event["size"], event["price"], event["side"]
    found: Counter[str] = Counter()
    if event["action"] == CLEAR:
        found["emptied_by_clear"] += bool(book.orders)
    elif event["action"] == ADD and event["flags"] & F_TOB:
        if side in (BID, ASK):
            levels = len(book.sides[side])
            found["top_of_book_empties"] += price == UNDEF_PRICE and levels > 0
            found["top_of_book"] += price != UNDEF_PRICE and size > 0
            found["top_of_book_over_orders"] += price != UNDEF_PRICE and size > 0 and levels > 1
    elif order is not None and event["action"] == CANCEL:
        found["cancel_nothing"] += size == 0
        found["cancel_part"] += 0 < size < order.size
        found["cancel_whole"] += size >= order.size
        found["cancel_behind"] += size > 0 and book.sides[order.side][order.price].place(order.id) > 1
    elif order is not None and event["action"] == MODIFY and side in (BID, ASK) and price != UNDEF_PRICE and size:
        if side != order.side:
            found["modify_side"] += 1
        elif price != order.price:
            found["modify_price"] += 1
        else:
            kind = "smaller" if size < order.size else "larger" if size > order.size else "same"
            found[f"modify_{kind}"] += 1
    return found


def _after(oracle: Oracle, book: Book, event: dict[str, int], held: dict[int, int]) -> Counter[str]:
    found: Counter[str] = Counter()
    bid, ask = book.best_price(BID), book.best_price(ASK)
    if bid is not None and ask is not None:
        found["crossed_book"] += bid > ask
        found["locked_book"] += bid == ask
    elif event["flags"] & (F_LAST | F_SNAPSHOT) == F_LAST:
        found["evaluated_empty_side"] += 1
    found["deep_side"] += max(len(book.sides[BID]), len(book.sides[ASK])) > 5
    top = event["action"] == ADD and event["flags"] & F_TOB
    if event["action"] == CANCEL:
        found["emptied_by_cancel"] += sum(held[side] > 0 and not book.sides[side] for side in (BID, ASK))
    elif event["action"] != CLEAR and not top:
        order = book.orders.get(event["order_id"])
        found["long_queue"] += order is not None and len(book.sides[order.side][order.price].queue) > 64
    instrument = oracle.instrument(event["instrument_id"])
    assert instrument is not None
    for side in (BID, ASK):
        best = book.best_price(side)
        found["shared_best"] += best is not None and sum(one.best_price(side) == best for one in instrument.books) > 1
    return found


@pytest.mark.parametrize("spec", ["synth:every-rule,n=6000", "synth:auction-open,n=6000,anomalies=0.05"])
def test_counts_equal_the_oracles(spec: str) -> None:
    feed = load(open_feed([spec]))
    found, wanted = counts_of(feed), expected(feed.records)
    assert {name: found[name] for name in COUNTED} == {name: wanted[name] for name in COUNTED}


def test_the_default_feeds_reach_every_rule() -> None:
    left = set(RULES)
    for spec in DEFAULT_FEEDS:
        counts = counts_of(load(open_feed([spec])))
        assert list(counts) == list(RULES)
        left &= set(unreached(counts))
    assert left == set()


def test_a_small_feed_reaches_these_rules_only() -> None:
    made = np.zeros(3, MBO)
    made["action"], made["side"], made["flags"] = [ADD, ADD, TRADE], [BID, ASK, BID], F_LAST
    made["order_id"], made["price"], made["size"] = [1, 2, 0], [100, 200, 150], 5
    counts = counts_of(feed_of(made))
    assert {name for name, count in counts.items() if count} == {
        "action_add",
        "action_trade",
        "trade_buy",
        "evaluation",
        "evaluated_empty_side",
    }


def test_a_feed_without_records() -> None:
    assert count_records(feed_of(np.zeros(0, MBO))) == dict.fromkeys(RECORDS, 0)
