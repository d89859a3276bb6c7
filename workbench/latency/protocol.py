"""What the process of a latency measurement says."""

from __future__ import annotations

from dataclasses import dataclass

from lobench.workbench.measurement.protocol import Alive
from lobench.workbench.results.model.latency import VariantLatency


@dataclass(frozen=True, kw_only=True)
class Measured:
    """``hertz`` of the counter; final answers of replays: ``plain``, of an undisturbed one, ``probed``, of all others,
    and ``stopped``, at random records."""

    latency: VariantLatency
    hertz: float
    plain: str
    probed: tuple[str, ...]
    stopped: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LatencyMessage(Alive):
    """``found``: all of it, in the last message."""

    found: Measured | None = None
