"""Profiles invented for the variants of a document, in the form of the profilers' documents, and the entries for a
report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lobench.workbench.profile.model.variant import Profiled
from lobench.workbench.profile.report import entry_of
from lobench.workbench.results.conversion import as_json

Profile = dict[str, Any]
COSTS = ("instructions", "l1_misses", "ll_misses", "mispredictions")
GROUPS = {"decode": "decode", "lookup": "book", "levels": "book", "features": "features", "strategies": "strategies"}
SHARES = {"decode": 0.05, "lookup": 0.2, "levels": 0.1, "features": 0.5, "strategies": 0.15}
"""Of callgrind; samples say 0.1 more of lookup and less of features."""
CARD = {
    "kind": "calibration",
    "format": 1,
    "machine": {"machine_digest": "00112233445566778899aabbccddeeff"},
    "truth": {
        "kernel light": {"value": 0.2, "low": 0.19, "high": 0.21},
        "python light": {"value": 0.17, "low": 0.16, "high": 0.18},
    },
    "tools": {
        "perf": {
            "said": {"kernel light": 0.204},
            "errors": {"kernel light": 0.004},
            "slowdown": 1.04,
            "cpu_slowdown": None,
            "ratio_change": 1.02,
        },
        "scalene": {
            "said": {"python light": 0.0},
            "errors": {"python light": -0.169},
            "slowdown": 1.19,
            "cpu_slowdown": 1.14,
            "ratio_change": 0.94,
        },
    },
    "agreement": [{"tools": ["perf", "scalene"], "largest_difference": 0.19}],
    "missing": {},
}


def profile_of(
    variant: str, *, cost: float = 1000.0, methods: tuple[str, ...] = ("callgrind", "ablation", "perf")
) -> Profile:
    """A variant's profile with this number of instructions per event. Each stage has a line of its own, for features in
    a file of the variant."""
    sampled = {**SHARES, "lookup": SHARES["lookup"] + 0.1, "features": SHARES["features"] - 0.1}
    made = {
        "callgrind": _document(variant, "callgrind", COSTS, SHARES, cost),
        "ablation": {"kind": "ablation", "processes": 6, "passes": 20, "stages": _ablated()},
        "perf": {
            **_document(variant, "perf", ("nanoseconds",), sampled, cost / 10),
            "samples": 2600,
            "kernel_samples": 2500,
            "hardware_counters": {"cycles:u": None},
        },
    }
    missing = "linux-perf is not installed; install it with: apt-get install linux-perf"
    return {
        "kind": "variant-profile",
        "variant": variant,
        "feed": "synth:liquid-future",
        "tuning": None,
        "methods": {name: made[name] for name in methods},
        "missing": {} if "perf" in methods else {"perf": missing},
        "files": {},
    }


def profiles_of(names: Mapping[str, float] | list[str], *, calibrated: bool = True) -> Profile:
    """A document's profiles of these variants, each a little cheaper than the one before."""
    entries: list[Profile] = []
    before: Profiled | None = None
    for place, name in enumerate(names):
        found = Profiled.of(profile_of(name, cost=1000.0 / (1 + place)))
        entries.append(as_json(entry_of(found, before)))
        before = found
    return {
        "kind": "profiles",
        "format": 1,
        "feed": "synth:liquid-future",
        "variants": entries,
        "calibration": CARD if calibrated else None,
    }


def _ablated() -> list[Profile]:
    """The decoding saves nothing when left out, or less."""
    shares = {"decode": -0.001, "book": 0.301, "features": 0.5, "strategies": 0.2}
    return [
        {
            "stage": stage,
            "nanoseconds": {"value": 100 * share, "low": 100 * share - 1, "high": 100 * share + 1},
            "share": {"value": share, "low": share - 0.01, "high": share + 0.01},
        }
        for stage, share in shares.items()
    ]


def _document(variant: str, tool: str, columns: tuple[str, ...], shares: Mapping[str, float], cost: float) -> Profile:
    def costs(share: float) -> dict[str, float]:
        return {column: cost * share / 10**place for place, column in enumerate(columns)}

    lines = [
        {
            "file": f"variants/{variant}.py" if stage == "features" else f"engine/{stage}.py",
            "line": 10 + place,
            "function": f"build.<locals>.{stage}",
            "text": f'{stage} = view(row, DOUBLE)["value"]  # {place}',
            "stage": stage,
            "share": share,
            "total_share": share,
            **costs(share),
        }
        for place, (stage, share) in enumerate(shares.items())
    ]
    frames = [["replay", "engine/kernel_builder.py", 1]]
    frames += [[row["function"], row["file"], row["line"]] for row in lines]
    # A box too thin to be drawn.
    frames.append(["speck", "engine/kernel_builder.py", 2])
    rows = [
        {"stack": [0, 1 + place], "values": list(costs(share).values())} for place, share in enumerate(shares.values())
    ]
    rows.append({"stack": [0, len(frames) - 1], "values": list(costs(0.001).values())})
    return {
        "kind": "profile",
        "format": 1,
        "tool": tool,
        "variant": variant,
        "policies": {"shape": "event"},
        "feed": "synth:liquid-future",
        "events": 1000,
        "columns": list(columns),
        "per_event": costs(1.0),
        "stages": [
            {"stage": stage, "group": GROUPS[stage], "share": share, **costs(share)} for stage, share in shares.items()
        ],
        "mechanisms": [
            {"axis": "shape", "policy": "event", "share": 0.6, **costs(0.6)},
            {"axis": None, "policy": None, "share": 0.4, **costs(0.4)},
        ],
        "functions": [],
        "lines": sorted(lines, key=lambda row: -float(str(row["share"]))),
        "stacks": {"frames": frames, "rows": rows},
    }
