"""Fitting parameters to a feed: one half of it proposes, the other half decides.

Group by group of parameters, the best setting so far is measured beside a few changes of it, in fresh processes, in
lock-step, on one half of the feed; a faster one becomes the best. With this many comparisons some look faster by
chance, so the result is measured against the defaults once more, in a replay of the whole feed, with the defaults
twice. It is kept if it is faster on the other half, by more than the defaults differ from themselves; or if it is so on
the whole feed and the other half at least shows no loss, as where books are filled in the first half only. Otherwise
the runner-up has its chance, and both must pass a test that allows for two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from lobench.engine.parameters import LayoutParameters, Options
from lobench.engine.workload import Workload
from lobench.workbench.measurement.shared_feed import SharedFeed
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.verdict import FASTER
from lobench.workbench.statistics.intervals import Estimate
from lobench.workbench.statistics.verdicts import floor_of, holm, verdict
from lobench.workbench.tuning.fitted import defaults, fitted_variant
from lobench.workbench.tuning.traits import Traits
from lobench.workbench.tuning.trials import STARTUP, Halves, Trial, measure

OTHER: Final = {"first": "second", "second": "first"}

SEARCHING: Final = 0.5
"""Share of the budget that the search has; the rest confirms."""
_PROCESSES = (3, 6)
"""Of a group's trial: at least, and at most."""
_PROCESS_SECONDS = 5.0
"""Seconds for each process of a trial, unless that makes them fewer than the minimum."""
_CONFIRMING = (4, 12)
"""Processes that confirm: at least, and at most."""
_LEAST_GAIN = 0.003
"""A change that seems to gain less is not taken: it is one more that would have to be confirmed."""

MARGIN: Final = 0.01
"""A loss below this, or below the noise floor, is ignored: from here on sessions aim to show effects."""

Report = Callable[[str], None]
Advance = Callable[[float], None]


@dataclass(frozen=True)
class Finding:
    """``gain``: how many times as fast as with the defaults; ``floor``: by which fraction these differed from
    themselves; ``verdict`` on both."""

    gain: Interval
    floor: float
    verdict: str


@dataclass(frozen=True)
class Try:
    """A change to the best set so far, of one ``group`` of parameters, and its gain over that set."""

    group: str
    changes: Mapping[str, int]
    gain: Interval


@dataclass(frozen=True)
class Refused:
    """A proposal that was not confirmed, with its gains on the other half and the whole feed."""

    parameters: LayoutParameters
    other: Finding
    whole: Finding


@dataclass
class Search:
    """The state of a search. ``best``: the proposal of one half of the feed, or its runner-up once it was refused;
    ``tried``: each change with its gain there. ``other``, ``whole``: the results of the confirmation for ``best``, None
    before it. ``standings``: the sets that gained something over the best set of their time, with their gains over the
    defaults, as products of the trials'."""

    half: str
    best: LayoutParameters = field(default_factory=defaults)
    tried: list[Try] = field(default_factory=list)
    other: Finding | None = None
    whole: Finding | None = None
    refused: list[Refused] = field(default_factory=list)
    processes: int = 0
    complete: bool = False
    standings: list[tuple[float, LayoutParameters]] = field(default_factory=list)

    @property
    def parameters(self) -> LayoutParameters:
        """The result of a complete search: the defaults, unless other parameters were confirmed."""
        if self.other is None or self.whole is None:
            return defaults()
        lossless = self.other.gain.low > 1 / (1 + max(self.other.floor, MARGIN))
        confirmed = self.other.verdict == FASTER or (self.whole.verdict == FASTER and lossless)
        return self.best if confirmed else defaults()

    def proposals(self) -> list[LayoutParameters]:
        """The best set and its runner-up, as far as there are any."""
        ranked = sorted(self.standings, key=lambda entry: -entry[0])
        behind = [parameters for _, parameters in ranked if parameters not in (self.best, defaults())]
        return [] if self.best == defaults() else [self.best, *behind[:1]]

    def as_json(self) -> dict[str, Any]:
        """Everything but the standings, with the parameters that are kept."""
        told = {name: value for name, value in asdict(self).items() if name != "standings"}
        return {**told, "other_half": OTHER[self.half], "parameters": self.parameters.as_json()}


