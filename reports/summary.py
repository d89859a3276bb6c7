"""The table across feeds, for a page that shows more than one."""

from __future__ import annotations

from reports.blocks import Block, Cell, Table
from reports.facts import Facts
from reports.numbers import TIMES, integer, percent
from reports.sections.shared import SCORES, figure


def summary(feeds: list[Facts], anchors: list[str]) -> list[Block]:
    """One row for each feed: what every phase's step earned there; ``anchors`` link its name to its part."""
    phases = sorted({(rung["phase"], rung["variant"]) for feed in feeds for rung in feed.phases if rung["step"]})
    rows = []
    for feed, anchor in zip(feeds, anchors, strict=True):
        steps = {rung["variant"]: rung for rung in feed.phases if rung["step"]}
        cells = []
        for _, name in phases:
            rung = steps.get(name)
            cell = figure(rung["step"], TIMES) if rung else Cell("")
            score = SCORES.get((rung or {}).get("score") or "", "")
            cells.append(Cell(cell.text, f"{cell.note}; {score}" if score else cell.note))
        rows.append(
            [
                Cell(feed.name, link=anchor),
                Cell(integer(feed.feed["events"])),
                *cells,
                figure(feed.top["total"], TIMES) if feed.top else Cell(""),
                Cell(percent(feed.noise["floor"]) if feed.noise else ""),
                _agreement(feed),
            ]
        )
    headings = ["feed", "events", *(name for _, name in phases), "in total", "noise floor", "replays"]
    caption = "Step of every phase on every feed, CPU time, with 95 % intervals and how its prediction scored"
    return [Table(caption, headings, rows, words=frozenset({0, len(headings) - 1}))]


def _agreement(feed: Facts) -> Cell:
    if feed.refuted:
        return Cell("DIFFER", ", ".join(feed.refuted), "bad")
    return Cell("all agree", tone="good") if feed.agreeing else Cell("not verified")
