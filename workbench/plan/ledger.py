"""Reading the ledger, a TOML file of ``[[prediction]]`` tables; lobench's own is ``variants/plan.toml``."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.results.model.ladder import Prediction, of_feed

DEFAULT = Path(str(files("lobench.variants").joinpath("plan.toml")))
"""The ledger of the plan that lobench ships with."""


KEYS: Final = (
    "phase",
    "step",
    "bottleneck",
    "before",
    "after",
    "gain",
    "throughput",
    "share",
    "speedup",
    "feed",
    "source",
    "date",
)
"""Of a prediction."""


class LedgerError(LobenchError):
    """A ledger is invalid; the message names the file and the prediction."""

    exit_code = 3


def predictions(feed: str | None = None, ledger: str | Path | None = None) -> dict[int, Prediction]:
    """Predictions of a ledger by phase, as ``of_feed``. Raises as ``read_ledger``."""
    return of_feed(read_ledger(ledger), feed)


def read_ledger(ledger: str | Path | None = None, steps: Sequence[str] = ()) -> list[Prediction]:
    """All predictions of a file (default: lobench's own), in its order. ``steps``: as ``parsed``.

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
    try:
        return parsed(content.get("prediction", []), steps)
    except ValueError as error:
        raise LedgerError(f"{path}: {error}") from error


def parsed(entries: Any, steps: Sequence[str] = (), *, strict: bool = False) -> list[Prediction]:
    """Predictions, as a TOML file has them. ``steps``: names of a ladder's steps, from the bottom up; then a prediction
    may say ``step = NAME`` for ``phase = N``, and none may be for a step that is not there. ``strict``: no key may be
    unknown. Raises ValueError."""
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("predictions are tables that begin with [[prediction]]")
    found: list[Prediction] = []
    for number, entry in enumerate(entries, 1):
        unknown = [key for key in entry if key not in KEYS] if strict else []
        if unknown:
            raise ValueError(f"prediction {number}: {unknown[0]}: not known. Use any of {', '.join(KEYS)}")
        try:
            made = _prediction({**entry, "phase": _phase(entry, steps)} if steps else entry)
        except ValueError as error:
            raise ValueError(f"prediction {number}: {error} (docs/plan.md)") from error
        if any((other.phase, other.feed) == (made.phase, made.feed) for other in found):
            what = steps[made.phase] if steps else f"phase {made.phase}"
            raise ValueError(f"prediction {number}: {what} already has a prediction")
        found.append(made)
    return found


def _phase(entry: dict[str, Any], steps: Sequence[str]) -> Any:
    """The number of the step that a prediction in a ladder's own file is for."""
    step, phase = entry.get("step"), entry.get("phase")
    if step is not None and phase is not None:
        raise ValueError("step and phase mean the same; leave one of them out")
    if step is None:
        if type(phase) is int and phase >= len(steps):
            raise ValueError(f"phase {phase} is not a step of this ladder, whose last is {len(steps) - 1}, {steps[-1]}")
        return phase
    if step not in steps[1:]:
        first = f": {step} is the first, which no step leads to" if step == steps[0] else ""
        raise ValueError(f"step must be one of {', '.join(steps[1:])}, was {step!r}{first}")
    return list(steps).index(step)


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
    if gain[0] == 0:
        raise ValueError("gain must be above 0: a speed-up below 1 is a slowdown")
    speedup = entry.get("speedup")
    if speedup is not None and type(speedup) not in (int, float):
        raise ValueError(f"speedup must be a number, was {speedup!r}")
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
        speedup=speedup,
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
