"""The oracle's digests against known answers, and when they are sampled."""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Callable
from math import nan

import numpy as np
import numpy.typing as npt

from lobench.engine.oracle import Oracle
from lobench.engine.oracle.digest import (
    K,
    bits,
    book_key,
    book_state,
    coefficient,
    combine,
    features_value,
    fold,
    mix,
    row_trace,
    strategies_value,
    trace_bits,
)
from lobench.engine.records import BATCH
from lobench.engine.result import Digests

Replay = Callable[..., Oracle]
Records = Callable[..., npt.NDArray[np.void]]


def folded(*values: int) -> int:
    h = 0
    for value in values:
        h = fold(h, value)
    return h


def test_fold_known_answers() -> None:
    assert fold(0, 0) == fold(77, 77) == 0
    # The constant c = 0x9E3779B97F4A7C15 itself, and 2^64 - c.
    assert fold(0, 1) == fold(1, 0) == 0x9E3779B9E17D05AC
    assert fold(0, -1) == 0x61C88646E17D05AD


def test_mix_known_answers() -> None:
    assert mix(0) == 0
    assert mix(1) == 0x5692161D100B05E5
    # First two outputs of splitmix64 seeded with 0.
    assert mix(0x9E3779B97F4A7C15) == 0xE220A8397B1DCDAF
    assert mix(2 * 0x9E3779B97F4A7C15 % 2**64) == 0x6E789E6AA1B965F4


def test_coefficients_are_odd() -> None:
    assert coefficient(0) == K[0] == 0x5692161D100B05E5
    assert all(k & 1 for k in K)
    assert len(set(K)) == 24


QUOTES = (10, 1, 11, 2)


def test_rows_of_the_trace_have_different_hashes() -> None:
    features = [0.5 * place for place in range(24)]
    row = row_trace(65537, 3, QUOTES, features, (1, 0, -1, 0))
    others = [
        row_trace(65538, 3, QUOTES, features, (1, 0, -1, 0)),
        row_trace(65537, 4, QUOTES, features, (1, 0, -1, 0)),
        row_trace(65537, 3, (10, 1, 11, 3), features, (1, 0, -1, 0)),
        row_trace(65537, 3, (1, 10, 11, 2), features, (1, 0, -1, 0)),
        row_trace(65537, 3, QUOTES, [*features[:23], 7.0], (1, 0, -1, 0)),
        row_trace(65537, 3, QUOTES, [features[1], features[0], *features[2:]], (1, 0, -1, 0)),
        row_trace(65537, 3, QUOTES, [-0.0, *features[1:]], (1, 0, -1, 0)),
        row_trace(65537, 3, QUOTES, features, (0, 1, -1, 0)),
        row_trace(65537, 3, QUOTES, features, ()),
        row_trace(65537, 3, QUOTES, (), ()),
    ]
    assert len({row, *others}) == 1 + len(others)


def test_a_row_of_the_trace_by_hand() -> None:
    # Lanes 10, 1, 11, 2, turned left by 7, 23, 39 and 55.
    lanes = (10 << 7) + (1 << 23) + (11 << 39) + (2 << 55)
    assert row_trace(1, 0, QUOTES, (), ()) == fold(0x9E3779B97F4A7C15, lanes)
    # The fifth feature and the first share a lane.
    assert row_trace(1, 0, (0, 0, 0, 0), [0.0] * 4 + [1.0], ()) == fold(
        0x9E3779B97F4A7C15, (0x3FF << 59) % 2**64 + (0x3FF >> 5)
    )


def test_every_nan_is_the_same_in_the_trace() -> None:
    negative = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000000))[0]
    assert trace_bits(math.nan) == trace_bits(negative) == trace_bits(-math.inf) == bits(-sys.float_info.max)
    assert trace_bits(math.inf) == bits(math.inf)
    assert trace_bits(-0.0) == bits(-0.0) != trace_bits(0.0)


def test_bits() -> None:
    assert bits(1.0) == 0x3FF0000000000000
    assert bits(-0.0) == 0x8000000000000000
    assert bits(nan) == bits(-nan) == 0x7FF8000000000000


def test_values_of_an_evaluation() -> None:
    assert features_value((0.0, 1.0, 0.0)) == 0x3FF0000000000000 * K[1] % 2**64
    short = strategies_value([(0, 0.0, 0.0), (-1, 1.0, 0.0)])
    assert short == ((2**64 - 1) * K[3] + 0x3FF0000000000000 * K[4]) % 2**64


