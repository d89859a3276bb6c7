"""Fitting parameters to a feed: one half of it proposes, the other half decides.

Group by group of parameters, the best so far is measured beside a few changes of it, in fresh processes, in lock-step,
on one half of the feed; what is faster there is the best from then on. So many comparisons find something on any noise:
what they found is measured against the defaults once more, on the other half, with the defaults twice. Only if it is
faster there, by more than the defaults differ from themselves, is it kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from engine.packed.parameters import DEFAULTS, Parameters
from workbench.measurement.handover import SharedFeed
from workbench.statistics.intervals import Interval
from workbench.statistics.verdicts import FASTER, floor_of, verdict
from workbench.tuning.candidates import changed, groups
from workbench.tuning.traits import Traits
from workbench.tuning.trials import STARTUP, Halves, Trial, measure

VARIANT: Final = "p8_profile_guided"
OTHER: Final = {"first": "second", "second": "first"}

SEARCHING: Final = 0.5
"""Share of the budget that the search has; the rest confirms."""
_PROCESSES = (3, 6)
"""Of a group's trial: at least, and at most."""
_PROCESS_SECONDS = 5.0
"""A process of a trial has so much, unless that makes them fewer than they must be."""
_CONFIRMING = (4, 12)
"""Processes that confirm: at least, and at most."""
_LEAST_GAIN = 0.003
"""A change that seems to gain less is not taken: it is one more that would have to be confirmed."""

Report = Callable[[str], None]
Advance = Callable[[float], None]


@dataclass
class Tuning:
    """How far a search has come. ``best``: what one half of the feed proposes; ``tried``: each change with its gain
    there, of the whole set that it was changed to. ``gain``, ``floor``: of ``best`` on the half that decides, None
    before it was asked; ``whole``: on all of the feed."""

    half: str
    best: Parameters = DEFAULTS
    tried: list[dict[str, Any]] = field(default_factory=list)
    gain: Interval | None = None
    whole: Interval | None = None
    floor: float | None = None
    verdict: str | None = None
    processes: int = 0
    complete: bool = False

    @property
    def parameters(self) -> Parameters:
        """What is kept once the search is complete: the defaults, unless the other half confirmed something else."""
        return self.best if self.verdict == FASTER else DEFAULTS

    def as_json(self) -> dict[str, Any]:
        """Everything but the parameters that are kept."""
        names = ("half", "tried", "gain", "whole", "floor", "verdict", "processes", "complete")
        return {**{name: getattr(self, name) for name in names}, "best": self.best.as_json()}


def search(
    tuning: Tuning,
    feed: SharedFeed,
    traits: Traits,
    *,
    evaluate: str,
    seconds: float,
    start: Parameters | None,
    report: Report,
    advance: Advance,
) -> None:
    """Find the best parameters for a feed and ask the other half of it, in about ``seconds``; after an interrupt
    ``tuning`` holds what is known. ``start``: parameters that were found before, tried first."""
    halves = Halves.of(feed.count)
    todo = groups(traits)
    if start is not None and start != DEFAULTS:
        todo = {"found before": [start.as_json()], **todo}
    each = seconds * SEARCHING / len(todo)
    processes = min(_PROCESSES[1], max(_PROCESSES[0], int(each / _PROCESS_SECONDS)))
    part = replace(feed, count=_records(halves, feed.count, tuning.half, each / processes, traits))
    for number, (name, options) in enumerate(todo.items(), 1):
        tried = [tuning.best, *changed(tuning.best, options)]
        if len(tried) == 1:
            continue
        report(f"trying {name}")
        trial = Trial(part, halves, tried)
        measure(trial, VARIANT, evaluate=evaluate, processes=processes, seconds=each, seed=number, advance=advance)
        _take(tuning, name, trial)
    if tuning.best != DEFAULTS:
        report(f"confirming on the {OTHER[tuning.half]} half")
        _confirm(tuning, feed, halves, traits, evaluate, seconds * (1 - SEARCHING), advance)
    tuning.complete = True


def _take(tuning: Tuning, name: str, trial: Trial) -> None:
    """Note what a trial says of each of its sets, and go on with the best."""
    gains = [trial.gain(0, place, tuning.half) for place in range(1, len(trial.tried))]
    for parameters, gain in zip(trial.tried[1:], gains, strict=True):
        changes = {key: value for key, value in parameters.as_json().items() if value != getattr(tuning.best, key)}
        tuning.tried.append({"group": name, "changes": changes, "gain": gain.ratio()})
    best = max(range(len(gains)), key=lambda place: gains[place].value)
    if gains[best].value > max(_LEAST_GAIN, gains[best].error):
        tuning.best = trial.tried[best + 1]


def _confirm(
    tuning: Tuning, feed: SharedFeed, halves: Halves, traits: Traits, evaluate: str, seconds: float, advance: Advance
) -> None:
    """All of the feed is replayed, so that the deciding half begins with the books that the other one left."""
    trial = Trial(feed, halves, [DEFAULTS, DEFAULTS, tuning.best])
    fewest, most = _CONFIRMING
    pass_seconds = len(trial.tried) * feed.count * traits.nanoseconds / 1e9
    processes = min(most, max(fewest, int(seconds / (STARTUP + pass_seconds))))
    measure(trial, VARIANT, evaluate=evaluate, processes=processes, seconds=seconds, seed=1_000, advance=advance)
    decides = OTHER[tuning.half]
    found = trial.gain(0, 2, decides)
    floor = floor_of(trial.gain(0, 1, decides))
    tuning.processes = processes
    tuning.gain, tuning.floor = found.ratio(), floor
    tuning.whole = trial.gain(0, 2).ratio()
    tuning.verdict = verdict(tuning.gain, found.p, floor)


def _records(halves: Halves, count: int, half: str, seconds: float, traits: Traits) -> int:
    """Records that a process of a trial replays in its ``seconds``: up to the end of the half, or of as many of its
    slices as there is time for."""
    if half == "second":
        return count
    replays = 6
    fitting = int(max(0.5, seconds - STARTUP) * 1e9 / (replays * max(1.0, traits.nanoseconds)) / halves.slice_records)
    return halves.slice_records * min(halves.split, max(1, fitting))
