"""A job of a worker process: whether all subjects of a contest agree, and how many calls make a piece worth timing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from lobench.engine.errors import LobenchError
from lobench.workbench.contest.asked import CALLABLES, Asked
from lobench.workbench.contest.bench import Bench
from lobench.workbench.contest.kinds import bench_of
from lobench.workbench.contest.protocol import AgreementMessage, AgreementSettings
from lobench.workbench.measurement.task import Job

PIECE = 2e-3
"""Duration of a piece of the fastest subject, in seconds: much longer than a clock's resolution, much shorter than
typical disturbances of a machine. Pieces of 10 ms vary as much (by 10 % on a shared machine), and there are fewer of
them in the same time: half the precision."""
ROUND = 0.1
"""Seconds that a round should not exceed where the others are much slower, or arguments take long to make."""
LEAST = 0.5e-3
"""Least seconds of a piece of the fastest subject, whatever the others take."""
PREPARED = 0.1
"""Seconds of making arguments that a piece may cost at most: they all lie in memory before it begins."""
LEAD_IN = 8
"""Calls of a piece for each untimed call before it, which restores the caches after another subject's turn."""
_TRIED = 0.05
"""Seconds of calls after which a rate is known well enough."""


def work(job: Job) -> None:
    """Send signs of life, and finally the findings."""
    settings = job.settings(AgreementSettings)
    asked = settings.asked
    chosen = range(len(asked.subjects))
    try:
        bench = bench_of(asked, chosen, job.task.seed, settings.variables)
        outcomes = bench.agree(lambda place: _turn(job, place))
    except LobenchError as error:
        job.tell(AgreementMessage(error=str(error), usage=error.exit_code == 2))
        return
    agreeing = [place for place, outcome in enumerate(outcomes) if outcome.reason is None]
    found = AgreementMessage(outcomes=tuple(outcomes))
    if outcomes[0].reason is None and len(agreeing) > 1:
        found = _with_pieces(found, job, asked, bench, agreeing)
    job.tell(found)


def _with_pieces(
    found: AgreementMessage, job: Job, asked: Asked, bench: Bench, agreeing: Sequence[int]
) -> AgreementMessage:
    several = asked.kind == CALLABLES
    rates: dict[int, float] = {}
    whole: dict[int, float] = {}
    for place in agreeing:
        _turn(job, place)
        rates[place], whole[place] = _rate(bench, place, several)
    job.in_hand(0)
    calls = calls_of(list(rates.values()), list(whole.values())) if several else 1
    names = asked.names
    return replace(
        found,
        rates={names[place]: rate for place, rate in rates.items()},
        seconds={names[place]: rate for place, rate in whole.items()},
        calls=calls,
        lead_in=calls // LEAD_IN,
    )


def _turn(job: Job, place: int) -> None:
    """Begin a turn that may take long: report that everything before it is done."""
    job.in_hand(place)
    job.tell(AgreementMessage())


def _rate(bench: Bench, place: int, several: bool) -> tuple[float, float]:
    """Seconds of a call, and with its arguments."""
    calls, began = 1, time.perf_counter()
    while True:
        started = time.perf_counter()
        reading = bench.sample(place, 0, 0, calls)
        now = time.perf_counter()
        if not several or now - began > _TRIED or reading.wall_ns > _TRIED * 1e9 / 4:
            return max(reading.wall_ns, 1) / 1e9 / calls, (now - started) / calls
        calls *= 2


def calls_of(rates: Sequence[float], whole: Sequence[float]) -> int:
    """Calls of a piece, from the seconds of a call of each subject: alone, and with its arguments."""
    fastest, round_of_one = min(rates), sum(whole)
    wanted = min(PIECE / fastest, max(ROUND / round_of_one, LEAST / fastest))
    preparing = max(every - call for call, every in zip(rates, whole, strict=True))
    return max(1, round(min(wanted, PREPARED / max(preparing, 1e-9))))
