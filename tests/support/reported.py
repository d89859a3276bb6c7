"""Documents that reports must cope with: complete, many feeds, refuted, hostile, cut short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lobench.workbench.results.model.control import once
from tests.support.analyses import Document
from tests.support.documents import SPEEDS, document
from tests.support.latencies import latency_of
from tests.support.profiled import profiles_of

HOSTILE = {
    "p2_snapshot": "<script>alert(1)</script>",
    "p3_indexed_features": "\"'><img src=x onerror=alert(1)>\x00\x1b[31m\u202e]]>",
    "p4_hash_lookup": "x" * 300,
    "synth:liquid-future": "a|b`*_[link](http://example.invalid)\n# {{ 7 * 7 }} &amp; {% raw %} " + "y" * 200,
}
"""Name -> a user's name for it."""
TELLTALE = 7777.25
"""A figure that no page may show."""


def complete(**more: Any) -> Document:
    """With every part that a document can hold."""
    parts = {"factorial": True, "from_top": True, "isolated": True, "scaling": True, "limits": True, "sweep": True}
    made = document(**{**parts, **more})
    for feed in made["feeds"]:
        names = [variant["name"] for variant in made["variants"]]
        feed["profiles"], feed["latency"] = profiles_of(names), latency_of(names)
        if feed["session"]:
            feed["session"]["hardware"] = hardware_of(feed["session"]["measured"])
    return made


def hardware_of(names: Sequence[str], processes: int = 3) -> list[Document]:
    """What a processor counted: 1,000 instructions an event of the first variant, 900 of the second …, at 2.0 to 2.2 a
    cycle."""
    return [
        {
            "process": process,
            "variant": name,
            "events": 10_000,
            "counts": {
                "cycles": round(10_000_000 * (1 - place / 10) / (2 + process / 10)),
                "instructions": round(10_000_000 * (1 - place / 10)),
                "branch_misses": 20_000 + 100 * process,
            },
        }
        for process in range(processes)
        for place, name in enumerate(names)
    ]


MANY = ("synth:liquid-future", "synth:deep-book,n=2M", f"/data/{'long/' * 12}day.mbo.dbn.zst")


def many() -> Document:
    return complete(feeds=MANY)


def wide() -> Document:
    """More variants than the plan has phases."""
    more = ("p5_memory_pool", "p6_simd", "p7_cache_layout", "p8_profile_guided", "an_idea_of_my_very_own", "another")
    return complete(speeds={**SPEEDS, **{name: 4.0 + place / 4 for place, name in enumerate(more)}})


def elsewhere(model: str | None, digest: str = "f" * 32, **more: Any) -> Document:
    """Of another machine, on which every step gains more."""
    made: Document = document(**{"speeds": {name: speed**1.25 for name, speed in SPEEDS.items()}, **more})
    made["environment"]["machine_digest"] = digest
    made["environment"]["cpu"] |= {"model": model, "threads": 8}
    return made


def renamed(value: Any, names: dict[str, str]) -> Any:
    """The document with other names, wherever they occur as whole words."""
    if isinstance(value, str):
        first = once(value)
        return names[first] + value[len(first) :] if first in names else value
    if isinstance(value, dict):
        return {renamed(key, names): renamed(entry, names) for key, entry in value.items()}
    if isinstance(value, list):
        return [renamed(entry, names) for entry in value]
    return value


def hostile() -> Document:
    made: Document = renamed(complete(), HOSTILE)
    made["command"] = "lobench run '</code></pre><script>alert(2)</script>' ```"
    for feed in made["feeds"]:
        feed["counters"] = {name: {**counts, "<b>odd": 1} for name, counts in feed["counters"].items()}
        feed["anomalies"] = {"<i>odd": 3}
        for entry in feed["profiles"]["variants"]:
            for row in (row for rows in entry["lines"].values() for row in rows):
                row |= {"text": "</td><script>alert(3)</script>" + "z" * 200, "file": "<img src=x onerror=alert(3)>"}
            entry["missing"] = {"<b>tool": "<i>reason"}
        entry["flame"] = entry["flame"].replace("<g>", '<g onclick="alert(4)"><script>alert(4)</script>')
    return made


def refuted(name: str = "p4_hash_lookup") -> Document:
    """One variant differs, and every figure of it, that should not be there at all, is the telltale."""
    made = complete()
    for feed in made["feeds"]:
        for outcome in feed["verification"]:
            if outcome["name"] == name:
                outcome |= {"agrees": False, "digests": None, "difference": "event 17: best bid 5 instead of 6"}
        feed["counters"][name] = {counter: round(TELLTALE * feed["events"]) for counter in feed["counters"][name]}
        for entry in feed["session"]["hardware"]:
            if entry["variant"] == name:
                entry["counts"] = dict.fromkeys(entry["counts"], round(TELLTALE * entry["events"]))
        analysis = feed["analysis"]
        _betray(
            [entry for entry in analysis["from_top"]["axes"] if name in (made["feeds"][0]["from_top"]["measured"][0],)]
        )
        for rows in (analysis["ladder"], analysis["bias"], analysis["scaling"]):
            _betray([row for row in rows if row["variant"] == name])
        for entry in feed["latency"]["variants"]:
            if entry["variant"] == name:
                entry |= {"largest": TELLTALE, "replay": TELLTALE, "probe": TELLTALE}
        for entry in feed["profiles"]["variants"]:
            if name in (entry["variant"], (entry["change"] or {"before": None})["before"]):
                _betray(entry["stages"] if entry["variant"] == name else [])
                betrayed = [*entry["lines"].values()] if entry["variant"] == name else [entry["change"]["removed"]]
                for row in (row for rows in betrayed for row in rows):
                    row["text"] = f"{TELLTALE}"
    _betray([row for row in made["sweep"]["analysis"] if row["variant"] == name])
    return made


def _betray(value: Any) -> None:
    """Put the telltale in place of every interval."""
    if isinstance(value, dict) and "low" in value and "value" in value:
        for end in ("value", "low", "high"):
            value[end] = TELLTALE
    elif isinstance(value, dict):
        for entry in value.values():
            _betray(entry)
    elif isinstance(value, list):
        for entry in value:
            _betray(entry)
