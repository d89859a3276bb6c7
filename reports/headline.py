"""The top of a page: one short sentence, and the row of figures that a reader wants first. What both leave out stands
in the answer in full (``answer``) and in the sections."""

from __future__ import annotations

from collections.abc import Sequence

from lobench.reports.answer import headrooms
from lobench.reports.blocks import Fact
from lobench.reports.numbers import TIMES, between, counted, estimate, integer, limits, listed, percent
from lobench.reports.result_view import ResultView
from lobench.reports.side_by_side import by_ladder
from lobench.workbench.results.model.analysis import Rung
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.verdict import NO_DIFFERENCE


def headline(feeds: Sequence[ResultView]) -> str:
    """How fast the top is beside the reference."""
    delayed = headrooms(feeds)
    if delayed:
        return "; ".join(delayed) + "."
    judged = _judged(feeds)
    ends = [(feed, *end) for feed in judged if (end := _end(feed)) is not None]
    if not ends:
        idle = [feed.name for feed in feeds if feed.idle]
        return f"Nothing was evaluated on {listed(idle)}." if idle else "Nothing was measured."
    if len(ends) == 1:
        ((feed, rung, base, ratio, verdict),) = ends
        where = f" on {feed.name}"
        if verdict == NO_DIFFERENCE:
            return f"{rung.variant} shows no difference in speed from {base}{where}."
        return f"{rung.variant} is {estimate(ratio, TIMES)} as fast as {base}{where}."
    ratios = sorted((ratio for _, _, _, ratio, _ in ends), key=lambda ratio: ratio.value)
    names = listed(list(dict.fromkeys(rung.variant for _, rung, _, _, _ in ends)))
    spread = f"{estimate(ratios[0], TIMES)} to {estimate(ratios[-1], TIMES)}"
    several = by_ladder([feed for feed, *_ in ends])
    if len(several) > 1:
        return f"The tops of {len(several)} ladders are {spread} as fast as their references."
    return f"{names} is {spread} as fast as {ends[0][2]} on {counted(len(ends), 'feed')}."


def facts(feeds: Sequence[ResultView]) -> list[Fact]:
    """In total, the biggest phase, agreement, resolution: as far as there are any."""
    found = [_total(feeds), _biggest(feeds), _agreement(feeds), _resolution(feeds)]
    return [fact for fact in found if fact is not None]


def _judged(feeds: Sequence[ResultView]) -> list[ResultView]:
    """A part of the pipeline does not stand for the whole where that was measured, too."""
    whole = [feed for feed in feeds if feed.whole] or list(feeds)
    return [feed for feed in whole if not feed.idle]


def _end(feed: ResultView) -> tuple[Rung, str, Interval, str | None] | None:
    """What the headline is about: the variant, what it is compared with, the ratio and its verdict."""
    if feed.document.kind == "cmp" and feed.ladder and feed.ladder[-1].base and feed.ladder[-1].step:
        rung = feed.ladder[-1]
        assert rung.step is not None
        return rung, rung.base or "", rung.step, rung.step_verdict
    top = feed.top
    if top is None or top.total is None:
        return None
    return top, feed.reference, top.total, top.total_verdict


def _total(feeds: Sequence[ResultView]) -> Fact | None:
    ends = [(feed, *end) for feed in _judged(feeds) if (end := _end(feed)) is not None]
    if not ends:
        return None
    ends.sort(key=lambda end: end[3].value)
    if len(ends) == 1:
        ((_, rung, base, ratio, _),) = ends
        alone = rung.total_alone or rung.step_alone
        apart = f"; each by itself {estimate(alone, TIMES)}" if alone else ""
        return Fact("in total", estimate(ratio, TIMES), f"{limits(ratio)}, over {base}{apart}")
    first, last = ends[0], ends[-1]
    note = f"{first[0].name} to {last[0].name}"
    return Fact("in total", f"{first[3].value:.3g} to {last[3].value:.3g}{TIMES}", note)


def _biggest(feeds: Sequence[ResultView]) -> Fact | None:
    found = [(feed, feed.biggest) for feed in _judged(feeds) if feed.biggest and feed.document.kind != "cmp"]
    steps = [(rung, rung.step) for _, rung in found if rung is not None and rung.step is not None]
    if not steps:
        return None
    names = [rung.variant for rung, _ in steps]
    winner = max(dict.fromkeys(names), key=names.count)
    own = sorted((step for rung, step in steps if rung.variant == winner), key=lambda step: step.value)
    figure = estimate(own[0], TIMES) if len(own) == 1 else f"{own[0].value:.3g} to {own[-1].value:.3g}{TIMES}"
    prediction = next(rung.prediction for rung, _ in steps if rung.variant == winner)
    against = f"; {between(prediction.low, prediction.high, TIMES)} predicted" if prediction else ""
    return Fact("biggest phase", figure, f"{winner}{against}")


def _agreement(feeds: Sequence[ResultView]) -> Fact | None:
    if not feeds:
        return None
    refuted = list(dict.fromkeys(name for feed in feeds for name in feed.refuted))
    agreeing = {name for feed in feeds for name in feed.agreeing} - set(refuted)
    total = len(agreeing) + len(refuted)
    if not total:
        return Fact("agreement", "none", "no variant was verified", "bad")
    events = integer(sum(feed.feed.events for feed in feeds))
    note = f"not {listed(refuted)}" if refuted else f"variants agree to the last bit over {events} events"
    return Fact("agreement", f"{len(agreeing)} of {total}", note, "bad" if refuted else "")


def _resolution(feeds: Sequence[ResultView]) -> Fact | None:
    effects = [effect for feed in feeds for effect in feed.detectable]
    floors = [floor for feed in feeds if feed.noise for floor in (feed.noise.floor,)]
    if not effects:
        return None
    low, high = percent(min(effects)), percent(max(effects))
    note = f"smallest difference found reliably; noise floor {percent(max(floors))}"
    return Fact("resolution", low if low == high else f"{low} to {high}", note)
