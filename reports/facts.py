"""What a result document says about one feed, read once: who was refuted, and which figures may be shown."""

from __future__ import annotations

import re
import shlex
from functools import cached_property
from typing import Any

from lobench.workbench.results import SESSIONS
from lobench.workbench.results.caution import idleness

CONTROL = " (A/A)"
"""Ends the name under which a variant is measured once more."""
WHOLE = "strategies"
"""The pipeline's last stage: a document of all of it is ``until`` this."""
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")


def printable(value: Any) -> Any:
    """The same document with a mark in place of characters that neither XML nor a reader can take."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {printable(key): printable(entry) for key, entry in value.items()}
    if isinstance(value, list):
        # Raw samples are lists of whole numbers, by far the most of a document.
        return value if value and type(value[0]) is int else [printable(entry) for entry in value]
    return value


class Facts:
    """One feed of one document. Variants that failed verification, or that ended a timed replay in another state, are
    ``refuted``: no figure of theirs gets past this class."""

    def __init__(self, document: dict[str, Any], feed: dict[str, Any], mark: str = "") -> None:
        self.document, self.feed, self.mark = document, feed, mark
        self.analysis: dict[str, Any] = feed.get("analysis") or {}
        self.session: dict[str, Any] = feed.get("session") or {}
        until = document["until"]
        self.whole = until == WHOLE
        self.name: str = feed["name"] if self.whole else f"{feed['name']} until {until}"

    @property
    def idle(self) -> str:
        """That features and strategies had no work on this feed, and what to do about it; empty where they had."""
        return idleness({**self.feed, "name": self.name}, self.document["until"]) or ""

    @cached_property
    def refuted(self) -> dict[str, str]:
        """Variant -> why."""
        found: dict[str, str] = {}
        for outcome in self.feed["verification"]:
            if not outcome["agrees"]:
                found.setdefault(outcome["name"], outcome["difference"] or "its digests differ from the reference's")
        for session in map(self.feed.get, SESSIONS):
            for name in (session or {}).get("disagreeing", ()):
                reasons = (session or {}).get("reasons", {})
                found.setdefault(name, reasons.get(name, "it differed from the reference in a timed replay"))
        return found

    @cached_property
    def variants(self) -> list[str]:
        """Names in the document's order, with those that verification alone knows."""
        names = [variant["name"] for variant in self.document["variants"]]
        return list(dict.fromkeys([*names, *(outcome["name"] for outcome in self.feed["verification"])]))

    @cached_property
    def agreeing(self) -> list[str]:
        verified = {outcome["name"] for outcome in self.feed["verification"]}
        return [name for name in self.variants if name in verified and name not in self.refuted]

    @cached_property
    def ladder(self) -> list[dict[str, Any]]:
        """Rungs without refuted variants; a step from a refuted one is no step."""
        rungs = []
        for rung in self.analysis.get("ladder") or ():
            if rung["variant"] in self.refuted:
                continue
            if rung.get("base") in self.refuted:
                rung = {**rung, **dict.fromkeys(("step", "step_wall", "step_verdict", "step_alone", "score"))}
            if self.reference in self.refuted:
                rung = {**rung, **dict.fromkeys(("total", "total_verdict", "total_alone"))}
            rungs.append(rung)
        return rungs

    @cached_property
    def detectable(self) -> list[float]:
        """Smallest effects found reliably: between the reference and itself; in the noisiest step, if it is told."""
        mde = self.noise["mde"] if self.noise else {}
        return [entry["effect"] for entry in (mde, mde.get("step")) if entry]

    @cached_property
    def reference(self) -> str:
        """What the session's control is a second name of; without a session, phase 0."""
        # A variant at the top may be measured twice, too; the reference's second name comes last.
        for name in self.session.get("measured", ())[-1:]:
            if name.endswith(CONTROL):
                return str(name[: -len(CONTROL)])
        for variant in self.document["variants"]:
            if variant["phase"] == 0:
                return str(variant["name"])
        return str(self.variants[0]) if self.variants else ""

    @cached_property
    def phases(self) -> list[dict[str, Any]]:
        """Rungs of the ladder proper, from the bottom up."""
        return [rung for rung in self.ladder if rung["phase"] is not None]

    @cached_property
    def top(self) -> dict[str, Any] | None:
        """The highest phase that has a total; without phases, the last variant that has one. Of several names of one
        kernel the first."""
        rungs = [rung for rung in self.phases or self.ladder if rung["total"] and not rung.get("same_as")]
        return rungs[-1] if rungs else None

    @cached_property
    def beside(self) -> list[dict[str, Any]]:
        """Rungs of variants that are no phase, compared with the ladder's top."""
        return [rung for rung in self.ladder if rung["phase"] is None and rung["step"] and self.phases]

    @cached_property
    def biggest(self) -> dict[str, Any] | None:
        """The phase whose step earned most, of those that are shown to earn anything; a step over several phases at
        once is none of a phase."""
        phases = {variant["name"]: variant["phase"] for variant in self.document["variants"]}
        earning = [rung for rung in self.phases if rung["step"] and rung["step_verdict"] == "faster"]
        steps = [rung for rung in earning if phases.get(rung["base"]) == rung["phase"] - 1]
        return max(steps, key=lambda rung: rung["step"]["value"], default=None)

    @cached_property
    def profiles(self) -> list[dict[str, Any]]:
        """Variants' profiles; a change from a refuted variant is no change."""
        entries = self.shown((self.feed.get("profiles") or {}).get("variants"))
        return [
            {**entry, "change": None} if (entry["change"] or {}).get("before") in self.refuted else entry
            for entry in entries
        ]

    @cached_property
    def bottleneck(self) -> str:
        """Where the top variant's time goes, as a sentence; empty if nobody looked."""
        by_name = {entry["variant"]: entry for entry in self.profiles if entry["next_bottleneck_line"]}
        phases = [variant["name"] for variant in self.document["variants"] if variant["phase"] is not None]
        ladder = [name for name in by_name if name in phases]
        top = self.top["variant"] if self.top and self.top["variant"] in by_name else ""
        name = top or (ladder or [*by_name] or [""])[-1]
        return f"{name}: {by_name[name]['next_bottleneck_line']}." if name else ""

    @cached_property
    def from_top(self) -> dict[str, Any]:
        """What the top loses without one phase alone; empty where that was not measured, or the top is refuted."""
        found = self.analysis.get("from_top") or {}
        if not found or found["top"] in self.refuted:
            return {}
        return {**found, "axes": [entry for entry in found["axes"] if entry["variant"] not in self.refuted]}

    @property
    def noise(self) -> dict[str, Any]:
        return self.analysis.get("noise") or {}

    @property
    def factorial_refuted(self) -> list[str]:
        """Combinations of the factorial that ended in another state: they spoil every effect."""
        return list((self.feed.get("factorial") or {}).get("disagreeing", ()))

    def run(self, *arguments: str) -> str:
        """The command that gives what this result lacks."""
        return shlex.join(["lobench", "run", *arguments, *self.feed["specs"]])

    def shown(self, rows: list[dict[str, Any]] | None, *keys: str) -> list[dict[str, Any]]:
        """Entries of an analysis that name no refuted variant under ``keys``."""
        return [row for row in rows or () if not any(row[key] in self.refuted for key in keys or ("variant",))]
