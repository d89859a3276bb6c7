"""The interface of a contest's worker processes to each kind of subject: agreement and timed calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lobench.workbench.measurement.contamination import REASONS, Reading


@dataclass(frozen=True)
class Outcome:
    """A subject's behaviour compared with the first one's. ``reason``: why it is refused, None if it agrees; ``note``:
    a remark for the reader in any case."""

    reason: str | None = None
    note: str | None = None


class Bench(Protocol):
    """The subjects of one process, by index; all are compared with the first."""

    def agree(self, at: Callable[[int], None]) -> list[Outcome]:
        """Let each of them do its work once, untimed, and compare. ``at`` is notified of each turn that may take as
        long as a call. If the first one fails, nothing need be reported about the others."""
        ...

    def settle(self, cpu: int | None) -> None:
        """Stay on one CPU from now on, if that suits the subjects and the system can."""
        ...

    def sample(self, place: int, seed: int, lead_in: int, calls: int) -> Reading:
        """Time ``calls`` calls of one, after ``lead_in`` untimed ones. ``seed``: the same for all of a round. Raises
        LobenchError where one fails."""
        ...

    def found(self) -> dict[int, str]:
        """Subjects whose behaviour in a timed call differed from before, and how."""
        ...


def is_disturbed(reading: Reading, clock: str) -> bool:
    """Whether a sample was disturbed. Waiting is no disturbance if it is part of the measurement."""
    return any(rule(reading) for reason, rule in REASONS.items() if reason != "waited" or clock == "cpu_ns")
