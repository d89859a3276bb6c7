"""The top of a page: one short sentence and a row of key figures. The rest is in the sections, and in the Markdown page
in one sentence (``answer``)."""

from __future__ import annotations

from collections.abc import Sequence

from lobench.reports.answer import headrooms
from lobench.reports.blocks import Fact
from lobench.reports.machines import place, places
from lobench.reports.numbers import TIMES, between, estimate, integer, limits, listed, percent
from lobench.reports.result_view import ResultView
from lobench.reports.side_by_side import by_ladder
from lobench.workbench.results.model.analysis import Rung
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.verdict import NO_DIFFERENCE


def headline(feeds: Sequence[ResultView]) -> str:
    """The speed of the top relative to the reference."""
    delayed = headrooms(feeds)
    if delayed:
        return "; ".join(delayed) + "."
    judged = _judged(feeds)
    ends = [(feed, *end) for feed in judged if (end := _end(feed)) is not None]
    if not ends:
        idle = [feed.name for feed in feeds if feed.idle]
        return f"Nothing was evaluated on {listed(idle)}." if idle else "No two variants' speeds were compared."
    if len(ends) == 1:
        ((feed, rung, base, ratio, verdict, _),) = ends
        where = f" on {feed.name}"
        if verdict == NO_DIFFERENCE:
            return f"{rung.variant} shows no difference in speed from {base}{where}."
        return f"{rung.variant} is {estimate(ratio, TIMES)} as fast as {base}{where}."
    ratios = sorted((ratio for _, _, _, ratio, *_ in ends), key=lambda ratio: ratio.value)
    names = list(dict.fromkeys(rung.variant for _, rung, *_ in ends))
    are = "is" if len(names) == 1 else "are"
    spread = f"{estimate(ratios[0], TIMES)} to {estimate(ratios[-1], TIMES)}"
    several = by_ladder([feed for feed, *_ in ends])
    if len(several) == len(ends) and len({feed.name for feed, *_ in ends}) == 1:
        each = [f"{rung.variant} is {estimate(ratio, TIMES)} as fast as {base}" for _, rung, base, ratio, *_ in ends]
        return f"On {ends[0][0].name}, {listed(each)}."
    if len(several) > 1:
        return f"The tops of {len(several)} ladders are {spread} as fast as their references."
    return f"{listed(names)} {are} {spread} as fast as {ends[0][2]} on {places([feed for feed, *_ in ends])}."


def facts(feeds: Sequence[ResultView]) -> list[Fact]:
    """The total, the biggest phase, agreement and resolution, if available."""
    found = [_total(feeds), _biggest(feeds), _agreement(feeds), _resolution(feeds)]
    return [fact for fact in found if fact is not None]


def _judged(feeds: Sequence[ResultView]) -> list[ResultView]:
    """If the whole pipeline was measured, a part of it must not stand for it."""
    whole = [feed for feed in feeds if feed.whole] or list(feeds)
    return [feed for feed in whole if not feed.idle]


def _end(feed: ResultView) -> tuple[Rung, str, Interval, str | None, Interval | None] | None:
    """The headline's subject: the variant, its base, the ratio, its verdict, and the ratio of the two running alone if
    it differs."""
    if feed.document.kind == "cmp":
        # The requested pair, or none.
        rung = feed.ladder[-1] if feed.ladder else None
        if rung is None or not rung.base or not rung.step:
            return None
        return rung, rung.base, rung.step, rung.step_verdict, rung.step_alone
    top = feed.top
    if top is None or top.total is None:
        return None
    return top, feed.reference, top.total, top.total_verdict, top.total_alone


def _total(feeds: Sequence[ResultView]) -> Fact | None:
    ends = [(feed, *end) for feed in _judged(feeds) if (end := _end(feed)) is not None]
    if not ends:
        return None
    ends.sort(key=lambda end: end[3].value)
    if len(ends) == 1:
        ((_, _, base, ratio, _, alone),) = ends
        apart = f"; each alone {estimate(alone, TIMES)}" if alone else ""
        return Fact("in total", estimate(ratio, TIMES), f"{limits(ratio)}, over {base}{apart}")
    first, last = ends[0], ends[-1]
    compared = [feed for feed, *_ in ends]
    note = f"{place(first[0], compared)} to {place(last[0], compared)}"
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
    note = f"smallest difference reliably detected; noise floor {percent(max(floors))}"
    return Fact("resolution", low if low == high else f"{low} to {high}", note)