def test_book_key_and_combination() -> None:
    assert book_key(3, 2) == 3 * 65536 + 2
    assert combine([]) == 0
    assert combine([(1, 5), (2, 6)]) == (mix(5 ^ mix(1)) + mix(6 ^ mix(2))) % 2**64


def test_book_state(replay: Replay) -> None:
    empty = replay("N").book(1, 1)
    assert empty is not None
    assert book_state(empty) == 0
    book = replay("A 1 B -7 30", "A 2 B -7 20", "A 3 B -8 9", "A 0 A 5 6 TOB").book(1, 1)
    assert book is not None
    bid = (2, -7, 50, 2, 1, 30, 2, 20, -8, 9, 1, 3, 9)
    ask = (1, 5, 6, 0)
    assert book_state(book) == folded(*bid, *ask)


def test_digests_of_a_replay(replay: Replay) -> None:
    oracle = replay("A 4 B 100e9 30", "A 5 A 102e9 10 LAST")
    key = mix(65536 + 1)
    state = folded(1, 100 * 10**9, 30, 1, 4, 30, 1, 102 * 10**9, 10, 1, 5, 10)
    features = sum(bits(x) * K[i] for i, x in enumerate(oracle.rows[0][3]))
    # Strategies 1 and 2 bought at 101.
    bought = sum(K[3 * k] + bits(-101.0) * K[3 * k + 1] for k in (1, 2))
    assert oracle.finish().digests == Digests(
        books=mix(fold(0, state) ^ key),
        features=mix(fold(0, features % 2**64) ^ key),
        strategies=mix(fold(0, bought % 2**64) ^ key),
    )


def test_digest_sums_over_books(replay: Replay) -> None:
    digests = replay("N on=2/1", "N on=1/3").finish().digests
    quiet = (mix(mix(2 * 65536 + 1)) + mix(mix(65536 + 3))) % 2**64
    assert digests == Digests(quiet, quiet, quiet)


def test_samples_at_batch_boundaries(replay: Replay) -> None:
    add = "A 4 B 100e9 30"
    state = folded(1, 100 * 10**9, 30, 1, 4, 30, 0)
    before = replay(add, *("N",) * (BATCH - 2)).finish()
    assert before.samples.shape == (0, 3)
    assert before.samples.dtype == np.uint64
    at = replay(add, *("N",) * (BATCH - 1)).finish()
    once = mix(fold(0, state) ^ mix(65537))
    assert at.samples[:, 0].tolist() == [once]
    # At the end only books with an event since the boundary are sampled.
    assert at.digests is not None
    assert at.digests.books == once
    after = replay(add, *("N",) * BATCH).finish()
    assert after.samples[:, 0].tolist() == [once]
    assert after.digests is not None
    assert after.digests.books == mix(folded(state, state) ^ mix(65537))


def test_a_quiet_book_is_not_sampled_again(replay: Replay) -> None:
    add = "A 4 B 100e9 30 on=2/1"
    state = folded(1, 100 * 10**9, 30, 1, 4, 30, 0)
    result = replay(add, *("N",) * (2 * BATCH - 1)).finish()
    empty_book = mix(mix(65537))
    once = (mix(fold(0, state) ^ mix(2 * 65536 + 1)) + empty_book) % 2**64
    assert result.samples[:, 0].tolist() == [once, once]


def test_pieces_and_early_finishes_change_nothing(replay: Replay, records: Records) -> None:
    lines = ("A 1 B 100e9 30", "A 2 A 102e9 10 LAST", "C 1 B 100e9 3 LAST", "T 0 A 100e9 3", "M 2 A 103e9 5 LAST") * 900
    whole = replay(*lines).finish()
    oracle = Oracle()
    assert oracle.finish().events == 0
    feed = records(*lines)
    for start in range(0, len(feed), 1000):
        oracle.apply(feed[start : start + 1000])
        oracle.finish()
    pieces = oracle.finish()
    assert pieces.samples.tolist() == whole.samples.tolist()
    assert len(whole.samples) == 1
    assert (pieces.digests, pieces.books, pieces.anomalies) == (whole.digests, whole.books, whole.anomalies)
    assert pieces.evaluations == whole.evaluations == 2700


def test_any_stride(records: Records) -> None:
    feed = records("A 1 B 100e9 30", "N", "A 2 A 102e9 10 LAST", "N")
    strided, dense = Oracle(), Oracle()
    strided.apply(feed[::2])
    dense.apply(feed[::2].copy())
    assert strided.finish().digests == dense.finish().digests
    assert strided.finish().events == 2
