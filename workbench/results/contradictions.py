"""Checks beyond a document's schema: undefined names, intervals upside down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.control import TWICE, is_again, once
from lobench.workbench.results.model.document import FeedResult, Result
from lobench.workbench.results.model.samples import SessionResult


def contradictions(document: Result) -> Iterator[tuple[str, str]]:
    """JSON path and text of each."""
    known = {variant.name for variant in document.variants}
    for place, feed in enumerate(document.feeds):
        path = f"$.feeds[{place}]"
        parts = (("session", feed.session), ("factorial", feed.factorial), ("from_top", feed.from_top))
        for name, session in parts:
            if session is not None:
                yield from _strangers(session, known, f"{path}.{name}")
        yield from _unmeasured(feed, path)
        for number, entry in enumerate(feed.latency.variants if feed.latency else ()):
            if entry.variant not in known:
                yield f"{path}.latency.variants[{number}]", f"'{entry.variant[:80]}' is not among $.variants"
        yield from _upside_down(as_json(feed.analysis), f"{path}.analysis")
    if document.contest is not None:
        if document.contest.session is not None:
            yield from _strangers(document.contest.session, known, "$.contest.session")
        yield from _upside_down({**as_json(document.contest), "session": None}, "$.contest")
    if document.sweep is not None:
        yield from _upside_down(as_json(document.sweep.analysis), "$.sweep.analysis")


def _strangers(session: SessionResult, known: set[str], path: str) -> Iterator[tuple[str, str]]:
    measured, control = session.measured[:-1], session.measured[-1]
    if not is_again(control):
        yield f"{path}.measured", f"'{control[:80]}' comes last, where the control ('…{TWICE}') is expected"
    for name in map(once, measured):
        # A combination of policies needs no entry: its name (axis=policy,…) defines it.
        if name not in known and "=" not in name:
            yield f"{path}.measured", f"'{name[:80]}' is not among $.variants"
    for name in sorted(set(session.disagreeing) - set(session.measured)):
        yield f"{path}.disagreeing", f"'{name[:80]}' was not measured"
    for name in sorted(set(session.laid_out) - set(session.measured)):
        yield f"{path}.laid_out", f"'{name[:80]}' was not measured"
    for name, first in session.same_as.items():
        if not {name, first} <= set(session.measured) or name == first:
            yield f"{path}.same_as", f"'{name[:80]}' or '{first[:80]}' was not measured"
    for name in session.measured:
        if is_again(name) and once(name) not in session.measured:
            yield f"{path}.measured", f"the control '{name[:80]}' stands there without its original"


def _unmeasured(feed: FeedResult, path: str) -> Iterator[tuple[str, str]]:
    """Entries about variants that are not in the session."""
    measured = feed.session.measured if feed.session is not None else ()
    for place, rung in enumerate(feed.analysis.ladder if feed.analysis is not None else ()):
        for name in (rung.variant, rung.base):
            if name is not None and name not in measured:
                yield f"{path}.analysis.ladder[{place}]", f"'{name[:80]}' is not in the session"


def _upside_down(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Checks anything with a low and a high end."""
    if isinstance(value, dict):
        if "low" in value and "high" in value and value["low"] > value["high"]:
            yield path, f"low {value['low']} is above high {value['high']}"
        for name, entry in value.items():
            yield from _upside_down(entry, f"{path}.{name}")
    elif isinstance(value, list):
        for place, entry in enumerate(value):
            yield from _upside_down(entry, f"{path}[{place}]")
