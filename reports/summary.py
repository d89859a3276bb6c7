"""The table across feeds, for a page that shows more than one."""

from __future__ import annotations

from dataclasses import replace

from lobench.reports.blocks import Block, Cell, Table, Text
from lobench.reports.machines import across_machines, machine, machines
from lobench.reports.numbers import TIMES, integer, listed, percent
from lobench.reports.result_view import LATENCY, ResultView
from lobench.reports.sections.shared import SCORES, TONES, beside, figure
from lobench.reports.side_by_side import by_ladder, side_by_side
from lobench.workbench.results.model.analysis import Rung
from lobench.workbench.results.model.attribution import WithoutPhase
from lobench.workbench.results.model.verdict import FASTER

_Key = tuple[int, str]
"""Phase and axis."""


def summary(feeds: list[ResultView], anchors: list[str]) -> list[Block]:
    """For each ladder a table of its feeds, and where phases earn their place; several ladders, and one ladder on
    several machines, also side by side. ``anchors`` link feeds to their parts."""
    ladders = by_ladder(feeds)
    links = {id(feed): anchor for feed, anchor in zip(feeds, anchors, strict=True)}
    found = [*side_by_side(feeds), *across_machines(feeds)]
    for name, own in ladders.items():
        # A result of latency alone has no steps; one of its variants that differed is named all the same.
        stepped = [feed for feed in own if feed.document.kind != LATENCY or feed.refuted]
        if stepped:
            found.append(_steps(stepped, [links[id(feed)] for feed in stepped], name if len(ladders) > 1 else ""))
        found += places(own)
    return found


def _steps(feeds: list[ResultView], anchors: list[str], ladder: str) -> Table:
    """One row for each feed of a ladder: the gain of every phase's step there."""
    phases = sorted(
        {(rung.phase or 0, rung.variant) for feed in feeds for rung in feed.phases if rung.step or rung.same_as}
    )
    named = machines(feeds)
    rows = []
    for feed, anchor in zip(feeds, anchors, strict=True):
        rungs = {rung.variant: rung for rung in feed.phases}
        cells = [_step(rungs.get(name)) for _, name in phases]
        rows.append(
            [
                Cell(feed.name, named[machine(feed)] if len(named) > 1 else "", link=anchor),
                Cell(integer(feed.feed.events)),
                *cells,
                beside(figure(feed.top.total, TIMES), feed.top.total_alone) if feed.top else Cell(""),
                Cell(percent(feed.noise.floor) if feed.noise else ""),
                _agreement(feed),
            ]
        )
    headings = ["feed", "events", *(name for _, name in phases), "in total", "noise floor", "replays"]
    whose = f"{ladder}: step" if ladder else "Step"
    caption = f"{whose} of every phase on every feed, CPU time, with 95 % intervals and prediction scores"
    return Table(caption, headings, rows, words=frozenset({0, len(headings) - 1}))


def _step(rung: Rung | None) -> Cell:
    """A phase's step, its prediction's score, and why it has no verdict."""
    if rung is None:
        return Cell("")
    cell = beside(figure(rung.step, TIMES), rung.step_alone)
    notes = [cell.note, SCORES.get(rung.score or "", ""), rung.note or ""]
    return replace(cell, note="; ".join(filter(None, notes)))


def places(feeds: list[ResultView]) -> list[Block]:
    """The phases that earn their place on each feed, if the top was measured without one phase at a time."""
    shown = [(feed.name, feed.from_top) for feed in feeds if feed.from_top]
    if len(shown) < 2:
        return []
    names = [name for name, _ in shown]
    entries = [{_key(entry): entry for entry in from_top.axes} for _, from_top in shown]
    keys = sorted({key for found in entries for key in found})
    rows = [
        [Cell(name, from_top.top), *(_place(found.get(key)) for key in keys)]
        for (name, from_top), found in zip(shown, entries, strict=True)
    ]
    headings = ["feed", *(f"{phase} {axis}" for phase, axis in keys)]
    caption = (
        "Does each phase earn its place? Speed of the ladder's top over itself without that one phase, CPU time, 95 % "
        "intervals"
    )
    return [Table(caption, headings, rows), Text(_told(keys, names, entries))]


def _key(entry: WithoutPhase) -> _Key:
    return entry.phase, entry.axis


def _place(entry: WithoutPhase | None) -> Cell:
    if entry is None or entry.ratio is None:
        return Cell("", (entry.note if entry else None) or "")
    cell = figure(entry.ratio, TIMES)
    return Cell(cell.text, f"{cell.note}; {entry.verdict}", TONES.get(entry.verdict or "", ""))


def _told(keys: list[_Key], feeds: list[str], entries: list[dict[_Key, WithoutPhase]]) -> str:
    """The feeds on which phases earn their place, in sentences: phases that do so everywhere together, the others one
    by one."""
    everywhere, others = [], []
    for key in keys:
        name = f"{key[0]} ({key[1]})"
        found = [(feed, entry) for feed, own in zip(feeds, entries, strict=True) if (entry := own.get(key))]
        measured = [(feed, entry.verdict == FASTER) for feed, entry in found if entry.ratio]
        earning, idle = (
            list(dict.fromkeys(feed for feed, earns in measured if earns is said)) for said in (True, False)
        )
        if not measured:
            others.append(f"Phase {name} has no figure: {found[0][1].note}.")
        elif not idle:
            everywhere.append(name)
        elif not earning:
            others.append(f"Phase {name} is shown to earn its place on NONE of these feeds.")
        else:
            others.append(f"Phase {name} earns its place on {listed(earning)}; not shown on {listed(idle)}.")
    if everywhere:
        verb = "Phase {} earns its" if len(everywhere) == 1 else "Phases {} earn their"
        others.insert(0, f"{verb.format(listed(everywhere))} place wherever measured.")
    return " ".join(others)


def _agreement(feed: ResultView) -> Cell:
    if feed.refuted:
        return Cell("DIFFER", ", ".join(feed.refuted), "bad")
    return Cell("all agree", tone="good") if feed.agreeing else Cell("not verified")
