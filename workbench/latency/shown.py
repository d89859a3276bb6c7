"""Latency for a person: tables for a terminal, one for a document, and files that other tools draw."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lobench.workbench.console import duration
from lobench.workbench.latency.histograms import percentiles
from lobench.workbench.latency.queueing import FASTEST
from lobench.workbench.results.model.document import FeedResult
from lobench.workbench.results.model.latency import Latency, Load, VariantLatency
from lobench.workbench.results.refuted import refuted

Rows = list[list[str]]

HISTOGRAMS: Final = "latency"
"""The folder of files with distributions, within that of a result."""


def spelled(nanoseconds: float) -> str:
    """A time with three digits, in the unit that suits it."""
    return duration(nanoseconds / 1e9, 3)


def times(speed: float) -> str:
    """A speed of the market: ``16x``."""
    if speed >= FASTEST:
        return f"{FASTEST:,.0f}x or more"
    return f"{speed:,.0f}x" if speed >= 100 else f"{speed:.3g}x"


def shown(feed: FeedResult) -> list[VariantLatency]:
    """Latency of the variants whose figures may be shown."""
    wrong = refuted(feed)
    return [one for one in (feed.latency.variants if feed.latency else ()) if one.variant not in wrong]


def first(entry: VariantLatency) -> Load:
    """At the speed that is nearest to the market's own."""
    return min(entry.loads, key=lambda load: abs(math.log(load.speed)))


def takes(entry: VariantLatency) -> str:
    """Records per call."""
    return "1" if entry.block == 1 else f"to {entry.block:,}"


def kept(latency: Latency) -> str:
    """The heading of ``largest``."""
    return f"p{100 * latency.quantile:g} within {spelled(latency.bound)} up to"


def up_to(entry: VariantLatency) -> str:
    return "at no speed" if entry.largest is None else times(entry.largest)


def by_quantile(feed: FeedResult) -> tuple[list[str], Rows]:
    """Headings and rows: response times at the market's own speed, and the largest speed within the bound."""
    assert feed.latency is not None
    rows = [
        [entry.variant, takes(entry), *map(spelled, (own.p50, own.p99, own.p99_9, own.p99_99)), up_to(entry)]
        for entry in shown(feed)
        for own in [first(entry).response]
    ]
    return ["variant", "takes", "p50", "p99", "p99.9", "p99.99", kept(feed.latency)], rows


def by_speed(feed: FeedResult) -> tuple[list[str], Rows]:
    """Headings and rows: the response time that one event in a thousand exceeds, at each speed."""
    entries = shown(feed)
    speeds = [load.speed for load in entries[0].loads] if entries else []
    rows = [[entry.variant, *(spelled(load.response.p99_9) for load in entry.loads)] for entry in entries]
    return ["variant", *map(times, speeds)], rows


def by_call(feed: FeedResult) -> tuple[list[str], Rows]:
    """Headings and rows: the time of an event in a replay, in a call of its own, and the probe's part of it."""
    rows = []
    for entry in shown(feed):
        own = [entry.service.p50, entry.service.p99_9, entry.service.max] if entry.service else []
        cells = [spelled(time) for time in own] or ["", "", ""]
        rows.append([entry.variant, spelled(entry.replay), *cells, spelled(entry.probe)])
    return ["variant", "replayed", "a call: p50", "p99.9", "longest", "of which probe"], rows


def line(latency: Latency) -> str:
    """The queued events."""
    opening = f", after {latency.opening:,} of a snapshot" if latency.opening else ""
    late = f"; {latency.late:,} follow a later one in the feed and arrive with it" if latency.late else ""
    rate = latency.events / max(latency.span, 1.0) * 1e9
    return (
        f"{latency.events:,} events{opening}, in {spelled(latency.span)} by {latency.clock}, "
        f"{rate:,.0f} per second{late}"
    )


def clock(latency: Latency) -> str:
    """The clock that timed the calls."""
    counter = latency.counter
    what = "the processor's counter" if counter.name == "tsc" else "the system's clock"
    rate = f"{counter.name}, {counter.hertz / 1e9:.3f} GHz" if counter.name == "tsc" else counter.name
    by = f"{what} ({rate}); a Python engine is timed with Python's clock"
    return f"{by}; every time includes the cost of reading it"


def headroom(feed: FeedResult) -> str:
    """The largest speed within the bound of the best variant, and of the first."""
    entries = shown(feed)
    if not entries or feed.latency is None:
        return "No response time was measured"
    best = max(entries, key=lambda entry: entry.largest or 0.0)
    what = f"answers {100 * feed.latency.quantile:g} % of events within {spelled(feed.latency.bound)}"
    if best.largest is None:
        return f"No variant {what}, however slow the market"
    beside = "" if best is entries[0] else f", {entries[0].variant} {up_to(entries[0])}"
    return f"{best.variant} {what} up to {up_to(best)} the speed of the market{beside}"


def markdown(feed: FeedResult) -> str:
    """One table of all figures, for a document."""
    entries = shown(feed)
    assert feed.latency is not None, "a feed that was measured"
    own = first(entries[0]).speed
    faster = [load.speed for load in entries[0].loads if load.speed != own]
    head = ["variant", "takes", "replayed", "a call: p50", "a call: p99.9"]
    head += [f"{name} at {times(own)}" for name in ("p50", "p99", "p99.9", "p99.99")]
    head += [*(f"p99.9 at {times(speed)}" for speed in faster), kept(feed.latency)]
    lines = [f"{feed.name}: {line(feed.latency)}.", "", _row(head), _row(["---", *["---:"] * (len(head) - 1)])]
    for entry in entries:
        loads = {load.speed: load.response for load in entry.loads}
        response, service = loads[own], entry.service
        found = [response.p50, response.p99, response.p99_9, response.p99_99, *(loads[speed].p99_9 for speed in faster)]
        alone = [spelled(service.p50), spelled(service.p99_9)] if service else ["", ""]
        own_cells = [entry.variant, takes(entry), spelled(entry.replay), *alone]
        lines.append(_row([*own_cells, *map(spelled, found), up_to(entry)]))
    return "\n".join(lines)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def write_files(feed: FeedResult, folder: Path) -> Path:
    """Each distribution as a ``.hgrm`` file in ``HISTOGRAMS``, in ns; returns their folder."""
    target = folder / HISTOGRAMS / feed.digest[:8]
    target.mkdir(parents=True, exist_ok=True)
    for entry in shown(feed):
        for name, text in _distributions(entry):
            safe = "".join(letter if letter.isalnum() or letter in "-_.=" else "_" for letter in entry.variant)
            (target / f"{safe}-{name}.hgrm").write_text(percentiles(text), encoding="utf-8")
    return target


def _distributions(entry: VariantLatency) -> Iterator[tuple[str, str]]:
    if entry.service is not None:
        yield "service", entry.service.hdr
    for action, service in entry.actions.items():
        # An action may be any byte.
        named = action if action.isascii() and action.isalnum() else f"0x{ord(action):02x}"
        yield f"service-{named}", service.hdr
    for load in entry.loads:
        yield f"response-{load.speed:g}x", load.response.hdr
