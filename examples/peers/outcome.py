"""The results that a run of scripts/peers left in its folder, as the page's data."""

from __future__ import annotations

import json
from pathlib import Path

from page import Feed, Outcome, Ratio, Row
from peers import PEERS

from lobench.workbench.results.model.document import FeedResult, Result
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.reading import read
from lobench.workbench.results.refuted import refuted
from lobench.workbench.statistics import compared
from lobench.workbench.statistics.ladder import Comparisons

INSTALLED, CONFORMANCE = "installed.json", "conformance.json"
TOP = "p7_cache_layout"


def result_file(number: int | str) -> str:
    """The name of a feed's results, from 0 on."""
    return f"result-{number}.json"


def load(folder: Path) -> Outcome:
    installed = json.loads((folder / INSTALLED).read_text(encoding="utf-8"))
    results = [read(file) for file in sorted(folder.glob(result_file("*")))]
    return Outcome(
        machine=_machine(results[0]),
        command=installed["command"],
        versions=installed["versions"],
        missing=installed["missing"],
        conformance=json.loads((folder / CONFORMANCE).read_text(encoding="utf-8")),
        feeds=[_feed(feed, result) for result in results for feed in result.feeds],
    )


def _machine(result: Result) -> str:
    place = result.environment
    return f"{place.cpu.model}, {place.python}, numba {place.packages['numba']}."


def _feed(feed: FeedResult, result: Result) -> Feed:
    engines = {peer.engine: peer for peer in PEERS}
    twice = {peer.twice: peer.engine for peer in PEERS}
    asked = {entry.name for entry in result.variants}
    out = refuted(feed)
    rows: list[Row] = []
    shown: set[str] = set()
    if feed.session is not None:
        comparisons = compared(feed.session)
        said = {entry.name: entry.compared for entry in feed.verification}
        for name in feed.session.variants:
            if name in twice or name in out:
                continue
            shown.add(name)
            again = engines[name].twice if name in engines else ""
            doubled = again in feed.session.variants and again not in out
            rows.append(
                Row(
                    name=engines[name].package if name in engines else name,
                    rate=_ratio(comparisons.events_per_second(name)),
                    slower=None if name == TOP else _ratio(comparisons.compare(TOP, name).ratio()),
                    adapter=_part(comparisons, name, again) if doubled else None,
                    compared=said.get(name),
                )
            )
    return Feed(
        name=feed.name,
        events=feed.events,
        books=feed.books,
        processes=feed.session.samples.processes if feed.session else 0,
        rows=rows,
        failed={
            peer.package: out.get(name, "it ended a measuring process, and was left out from there on")
            for name, peer in engines.items()
            if name in asked and name not in shown
        },
    )


def _part(comparisons: Comparisons, once: str, again: str) -> Ratio:
    """Preparing's share of the time of ``once``: the additional time of ``again``, which prepares twice."""
    ratio = comparisons.compare(once, again).ratio()
    return ratio.value - 1, ratio.low - 1, ratio.high - 1


def _ratio(interval: Interval) -> Ratio:
    return interval.value, interval.low, interval.high
