"""Contests: callables or commands compared with each other, with their rules and findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from lobench.workbench.results.model.analysis import Comparison
from lobench.workbench.results.model.fields import Omitted
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.noise import Noise
from lobench.workbench.results.model.samples import SessionResult


@dataclass(frozen=True, slots=True)
class Subject:
    """One contestant. ``reason``: why it is refused, if it does not agree with the first; ``note``: another remark.
    Seconds are of one call or run; None if nothing is shown."""

    name: str
    agrees: bool
    reason: str | None
    note: str | None
    cpu_seconds: Interval | None
    wall_seconds: Interval | None


@dataclass(slots=True)
class Contest:
    """``kind``: callables or commands; ``clock``: the column of samples that verdicts are on; ``setup`` to ``shell``:
    as ``lobench.workbench.contest.asked`` has them. ``session``: an event is a call, a pass a round of all; None:
    nothing was measured. ``comparisons``: of each subject that agrees with the first, by ``clock``; p-values are
    corrected for their number."""

    kind: str
    clock: str
    setup: str | None
    reset: str | None
    same: str | None
    check: str | None
    shell: bool
    subjects: tuple[Subject, ...]
    session: SessionResult | None
    comparisons: tuple[Comparison, ...]
    noise: Annotated[Noise | None, Omitted()] = None

    @property
    def title(self) -> str:
        """The compared pair."""
        first, *others = (subject.name for subject in self.subjects)
        return f"{', '.join(others)} against {first}"

    @property
    def detectable(self) -> float:
        """The smallest difference that such a session finds with the power that ``noise`` says, a fraction: of the
        noisiest pair. 0 where nothing was measured."""
        mde = self.noise.mde if self.noise else None
        return max(mde.effect, mde.step.effect if mde.step else 0.0) if mde else 0.0
