"""The made-up analysis of a made-up feed (``tests.support.documents``): medians, with intervals of a fixed width."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lobench.workbench.plan import grade
from lobench.workbench.results.model.intervals import Interval

Document = dict[str, Any]

REFERENCE = "p0_baseline"
CONTROL = "p0_baseline (A/A)"
CORE = {
    "events": ("clone", "zero_copy"),
    "context": ("locked", "snapshot"),
    "features": ("string", "indexed"),
    "lookup": ("linear", "hash"),
}
_PREDICTED = {
    1: ("event cloning", 2.3, 2.9),
    2: ("lock contention", 1.4, 1.7),
    3: ("string features", 1.2, 1.2),
    4: ("linear order search", 1.1, 1.1),
}
GAINS = {"events": 1.1, "context": 1.2, "features": 2.4, "lookup": 1.2}
"""The gain of each core phase."""
SLICE, LEAD_IN = 8192, 1024
"""Records of a slice, and how many of them are not timed."""


def phase_of(name: str) -> int | None:
    head = name.split("_")[0]
    return int(head[1:]) if head[:1] == "p" and head[1:].isdigit() else None


def interval(value: float, width: float = 0.005) -> dict[str, float]:
    """An interval of ``width`` (a fraction) to either side."""
    return {"value": value, "low": value * (1 - width), "high": value * (1 + width)}


def _verdict(value: float) -> str:
    return "faster" if value > 1.02 else "slower" if value < 0.98 else "no difference shown"


def analysis_of(feed: Document, speeds: Mapping[str, float], combinations: Mapping[str, Mapping[str, str]]) -> Document:
    """``feeds[].analysis`` of a feed whose session is complete."""
    session = feed["session"]
    rows = np.array(session["samples"]["rows"])
    medians = {
        name: float(np.median(rows[rows[:, 3] == place, 6])) / (SLICE - LEAD_IN)
        for place, name in enumerate(session["measured"])
    }
    floor = abs(medians[REFERENCE] / medians[CONTROL] - 1) + 0.005
    return {
        "clock": "cpu_ns",
        "level": 0.95,
        "resamples": 2000,
        "method": "Made up for tests: medians with intervals of a fixed width.",
        "ladder": _ladder(medians, [name for name in speeds if name not in session["disagreeing"]]),
        "noise": {
            "floor": floor,
            "control": interval(medians[REFERENCE] / medians[CONTROL]),
            "controls": [
                {
                    "variant": CONTROL,
                    "of": REFERENCE,
                    "ratio": interval(medians[REFERENCE] / medians[CONTROL]),
                    "floor": floor,
                }
            ],
            "false_positives": {"nominal": 0.05, "measured": 0.046, "low": 0.03, "high": 0.07, "simulated": 500},
            "sequential_false_positives": {
                "nominal": 0.05,
                "measured": 0.4,
                "low": 0.36,
                "high": 0.44,
                "simulated": 500,
            },
            "mde": {"effect": 0.008, "power": 0.8, "step": {"variant": "b", "base": "a", "effect": 0.012}},
            "contaminated": {
                "samples": int(rows[:, 11].sum()),
                "of": len(rows),
                "kinds": {"involuntary switch": int(rows[:, 7].sum()), "steal": 0},
            },
        },
        "bias": [{"variant": name, "ratio": interval(1.01), "shown": False} for name in speeds]
        if feed["isolated"]
        else None,
        "attribution": _attribution() if combinations else None,
        "interactions": _interactions() if combinations else None,
        "from_top": from_top_of(feed) if feed["from_top"] else None,
        "scaling": [
            {
                "variant": name,
                "workers": workers,
                "events_per_second": interval(1e9 / medians[name] * workers**0.9),
                "speedup": interval(workers**0.9),
                "ceiling": interval(workers**0.95) if workers > 1 else None,
            }
            for name in speeds
            for workers in (1, 2)
        ]
        if feed["scaling"]
        else None,
        "limits": [
            {"name": "sequential read", "text": "56 bytes of every event", "events_per_second": interval(330e6)},
            {"name": "random access", "text": "one access an event", "events_per_second": interval(250e6)},
        ]
        if feed["limits"]
        else None,
    }


def _ladder(medians: Mapping[str, float], names: Sequence[str]) -> list[Document]:
    rungs: list[Document] = []
    below: str | None = None
    for name in sorted(names, key=lambda name: (phase_of(name) is None, phase_of(name) or 0)):
        phase = phase_of(name)
        step = medians[below] / medians[name] if below else None
        total = medians[REFERENCE] / medians[name]
        promise = _PREDICTED.get(phase or 0) if below and phase_of(below) == (phase or 0) - 1 else None
        measured = interval(step) if step else None
        rungs.append(
            {
                "variant": name,
                "phase": phase,
                "base": below,
                "same_as": None,
                "note": None,
                "events_per_second": interval(1e9 / medians[name]),
                "step": measured,
                "step_wall": measured,
                "step_verdict": _verdict(step) if step else None,
                "step_of_build": False,
                "step_p": 0.001 if step else None,
                "step_p_holm": 0.004 if step else None,
                "total": interval(total) if below else None,
                "total_verdict": _verdict(total) if below else None,
                "prediction": {
                    "phase": phase,
                    "bottleneck": promise[0],
                    "low": promise[1],
                    "high": promise[2],
                    "source": "the optimization plan",
                    "date": "2026-11-22",
                }
                if promise
                else None,
                "bias": None,
                "step_alone": None,
                "total_alone": None,
                "score": grade(promise[1], promise[2], Interval(**measured), _verdict(step))
                if promise and measured and step
                else None,
            }
        )
        if phase is not None:
            below = name
    return rungs


def from_top_of(feed: Document, **gains: float) -> Document:
    """``analysis.from_top``: the top's loss without each core phase, by default ``GAINS``."""
    top = feed["from_top"]["measured"][0]
    gains = {**GAINS, **gains}
    return {
        "top": top,
        "floor": 0.008,
        "axes": [
            {
                "axis": axis,
                "phase": place,
                "policy": CORE[axis][1],
                "without": CORE[axis][0],
                "variant": f"{top},{axis}={CORE[axis][0]}",
                "ratio": interval(gain),
                "p": 0.001,
                "p_holm": 0.004,
                "verdict": _verdict(gain),
                "note": None,
            }
            for place, (axis, gain) in enumerate(gains.items(), 1)
        ],
        "sentence": f"Every phase that was removed from {top} earns its place on this feed.",
    }


def _attribution() -> Document:
    gains = GAINS
    return {
        "total": interval(math.prod(gains.values())),
        "phases": [
            {
                "phase": place + 1,
                "axis": axis,
                "before": CORE[axis][0],
                "after": CORE[axis][1],
                "ladder": interval(gain),
                "leave_one_out": interval(gain),
                "shapley": interval(gain),
            }
            for place, (axis, gain) in enumerate(gains.items())
        ],
        "sentence": "The three agree where phases do not interact.",
    }


def _interactions() -> Document:
    sets = [axes for size in range(1, len(CORE) + 1) for axes in itertools.combinations(CORE, size)]
    return {
        "effects": [
            {
                "axes": list(axes),
                "effect": interval(1.2 if len(axes) == 1 else 1.0),
                "p": 0.001 if len(axes) == 1 else 0.6,
                "p_holm": 0.01 if len(axes) == 1 else 1.0,
                "verdict": "faster" if len(axes) == 1 else "no difference shown",
            }
            for axes in sets
        ]
    }
