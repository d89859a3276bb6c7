"""Recorded history as the jobs of a CI leave it: one file for each commit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lobench.workbench.history.store import History, load

FEED = "synth:liquid-future"


def point(place: int, *variants: str, session: str = "s", measured: int = 100, ns: float = 90.0) -> dict[str, Any]:
    one = {"ns": ns, "low": ns - 1, "high": ns + 1, "exact": {"instructions": 10.0}, "floor": 0.006}
    return {
        **{"feeds": {FEED: dict.fromkeys(variants, one)}, "tried": [f"{FEED} {name}" for name in variants]},
        **{"time": place, "subject": f"commit {place}", "source": str(place), "session": session},
        **{"measured": measured, "against": None},
    }


def commit(place: int) -> str:
    return f"{place:040x}"


def job(folder: Path, *places: int, variant: str = "p0", anchor: int | None = None, **more: Any) -> History:
    """The record of a job that began with the content of the folder."""
    history = load(folder / "history.json", "here")
    for place in places:
        made = point(place, variant, **more)
        known = history.points.get(commit(place), {"feeds": {FEED: {}}})
        made["feeds"] = {FEED: {**known["feeds"][FEED], **made["feeds"][FEED]}}
        history.points[commit(place)] = made
        history.anchors.setdefault(FEED, {}).setdefault(variant, commit(places[0] if anchor is None else anchor))
        history.broken.pop(commit(place), None)
    history.feeds.setdefault(FEED, "a" * 32)
    session = {"name": more.get("session", "s"), "rounds": 3, "samples": 9}
    history.sessions += [session] if session not in history.sessions else []
    history.save()
    return history
