"""From a session's samples to ratios with intervals and verdicts.

The times of one slice, pass and round are the same work done side by side. A round's log ratio is the median over
its slices; rounds are fresh processes and independent of each other, slices of one round are not (they share its
memory layout). So the interval is Student's t over rounds. The first source is the mean of itself and its copy.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from lobench.workbench.commits.session import COLUMNS, Session, slices
from lobench.workbench.results.model.verdict import FASTER, NO_DIFFERENCE, SLOWER
from lobench.workbench.statistics.intervals import estimate

LEAST_FLOOR = 0.005
"""Differences below this are not claimed, however quiet a session was: with few rounds a control may look too good."""

Blocks = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ratio:
    """Time of one thing over that of another, with its 95 % interval; above 1 is slower."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        """Plain values."""
        return asdict(self)

    @property
    def reach(self) -> float:
        """How far from 1 the interval reaches."""
        return max(abs(self.low - 1), abs(self.high - 1))

    @property
    def half_width(self) -> float:
        """Half of the interval's width."""
        return (self.high - self.low) / 2


def paired_ratio(rounds: list[Blocks]) -> Ratio:
    """The ratio that log ratios of slices say, given by round. Raises ValueError for fewer than two rounds."""
    if len(rounds) < 2:
        raise ValueError("an interval needs at least two rounds")
    found = estimate(np.array([np.median(blocks) for blocks in rounds])).ratio()
    return Ratio(found.value, found.low, found.high)


def verdict(ratio: Ratio, floor: float) -> str:
    """``slower``, ``faster`` or ``no difference shown``: the whole interval must lie beyond the noise floor."""
    if ratio.low > 1 + floor:
        return SLOWER
    if ratio.high < 1 - floor:
        return FASTER
    return NO_DIFFERENCE


class Estimates:
    """What a session's samples say, of one feed and one variant at a time. Times are thread CPU time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        table = np.array(session.samples, np.int64).reshape(-1, len(COLUMNS))
        self._columns = {name: table[:, place] for place, name in enumerate(COLUMNS)}

    def nanoseconds(self, feed: int, variant: int, place: int = 0) -> float:
        """Median time of one event of a source, in ns."""
        timed = [stop - lead for _, lead, stop in slices(self._session, feed)]
        chosen = self._chosen(feed, variant) & (self._columns["source"] == place)
        times = self._columns["cpu_ns"][chosen] / np.array(timed)[self._columns["slice"][chosen]]
        return float(np.median(times))

    def against(self, feed: int, variant: int, place: int, base: int = 0) -> Ratio:
        """Time of a source over that of another."""
        session = self._session
        both = [base, session.control] if base == 0 and place != session.control else [base]
        rounds = []
        for number in range(session.rounds):
            logs = {one: self._logs(feed, variant, number, one) for one in (place, *both)}
            rounds.append(logs[place] - np.mean([logs[one] for one in both], axis=0))
        return paired_ratio([blocks for blocks in rounds if len(blocks)])

    def control(self, feed: int, variant: int) -> Ratio:
        """The first source's copy over itself."""
        return self.against(feed, variant, self._session.control)

    def floor(self, feed: int, variant: int) -> float:
        """The noise floor: how far from 1 the control's interval reaches.

        Where the control has no such variant, the highest floor of those that it has.
        """
        session = self._session
        shared = [place for place, name in enumerate(session.variants) if session.takes_part(session.control, name)]
        asked = [variant] if variant in shared else shared
        return max([LEAST_FLOOR, *(self.control(feed, place).reach for place in asked)])

    def _chosen(self, feed: int, variant: int) -> npt.NDArray[np.bool_]:
        return np.asarray((self._columns["feed"] == feed) & (self._columns["variant"] == variant))

    def _logs(self, feed: int, variant: int, number: int, place: int) -> Blocks:
        """Log times of a source's slices in one round, in the order in which they were replayed."""
        chosen = self._chosen(feed, variant) & (self._columns["round"] == number) & (self._columns["source"] == place)
        return np.asarray(np.log(self._columns["cpu_ns"][chosen].astype(float)))


def precise(session: Session, half_width: float) -> bool:
    """Whether all ratios to the first source are known within ``half_width``, the control's too.

    It looks at precision and at no verdict: a session that ends on this says no more often "slower" than it should.
    """
    estimates = Estimates(session)
    return all(
        estimates.against(feed, index, place).half_width < half_width
        for feed in range(len(session.feeds))
        for index, name in enumerate(session.variants)
        if session.takes_part(0, name)
        for place in session.places(name)
        if place != 0
    )
