"""A pair of variants, compared in one session."""

from __future__ import annotations

from lobench.workbench.results.model.analysis import Comparison
from lobench.workbench.results.model.document import FeedResult, Result
from lobench.workbench.results.model.verdict import NO_DIFFERENCE, SHOWN, SLOWER, THIS_BUILD
from lobench.workbench.results.numbers import MILLION, ends
from lobench.workbench.results.refuted import refuted
from lobench.workbench.summaries import phrases
from lobench.workbench.summaries.model import Fact, Summary, Table


def summary(content: Result, base: str, variant: str, ok: bool, command: str) -> Summary:
    """A comparison of two variants in words."""
    (feed,) = content.feeds
    wrong = refuted(feed)
    verdict = "nothing was measured"
    if wrong:
        verdict = f"FAILED for {', '.join(wrong)}: no verdict on different results"
    elif feed.comparison is not None:
        verdict = _verdict(feed.comparison)
    facts: list[Fact] = [] if feed.comparison is None else _of_the_pair(feed, feed.comparison)
    facts += [] if wrong else phrases.verified(feed)
    facts += [*phrases.compared(content), *phrases.tuning(feed)]
    if feed.analysis:
        facts += [*phrases.floors(feed.analysis.noise), ("resolution", phrases.resolution(feed.analysis.noise))]
    return Summary(
        verb="cmp",
        title=f"{base} and {variant} on {feed.name}",
        verdict=verdict,
        ok=ok,
        command=command,
        about=phrases.idle(content, feed),
        tables=[_table(content, feed, base, variant)],
        facts=facts,
        details=phrases.differences(feed.verification),
    )


def _verdict(comparison: Comparison) -> str:
    said = f"{NO_DIFFERENCE} between {comparison.base} and {comparison.variant}"
    if comparison.verdict in SHOWN:
        said = f"{comparison.variant} is {comparison.verdict} than {comparison.base}"
    if comparison.note:
        said = f"none: {comparison.note.removeprefix('no verdict: ')}"
    return f"{said}: {phrases.ratio(comparison.ratio)}, CPU time"


def _of_the_pair(feed: FeedResult, comparison: Comparison) -> list[Fact]:
    facts: list[Fact] = []
    for rung in feed.analysis.ladder if feed.analysis else ():
        if rung.bias and rung.variant in (comparison.base, comparison.variant):
            facts.append(("lock-step", phrases.lock_step(rung.variant, rung.bias)))
    if comparison.ratio_alone:
        facts.append(("", f"each alone: {phrases.ratio(comparison.ratio_alone)}"))
    if comparison.of_build:
        facts.append((THIS_BUILD, phrases.OF_BUILD))
    if comparison.verdict == SLOWER and comparison.tolerance:
        beyond = "beyond" if comparison.regression else "not certainly beyond"
        facts.append(("tolerance", f"{beyond} the accepted {comparison.tolerance:.3%}"))
    return facts


def _table(content: Result, feed: FeedResult, base: str, variant: str) -> Table:
    rows = []
    rungs = feed.analysis.ladder if feed.analysis else ()
    speeds = {rung.variant: rung.events_per_second for rung in rungs}
    if {base, variant} <= set(speeds):
        pair = [speeds[name] for name in (base, variant)]
        rows.append(["M events/s", *(phrases.rate(each) for each in pair)])
        rows.append(["95 % interval", *(ends(each.scaled(MILLION)) for each in pair)])
    rows += [[f"{counter} an event", *cells] for counter, cells in _counted(feed, base, variant)]
    title = f"{feed.name}{phrases.stages(content)}: {feed.events:,} events"
    return Table(("", f"A: {base}", f"B: {variant}"), rows, title=title)


def _counted(feed: FeedResult, base: str, variant: str) -> list[tuple[str, list[str]]]:
    """Mechanism counters an event, side by side; those that are 0 in both are left out."""
    counters = [feed.counters.get(name, {}) for name in (base, variant)]
    rows = []
    for counter in dict.fromkeys([*counters[0], *counters[1]]):
        totals = [counted.get(counter) for counted in counters]
        if any(totals):
            cells = ["not counted" if total is None else f"{total / feed.events:.4f}" for total in totals]
            rows.append((counter.replace("_", " "), cells))
    return rows
