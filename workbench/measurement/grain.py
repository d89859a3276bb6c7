"""Choosing the grain: how long after a switch a variant is slower than without the switch.

For the fastest variants a stretch of the feed is timed in small pieces, alone and right after another variant's turn.
The excess falls from piece to piece as caches and predictors fill again. From that curve come a slice so large, and a
lead-in so long, that the excess left in the timed rest is below the aim. The end of a stretch counts as recovered,
because two replays differ permanently by a percent or two, due to the places of their memory. This is only the choice;
the isolated passes of the session itself measure whether it was good.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lobench.engine.foreign.start import Contestant, Running, start_replay
from lobench.engine.workload import Workload
from lobench.variants import REFERENCE
from lobench.workbench.measurement.process import answer, cpu_for
from lobench.workbench.measurement.protocol import Curves, GrainSettings
from lobench.workbench.measurement.shared_feed import SharedFeed
from lobench.workbench.measurement.task import Job, Task

AIM = 0.005
"""Excess that a slice may keep: half of the smallest effect that a session aims to show. A short slice may keep all of
it before a long one is taken."""

PIECES = 32
WINDOW = 131_072
"""Records of a stretch, and in how many pieces it is timed."""

SHORT = (((32_768, 65_536, 131_072), (1, 2, 3)), ((65_536, 131_072), (4,)))
LONG = (((262_144,), (1, 2, 3, 4)),)
"""The candidates, best first: records of a slice, and eighths of it that are its lead-in. Short slices keep the samples
of a pair close in time; a long lead-in is time that is not measured."""

_FASTEST = 2
_RATE_RECORDS = 32_768
_DISTURBING = 8
"""The disturbing variant replays this part of a stretch, an eighth, before each stretch."""
_LONGEST_FEED = 1_000_000
_LEAST_ROUNDS = 3


@dataclass(frozen=True)
class Grain:
    """Records of a slice and of its lead-in; ``excess`` is the remainder according to the curve (a fraction, of the
    variant with the largest); ``nanoseconds`` per event of each variant, roughly."""

    slice_records: int
    lead_in_records: int
    excess: float
    nanoseconds: Mapping[str, float]


def choose_grain(
    feed: SharedFeed,
    variants: Sequence[str],
    workload: Workload,
    *,
    seconds: float,
    seed: int = 1,
    reference: str = REFERENCE,
) -> Grain:
    """Measure the curves in one worker process for about ``seconds``, and choose. ``reference``: the one of
    ``variants`` that takes the processor from others."""
    task = Task(
        job="grain",
        variants=list(variants),
        workload=workload,
        seed=seed,
        seconds=seconds,
        cpu=cpu_for(0),
        settings=GrainSettings(reference=reference),
    )
    found = answer(task, Curves, feed)
    chosen = choose(smoothed(np.array(found.curves)), found.piece_records, feed.count)
    return replace(chosen, nanoseconds=found.nanoseconds)


def smoothed(curves: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Curves, shape (curves, pieces), each made to fall steadily, to 0 over its last quarter."""
    from scipy.optimize import isotonic_regression

    falling = np.array([isotonic_regression(curve, increasing=False).x for curve in curves])
    recovered = falling[:, -(-falling.shape[1] * 3 // 4) :].mean(axis=1, keepdims=True)
    steady: npt.NDArray[np.float64] = np.maximum(falling - recovered, 0)
    return steady


def choose(excess: npt.NDArray[np.float64], piece: int, events: int, aim: float = AIM) -> Grain:
    """The smallest slice, with the shortest lead-in, whose timed rest keeps an excess below ``aim``, or for a short one
    below twice that; the one with the least excess if there is none.

    ``excess``: fractions, shape (variants, pieces), of each piece of ``piece`` records after a switch, falling; the
    last one also holds beyond. The variant with the largest excess counts.
    """

    def grains(preferred: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[Grain]:
        return [
            Grain(size, size * eighths // 8, _left(excess, piece, size * eighths // 8, size), {})
            for sizes, reach in preferred
            for size in sorted({min(size, events) for size in sizes})
            for eighths in reach
        ]

    short, long = grains(SHORT), grains(LONG)
    for candidates, limit in ((short, aim), (short, 2 * aim), (long, aim)):
        found = next((grain for grain in candidates if grain.excess < limit), None)
        if found is not None:
            return found
    return min([*short, *long], key=lambda grain: grain.excess)


def _left(excess: npt.NDArray[np.float64], piece: int, start: int, stop: int) -> float:
    """Highest mean excess over records ``start`` to ``stop`` after a switch."""
    places = np.arange(start, stop, max(1, piece // 8)) // piece
    return float(excess[:, np.minimum(places, excess.shape[1] - 1)].mean(axis=1).max())


def work(job: Job) -> None:
    """Time the curves of the fastest variants for the task's seconds, at least a few rounds each."""
    variants = list(dict.fromkeys(job.variants()))
    rates = {variant.name: _nanoseconds(job, variant) for variant in variants}
    named = job.settings(GrainSettings).reference
    reference = next(variant for variant in variants if variant.name == named)
    fastest = sorted(variants, key=lambda variant: rates[variant.name])[:_FASTEST]
    curves = [_curve(job, variant, reference, job.task.seconds / len(fastest)) for variant in fastest]
    job.tell(Curves(curves=curves, piece_records=_piece(job), nanoseconds=rates))


def _nanoseconds(job: Job, variant: Contestant) -> float:
    count = min(_RATE_RECORDS, job.feed.count)
    with _replay(job, variant) as replay:
        return _timed(job, replay, 0, count) / count


def _piece(job: Job) -> int:
    return max(1, min(WINDOW, job.feed.count) // PIECES)


def _curve(job: Job, variant: Contestant, other: Contestant, seconds: float) -> list[float]:
    """Excess of each piece, a fraction: the median over stretches and rounds."""
    piece = _piece(job)
    window = min(piece * PIECES, job.feed.count)
    starts = range(0, min(job.feed.count, _LONGEST_FEED) - window + 1, window)
    ratios: list[npt.NDArray[np.float64]] = []
    began = time.monotonic()
    while len(ratios) < _LEAST_ROUNDS or time.monotonic() - began < seconds:
        with _replay(job, variant) as one, _replay(job, variant) as two, _replay(job, other) as disturbing:
            # Swap them each round, so that neither keeps the luckier memory.
            alone, disturbed = (one, two) if len(ratios) % 2 else (two, one)
            quiet = [_pieces(job, alone, start, window, piece) for start in starts]
            late = []
            for number, start in enumerate(starts):
                part = window // _DISTURBING
                _timed(job, disturbing, number * part, (number + 1) * part)
                late.append(_pieces(job, disturbed, start, window, piece))
        ratios.append(np.array(late) / np.array(quiet))
    return [float(value) for value in np.median(np.concatenate(ratios), axis=0) - 1]


def _replay(job: Job, variant: Contestant) -> Running:
    if variant.name in job.task.variants:
        job.in_hand(job.task.variants.index(variant.name))
    return start_replay(variant, job.task.workload)


def _pieces(job: Job, replay: Running, start: int, window: int, piece: int) -> list[int]:
    return [_timed(job, replay, place, place + piece) for place in range(start, start + window - piece + 1, piece)]


def _timed(job: Job, replay: Running, start: int, stop: int) -> int:
    """Thread CPU time in ns."""
    chunk = job.feed.slice(start, stop)
    began = time.thread_time_ns()
    replay.run(chunk.address, chunk.stride, chunk.count)
    return max(time.thread_time_ns() - began, 1)
