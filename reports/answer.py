"""The answer in one sentence, made from the figures: the speed-up, its proof, the biggest phase, the resolution."""

from __future__ import annotations

from collections.abc import Sequence

from lobench.reports.machines import places
from lobench.reports.numbers import TIMES, between, counted, integer, listed, percent, spelled
from lobench.reports.result_view import LATENCY, ResultView
from lobench.reports.side_by_side import by_ladder
from lobench.workbench.latency.shown import headroom
from lobench.workbench.results.model.analysis import Rung
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.noise import Noise
from lobench.workbench.results.model.verdict import NO_DIFFERENCE


def answer(feeds: list[ResultView]) -> str:
    """One sentence over all feeds of all documents."""
    if not feeds:
        return "This result holds no feed."
    delayed = headrooms(feeds)
    if delayed:
        return "; ".join([*delayed, _proof(feeds)]) + "."
    # If the whole pipeline was measured, a part of it must not stand for it.
    whole = [feed for feed in feeds if feed.whole] or feeds
    idle = [feed for feed in whole if feed.idle]
    judged = [feed for feed in whole if not feed.idle]
    ladders = by_ladder(judged)
    speeds = [f"{name}: {_speed(own)}" if len(ladders) > 1 else _speed(own) for name, own in ladders.items()]
    parts = [*([_idle(idle)] if idle else []), *speeds, _proof(feeds)]
    for name, own in ladders.items():
        measured = [feed for feed in own if feed.biggest and feed.document.kind != "cmp"]
        if measured:
            parts.append(_biggest(measured, f" of {name}" if len(ladders) > 1 else ""))
    if len(feeds) == 1 and judged:
        parts += [_beside(rung) for rung in feeds[0].beside if feeds[0].document.kind != "cmp"]
    noises = [feed.noise for feed in feeds if feed.noise]
    if noises:
        floor, effect = (
            _range([floor for noise in noises for floor in _floors(noise)]),
            _range([effect for feed in feeds for effect in feed.detectable]),
        )
        parts.append(f"noise floor {floor}, smallest effect reliably detected {effect}")
    return "; ".join(parts) + "."


def headrooms(feeds: Sequence[ResultView]) -> list[str]:
    """The headroom on each feed, for results of latency only; none for others."""
    alone = all(feed.document.kind == LATENCY for feed in feeds)
    return [f"{headroom(feed.feed)} on {feed.name}" for feed in feeds] if alone else []


def _idle(feeds: list[ResultView]) -> str:
    names, verb = listed([feed.name for feed in feeds]), "has" if len(feeds) == 1 else "have"
    return f"{names} {verb} no record that closes an event: nothing was evaluated, so there are no verdicts"


def _speed(feeds: list[ResultView]) -> str:
    if len(feeds) == 1 and feeds[0].document.kind == "cmp" and feeds[0].ladder and feeds[0].ladder[-1].base:
        return f"{_beside(feeds[0].ladder[-1])} on {feeds[0].name}"
    tops = [(feed, feed.top) for feed in feeds if feed.top is not None]
    if not tops:
        return f"Nothing was measured on {listed([feed.name for feed in feeds[:3]])}" + (
            f" and {counted(len(feeds) - 3, 'feed')} more" if len(feeds) > 3 else ""
        )
    if len(tops) == 1:
        feed, top = tops[0]
        return f"{top.variant} {_faster(top, feed.reference)} on {feed.name}{_alone(top, top.total_alone)}"
    tops.sort(key=lambda pair: pair[1].total.value if pair[1].total else 0.0)
    names = listed(list(dict.fromkeys(top.variant for _, top in tops)))
    low, high = (f"{_times(top.total)}{_alone(top, top.total_alone)}" for _, top in (tops[0], tops[-1]))
    over = places([feed for feed, _ in tops])
    return f"Over {over}, {names} ran {low} to {high} as fast as {tops[0][0].reference}"


def _times(ratio: Interval | None) -> str:
    return spelled(ratio, TIMES) if ratio else ""


def _alone(rung: Rung, alone: Interval | None) -> str:
    """The speed-up with each variant running alone, if lock-step shows a bias."""
    if not alone:
        return ""
    cost = f"; side by side it takes {_times(rung.bias)} as long" if rung.bias else ""
    return f" (each alone: {_times(alone)}{cost})"


def _faster(rung: Rung, reference: str) -> str:
    total = _times(rung.total)
    if rung.total_verdict == NO_DIFFERENCE:
        return f"shows no difference in speed from {reference}: {total}"
    return f"is {total} as fast as {reference}"


def _proof(feeds: list[ResultView]) -> str:
    refuted = list(dict.fromkeys(name for feed in feeds for name in feed.refuted))
    events = integer(sum(feed.feed.events for feed in feeds))
    if refuted:
        verb, whose = ("does", "its") if len(refuted) == 1 else ("do", "their")
        return f"but {listed(refuted)} {verb} not compute the reference's results, and {whose} figures are not shown"
    if not any(feed.agreeing for feed in feeds):
        return "no variant was verified"
    names = set.union(*(set(feed.agreeing) for feed in feeds))
    return f"all {counted(len(names), 'variant')} agree to the last bit over {events} events"


def _biggest(feeds: list[ResultView], whose: str) -> str:
    rungs = [feed.biggest for feed in feeds if feed.biggest]
    winner = max(rungs, key=lambda rung: sum(other.variant == rung.variant for other in rungs))
    same = [rung for rung in rungs if rung.variant == winner.variant]
    steps = sorted((rung.step for rung in same if rung.step), key=lambda step: step.value)
    earned = " to ".join(_times(step) for step in (steps if len(steps) == 1 else (steps[0], steps[-1])))
    where = "" if len(rungs) == 1 else f" (on {len(same)} of {len(rungs)} feeds)"
    prediction = winner.prediction
    against = f" where {between(prediction.low, prediction.high, TIMES)} was predicted" if prediction else ""
    alone = _alone(winner, winner.step_alone) if len(same) == 1 else ""
    return f"the biggest phase{whose}{where}, {winner.variant}, gained {earned}{alone}{against}"


def _beside(rung: Rung) -> str:
    if not rung.step:
        return f"{rung.variant} is {rung.note or 'not compared'}"
    if rung.step_verdict == NO_DIFFERENCE:
        return f"{rung.variant} shows no difference in speed from {rung.base}: {_times(rung.step)}"
    return f"{rung.variant} is {_times(rung.step)} as fast as {rung.base}{_alone(rung, rung.step_alone)}"


def _floors(noise: Noise) -> list[float]:
    """The differences between identical variants: the reference, and those at the top."""
    return [noise.floor, *(control.floor for control in noise.controls[1:])]


def _range(fractions: list[float]) -> str:
    low, high = percent(min(fractions)), percent(max(fractions))
    return low if low == high else f"{low} to {high}"
