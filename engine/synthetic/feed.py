"""Synthetic feeds by name: ``synth:liquid-future,n=100000,seed=7,anomalies=0.01``."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import numpy as np

from lobench.engine.errors import UsageError
from lobench.engine.feeds.base import Chunk
from lobench.engine.records import F_LAST, MBO
from lobench.engine.synthetic.catalogue import DEFAULT, MODELS, FeedModel
from lobench.engine.synthetic.every_rule import EVERY_RULE, EveryRuleFeed
from lobench.engine.synthetic.kernel import prepare, produce
from lobench.engine.synthetic.market import GROUP, build

PREFIX = "synth:"
CHUNK = 65_536
_PARAMETERS = ("n", "seed", "anomalies", "ids")
_ALL = {**MODELS, EVERY_RULE.name: EVERY_RULE}
_SUFFIXES = {"k": 10**3, "m": 10**6, "g": 10**9}


class SyntheticFeed:
    """A generated feed of exactly ``n`` records; the same model, n, seed, anomalies and ids make the same bytes.

    ``anomalies``: probability that a group breaks the rules, 0 to 1; each kind has its turn.
    ``sparse_ids``: ids spread over all 64 bits instead of the venue's own way of counting.
    ``chunk``: records handed over at a time, from two buffers in turn; has no influence on the records.
    """

    def __init__(
        self,
        model: FeedModel,
        n: int,
        seed: int = 1,
        anomalies: float = 0.0,
        sparse_ids: bool = False,
        name: str = "",
    ) -> None:
        self.model = model
        self.n = self.expected = n
        self.seed = seed
        self.anomalies = anomalies
        self.sparse_ids = sparse_ids
        self.name = name or f"{PREFIX}{model.name}"
        self.chunk = CHUNK
        self.other_records: dict[int, int] = {}

    @property
    def symbols(self) -> dict[int, str]:
        """Of all instruments that the feed may name."""
        symbols = self.model.symbols
        if self.anomalies:
            symbols[self.model.first_instrument + len(symbols)] = "TOP-OF-BOOK"
        return symbols

    def __iter__(self) -> Iterator[Chunk]:
        market, wanted = build(self.model, self.n, self.seed, self.anomalies, self.sparse_ids)
        prepare(market.state, wanted)
        buffers = [np.zeros(self.chunk + GROUP, MBO) for _ in range(2)]
        state = market.state
        left = self.n
        while left:
            buffer = buffers[0]
            count = min(self.chunk, left)
            state["buffer_at"] = buffer.ctypes.data
            produce(state, count)
            left -= count
            # A group that does not fit continues in the next chunk.
            over = int(state["count"][0]) - count
            buffers[1][:over] = buffer[count : count + over]
            state["count"] = over
            if not left:
                buffer["flags"][count - 1] |= F_LAST
            yield Chunk(buffer.ctypes.data, MBO.itemsize, count, buffer)
            buffers.reverse()


def names() -> list[tuple[str, str]]:
    """The feeds that can be generated: (name, one line about it)."""
    return [(name, f"{model.summary}; n={model.records:,} unless given") for name, model in _ALL.items()]


def open_synthetic(spec: str) -> SyntheticFeed | EveryRuleFeed:
    """The feed that a spec describes: ``synth:NAME,n=…,seed=…,anomalies=…,ids=sparse``, all but the name optional.

    n may be written 5000000, 5_000_000, 5e6 or 5M. Raises UsageError, naming what is valid.
    """
    name, *settings = spec.removeprefix(PREFIX).split(",")
    model = _ALL.get(name or DEFAULT)
    if model is None:
        raise UsageError(f"{spec}: no feed named {name!r}{_closest(name, tuple(_ALL))}")
    given: dict[str, str] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if key not in _PARAMETERS:
            raise UsageError(f"{spec}: no parameter named {key!r}{_closest(key, _PARAMETERS)}")
        if not equals or not value or key in given:
            raise UsageError(f"{spec}: {key} must be given once, as {key}=VALUE")
        given[key] = value
    n = _whole(spec, "n", given.get("n", str(model.records)), 1)
    seed = _whole(spec, "seed", given.get("seed", "1"), 0)
    if model is EVERY_RULE:
        for key in given.keys() - {"n", "seed"}:
            raise UsageError(f"{spec}: {name} takes only n and seed; leave out {key}")
        return EveryRuleFeed(n, seed, spec)
    ids = given.get("ids", "sparse" if model.sparse_ids else "venue")
    if ids not in ("venue", "sparse"):
        raise UsageError(f"{spec}: ids={ids}: must be venue or sparse")
    return SyntheticFeed(model, n, seed, _rate(spec, given.get("anomalies", "0")), ids == "sparse", spec)


def _closest(word: str, valid: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, valid, 1)
    return f"; did you mean {close[0]}?" if close else f"; valid: {', '.join(valid)}"


def _whole(spec: str, key: str, text: str, least: int) -> int:
    """A whole number of at least ``least``, below 2^62."""
    digits, factor = (text[:-1], _SUFFIXES[text[-1].lower()]) if text[-1].lower() in _SUFFIXES else (text, 1)
    try:
        value = int(digits) * factor
    except ValueError:
        try:
            number = float(digits) * factor
            value = int(number) if number == int(number) else -1
        except (ValueError, OverflowError):
            value = -1
    if not least <= value < 2**62:
        raise UsageError(f"{spec}: {key}={text}: must be an integer, at least {least}, such as 200_000, 5e6 or 5M")
    return value


def _rate(spec: str, text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0.0 <= rate <= 1.0:
        raise UsageError(f"{spec}: anomalies={text}: must be a probability from 0 to 1")
    return rate