def search(
    state: Search,
    feed: SharedFeed,
    traits: Traits,
    *,
    workload: Workload,
    seconds: float,
    start: LayoutParameters | None,
    report: Report,
    advance: Advance,
) -> None:
    """Find the best parameters for a feed and test them on the other half, in about ``seconds``; after an interrupt
    ``state`` holds the findings so far. ``start``: parameters found earlier, tried first."""
    halves = Halves.of(feed.count)
    variant = fitted_variant()
    # What is found also serves replays that do not know how many orders will rest, so trials are not told of it.
    feed = replace(feed, orders=0)
    todo = variant.layout.candidates(traits)
    if start is not None and start != defaults():
        todo = {"found before": [start.as_json()], **todo}
    each = seconds * SEARCHING / len(todo)
    processes = min(_PROCESSES[1], max(_PROCESSES[0], int(each / _PROCESS_SECONDS)))
    part = replace(feed, count=_records(halves, feed.count, state.half, each / processes, traits))
    for number, (name, options) in enumerate(todo.items(), 1):
        tried = [state.best, *changed(state.best, options)]
        if len(tried) == 1:
            continue
        report(f"trying {name}")
        trial = Trial(part, halves, tried)
        measure(trial, variant.name, workload=workload, processes=processes, seconds=each, seed=number, advance=advance)
        _take(state, name, trial)
    proposals = state.proposals()
    for proposal in proposals:
        if proposal == state.best:
            report(f"confirming on the {OTHER[state.half]} half")
        elif state.parameters == defaults():
            report(f"confirming the runner-up on the {OTHER[state.half]} half")
            assert state.other is not None
            assert state.whole is not None
            state.refused.append(Refused(state.best, state.other, state.whole))
            state.best, state.other, state.whole = proposal, None, None
        else:
            break
        _confirm(state, feed, halves, traits, workload, seconds * (1 - SEARCHING), len(proposals), advance)
    state.complete = True


def changed(best: LayoutParameters, options: Options) -> list[LayoutParameters]:
    """``best`` with each of the options, without those that change nothing."""
    made = [replace(best, **option) for option in options]
    return [parameters for parameters in dict.fromkeys(made) if parameters != best]


def _take(state: Search, name: str, trial: Trial) -> None:
    """Note a trial's result for each of its sets, and continue with the best; of several that cannot be distinguished
    from it, with the one that changes least."""
    found = []
    so_far = {parameters: gain for gain, parameters in state.standings}.get(state.best, 1.0)
    for place, parameters in enumerate(trial.tried[1:], 1):
        gain = trial.gain(0, place, state.half)
        changes = {key: value for key, value in parameters.as_json().items() if value != getattr(state.best, key)}
        state.tried.append(Try(name, changes, gain.ratio()))
        if _gains(gain):
            state.standings.append((so_far * math.exp(gain.value), parameters))
        found.append((gain, changes, parameters))
    highest, _, _ = max(found, key=lambda entry: entry[0].value)
    alike = [entry for entry in found if entry[0].value >= highest.value - highest.error - entry[0].error]
    gain, _, parameters = min(alike, key=lambda entry: (len(entry[1]), -entry[0].value))
    if _gains(gain):
        state.best = parameters


def _gains(gain: Estimate) -> bool:
    return gain.value > max(_LEAST_GAIN, gain.error)


def _confirm(
    state: Search,
    feed: SharedFeed,
    halves: Halves,
    traits: Traits,
    workload: Workload,
    seconds: float,
    chances: int,
    advance: Advance,
) -> None:
    """All of the feed is replayed, so that the deciding half begins with the books that the other one left.
    ``chances``: the number of proposals, one of which may look faster by chance."""
    trial = Trial(feed, halves, [defaults(), defaults(), state.best])
    fewest, most = _CONFIRMING
    pass_seconds = len(trial.tried) * feed.count * traits.nanoseconds / 1e9
    processes = min(most, max(fewest, int(seconds / (STARTUP + pass_seconds))))
    name = fitted_variant().name
    measure(trial, name, workload=workload, processes=processes, seconds=seconds, seed=1_000, advance=advance)
    parts = (OTHER[state.half], None)
    gains = [trial.gain(0, 2, part) for part in parts]
    floors = [floor_of(trial.gain(0, 1, part)) for part in parts]
    adjusted = holm([min(1.0, chances * gain.p) for gain in gains])
    state.processes = processes
    state.other, state.whole = (
        Finding(gain.ratio(), floor, verdict(gain.ratio(), p, floor))
        for gain, floor, p in zip(gains, floors, adjusted, strict=True)
    )


def _records(halves: Halves, count: int, half: str, seconds: float, traits: Traits) -> int:
    """Records that a process of a trial replays in its ``seconds``: up to the end of the half, or of as many of its
    slices as there is time for."""
    if half == "second":
        return count
    replays = 6
    fitting = int(max(0.5, seconds - STARTUP) * 1e9 / (replays * max(1.0, traits.nanoseconds)) / halves.slice_records)
    return halves.slice_records * min(halves.split, max(1, fitting))
