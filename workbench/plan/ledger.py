"""Reading the ledger, a TOML file of ``[[prediction]]`` tables; lobench's own is ``variants/plan.toml``."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.results.model.analysis import Promise

DEFAULT = Path(str(files("lobench.variants").joinpath("plan.toml")))
"""The ledger of the plan that lobench ships with."""


class LedgerError(LobenchError):
    """A ledger is not what it should be; the message names the file and the prediction."""

    exit_code = 3


@dataclass(frozen=True)
class Prediction:
    """One phase's promise: the gain of its step over the phase before, as a range of ratios, and who made it when.

    ``throughput`` is in millions of events per second after the phase. ``share`` is what an Amdahl bound was
    calculated from: low and high share of the time, 0 to 1. ``feed`` is (name, digest) of the only feed that the
    promise is for.
    """

    phase: int
    bottleneck: str
    low: float
    high: float
    source: str
    date: str
    before: str | None = None
    after: str | None = None
    throughput: tuple[float, float] | None = None
    share: tuple[float, float] | None = None
    speedup: float | None = None
    feed: tuple[str, str] | None = None

    def promise(self) -> Promise:
        """What stands beside a measured step in a result document."""
        return Promise(self.phase, self.bottleneck, self.low, self.high, self.source, self.date)

    @property
    def gain(self) -> str:
        """The range for a person."""
        return f"{self.low:.4g}x" if self.low == self.high else f"{self.low:.4g}-{self.high:.4g}x"


def predictions(feed: str | None = None, ledger: str | Path | None = None) -> dict[int, Prediction]:
    """Predictions by phase; a phase without one is not there.

    ``feed`` is a digest: a prediction for that feed comes before one for all feeds, one for another feed counts for
    nothing. Raises as ``read_ledger``.
    """
    found: dict[int, Prediction] = {}
    # Those for all feeds first, so that the feed's own replace them.
    for entry in sorted(read_ledger(ledger), key=lambda entry: (entry.phase, entry.feed is not None)):
        if entry.feed is None or entry.feed[1] == feed:
            found[entry.phase] = entry
    return found


def read_ledger(ledger: str | Path | None = None) -> list[Prediction]:
    """All predictions of a file (default: lobench's own), in its order.

    Raises UsageError for a file that cannot be opened, LedgerError for one that is not a ledger, and when two
    predictions are for the same phase and feed.
    """
    path = Path(ledger or DEFAULT)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; --ledger takes a file of predictions (docs/plan.md)") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LedgerError(f"{path}: not TOML: {error}") from error
    entries = content.get("prediction", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise LedgerError(f"{path}: predictions are tables that begin with [[prediction]]")
    found: list[Prediction] = []
    for number, entry in enumerate(entries, 1):
        try:
            made = _prediction(entry)
        except ValueError as error:
            raise LedgerError(f"{path}: prediction {number}: {error} (docs/plan.md)") from error
        if any((other.phase, other.feed) == (made.phase, made.feed) for other in found):
            raise LedgerError(f"{path}: prediction {number}: phase {made.phase} has a prediction already")
        found.append(made)
    return found


def _prediction(entry: dict[str, Any]) -> Prediction:
    phase = entry.get("phase")
    if type(phase) is not int or phase < 1:
        raise ValueError(f"phase must be a number from 1, was {phase!r}")
    texts = {name: entry.get(name) for name in ("bottleneck", "source", "before", "after")}
    for name, text in texts.items():
        if not isinstance(text, str) and not (text is None and name in ("before", "after")):
            raise ValueError(f"{name} must be a text, was {text!r}")
    if "date" not in entry:
        raise ValueError("date is missing")
    gain = _range(entry, "gain")
    if gain is None:
        raise ValueError("gain is missing: [lowest, highest] speed-up of the step")
    feed = entry.get("feed")
    if feed is not None and not (isinstance(feed, dict) and {"name", "digest"} <= set(feed)):
        raise ValueError("feed must have name and digest")
    return Prediction(
        phase=phase,
        bottleneck=str(texts["bottleneck"]),
        low=gain[0],
        high=gain[1],
        source=str(texts["source"]),
        date=str(entry["date"]),
        before=texts["before"],
        after=texts["after"],
        throughput=_range(entry, "throughput"),
        share=_range(entry, "share"),
        speedup=entry.get("speedup"),
        feed=(str(feed["name"]), str(feed["digest"])) if feed else None,
    )


def _range(entry: dict[str, Any], name: str) -> tuple[float, float] | None:
    values = entry.get(name)
    if values is None:
        return None
    numbers = isinstance(values, list) and len(values) == 2 and all(type(value) in (int, float) for value in values)
    if not numbers or not 0 <= values[0] <= values[1] < math.inf:
        raise ValueError(f"{name} must be [low, high], was {values!r}")
    return float(values[0]), float(values[1])
