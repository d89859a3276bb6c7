"""A strategy that reads another instrument sees its state at the last batch boundary, in any replay."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from lobench.engine.oracle import Oracle
from lobench.engine.policy import Variant
from lobench.engine.records import ASK, BATCH, BID, F_LAST, F_SNAPSHOT
from tests.support.replays import LADDER, PHASE, TOP, each, run_python
from tests.support.streams import Market

pytestmark = pytest.mark.normal

SEED, COUNT = 4, 2 * BATCH + 1_500
PEER, ABSENT = 1, 999
START = 0.0

# In a separate process, because a strategy cannot be unregistered.
REPLAY = f"""
import json, math, sys
import lobench.engine.strategies
from lobench.engine.board import peer_quote, peer_trade
from lobench.engine.inspection import peek
from lobench.engine.layout import BACKTEST
from lobench.engine.registry import STRATEGIES, strategy
from lobench.engine.replay import Replay
from tests.support.replays import chunks
from tests.support.streams import Market
from lobench.variants import discover

@strategy(rule="remembers all that it saw of instrument {PEER}; follows its mid against its last trade")
def follow_peer(market, state):
    memory = state["memory"]
    bid, ask = peer_quote(market, {PEER})
    trade = peer_trade(market, {PEER})
    memory[0] = bid
    memory[1] = ask
    memory[2] = trade
    seen = (bid if not math.isnan(bid) else 1.0) + (ask if not math.isnan(ask) else 2.0)
    memory[3] = memory[3] * 0.25 + seen * (trade if not math.isnan(trade) else 3.0)
    nothing, _ = peer_quote(market, {ABSENT})
    signal = 0
    if not math.isnan(nothing) or not math.isnan(peer_trade(market, {ABSENT})):
        signal = 7
    elif bid + ask > 2.0 * trade:
        signal = 1
    elif bid + ask < 2.0 * trade:
        signal = -1
    return signal

variant = discover()[sys.argv[1]]
place = list(STRATEGIES).index("follow_peer")
found = {{}}
for workers in (1, 2, 3):
    with Replay(variant, workers=workers) as replay:
        for chunk in chunks(Market({SEED}).records({COUNT}), 1_000):
            replay.apply(chunk)
        states = {{
            f"{{book.instrument_id}}/{{book.publisher_id}}":
                peek(int(book._record["strategies"]), BACKTEST, len(STRATEGIES))["memory"][place].tolist()
            for book in replay.books()
        }}
        result = replay.finish()
        positions = [book.strategies[place].position for book in result.books]
        trades = [book.strategies[place].trades for book in result.books]
        found[workers] = [
            states, positions, trades, result.digests.as_json(), result.samples.tolist(), replay.end_state()
        ]
print(json.dumps(found))
"""


def expected() -> dict[str, list[float]]:
    """Each book's memory, by hand: the oracle's state of the peer at a boundary is seen until the next one."""
    records = Market(SEED).records(COUNT)
    oracle = Oracle()
    bid = ask = trade = math.nan
    memory: dict[str, list[float]] = {}
    for number, record in enumerate(records):
        oracle.apply(records[number : number + 1])
        name = f"{record['instrument_id']}/{record['publisher_id']}"
        state = memory.setdefault(name, [0.0, 0.0, 0.0, START])
        if int(record["flags"]) & (F_LAST | F_SNAPSHOT) == F_LAST:
            seen = (1.0 if math.isnan(bid) else bid) + (2.0 if math.isnan(ask) else ask)
            state[:] = [bid, ask, trade, state[3] * 0.25 + seen * (3.0 if math.isnan(trade) else trade)]
        if (number + 1) % BATCH == 0:
            peer = oracle.instrument(PEER)
            assert peer is not None
            quotes = [peer.bbo(side) for side in (BID, ASK)]
            bid, ask = (math.nan if quote is None else float(quote.price) for quote in quotes)
            trade = math.nan if peer.last_trade is None else float(peer.last_trade[0])
    return memory


@pytest.mark.parametrize("variant", [*each([PHASE[6]]), *each([LADDER[0], TOP], pytest.mark.long)])
def test_a_peer_is_seen_as_of_the_last_boundary(variant: Variant) -> None:
    found: dict[str, Any] = run_python(REPLAY, variant.name)
    states, _, trades, *_ = found["1"]
    assert states == expected()
    assert len({tuple(state[:3]) for state in states.values()}) == 1, "all books saw the peer in the same state"
    assert not np.isnan(list(states.values())).any()
    assert sum(trades) > 0
    assert found["1"] == found["2"] == found["3"]


def test_the_stream_moves_the_peer_between_boundaries() -> None:
    """Else the test above could not tell a boundary's quotes from the present ones."""
    records = Market(SEED).records(COUNT)
    oracle = Oracle()
    seen = []
    for end in (BATCH, 2 * BATCH, COUNT):
        oracle.apply(records[end - BATCH if end != COUNT else 2 * BATCH : end])
        peer = oracle.instrument(PEER)
        assert peer is not None
        seen.append((peer.bbo(BID), peer.bbo(ASK), peer.last_trade))
    assert len(set(seen)) == 3
