"""Result documents invented from a seed: complete or partial, with or without each part, in the schema's own shape.

``document()`` is a result of `lobench run` in which variants took the times of ``SPEEDS``, plus noise. Its analysis is
plain arithmetic on medians with intervals of a fixed width: enough for code that reads documents, no substitute for the
statistics.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.analyses import (
    CONTROL,
    CORE,
    GAINS,
    LEAD_IN,
    REFERENCE,
    SLICE,
    Document,
    analysis_of,
    interval,
    phase_of,
)

SPEEDS = {
    "p0_baseline": 1.0,
    "p1_zero_copy": 1.1,
    "p2_snapshot": 1.3,
    "p3_indexed_features": 3.2,
    "p4_hash_lookup": 3.9,
}
"""Speed-up of each variant over the reference, unless asked for others."""

_POLICIES = {
    name: {axis: choices[place < phase] for place, (axis, choices) in enumerate(CORE.items())} | {"memory": "heap"}
    for phase, name in enumerate(SPEEDS)
}
_NANOSECONDS = 320.0
"""Of one event in the reference."""
_SAMPLE = (
    "process",
    "pass",
    "slice",
    "variant",
    "order",
    "wall_ns",
    "cpu_ns",
    "involuntary_switches",
    "minor_faults",
    "major_faults",
    "steal_ticks",
    "contaminated",
)
_COUNTERS = ("event_bytes_copied", "locks_taken", "strings_made", "lookup_probes")


def document(
    *,
    kind: str = "run",
    status: str = "complete",
    feeds: Sequence[str] = ("synth:liquid-future",),
    speeds: Mapping[str, float] | None = None,
    processes: int = 3,
    passes: int = 2,
    slices: int = 12,
    noise: float = 0.01,
    factorial: bool = False,
    from_top: bool = False,
    isolated: bool = False,
    scaling: bool = False,
    limits: bool = False,
    sweep: bool = False,
    analysis: bool = True,
    disagreeing: Sequence[str] = (),
    until: str = "strategies",
    seed: int = 1,
) -> Document:
    """A valid document. ``speeds`` is the true speed-up over the reference by variant (any name; `pN_…` are phases),
    ``noise`` the standard deviation of a sample's log time. A ``partial`` one has half of its session's rows and
    neither analysis nor the parts that come after the session.
    """
    speeds = dict(speeds or SPEEDS)
    rng = np.random.default_rng(seed)
    complete = status == "complete"
    combinations = _combinations() if factorial and complete else {}
    made = [
        _feed(
            spec,
            number,
            rng,
            speeds,
            combinations,
            shape=(processes, passes, slices),
            noise=noise,
            complete=complete,
            parts={
                "from_top": from_top and complete,
                "isolated": isolated and complete,
                "scaling": scaling and complete,
                "limits": limits and complete,
                "analysis": analysis and complete,
            },
            disagreeing=disagreeing,
        )
        for number, spec in enumerate(feeds)
    ]
    return {
        "schema": "lobench-result",
        "schema_version": 2,
        "kind": kind,
        "created": "2026-11-22T10:11:12+00:00",
        "command": f"lobench {kind} {' '.join(feeds)}",
        "status": status,
        "evaluate": "last",
        "until": until,
        "environment": environment(),
        "source_digest": "0123456789abcdef",
        "variants": [_described(name, _POLICIES.get(name, _POLICIES["p4_hash_lookup"])) for name in speeds],
        "feeds": made,
        "sweep": _sweep(rng, noise) if sweep and complete else None,
    }


def written(folder: Path, content: Any, name: str = "result.json") -> Path:
    """The path of a file in ``folder`` that holds ``content`` as JSON."""
    path = folder / name
    path.write_text(json.dumps(content))
    return path


def environment() -> dict[str, Any]:
    """The facts of a machine that does not exist."""
    return {
        "lobench": {"version": "0.1.0", "revision": None},
        "machine_digest": "00112233445566778899aabbccddeeff",
        "cpu": {
            "model": "Example CPU 9000",
            "signature": "25-17-1",
            "cores": 2,
            "threads": 2,
            "usable_threads": 2,
            "caches": {"L1d": "32K", "L1i": "32K", "L2": "1024K", "L3": "32768K"},
            "governor": None,
            "frequency_driver": None,
            "boost": None,
            "smt": False,
        },
        "system": {
            "kernel": "Linux 6.12.1",
            "machine": "x86_64",
            "libc": "glibc 2.36",
            "clocksource": "tsc",
            "transparent_hugepages": "madvise",
            "virtualization": "hypervisor",
        },
        "memory": {"total_bytes": 8 << 30, "available_bytes": 6 << 30},
        "load_average": [0.1, 0.2, 0.3],
        "python": "CPython 3.11.7",
        "packages": {"databento-dbn": "0.70.0", "llvmlite": "0.50.0", "numba": "0.68.1", "numpy": "2.4.6"},
        "numba": {"cpu": "znver4", "flags": ["avx2", "bmi2"], "variables": {}},
    }


def _described(name: str, policies: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "phase": phase_of(name),
        "summary": f"the variant {name}",
        "policies": dict(policies),
        "replaced": [],
        "source_digest": "fedcba9876543210",
    }


def _combinations() -> dict[str, dict[str, str]]:
    """The 16 combinations of the core axes by name; the first is the reference and keeps its name."""
    chosen = [dict(zip(CORE, policies, strict=True)) for policies in itertools.product(*CORE.values())]
    named = {",".join(f"{axis}={name}" for axis, name in one.items()): one for one in chosen[1:]}
    return {REFERENCE: chosen[0], **named}


def _combined_speed(policies: Mapping[str, str]) -> float:
    """Main effects, and one interaction: indexed features gain more where there are no locks."""
    on = {axis: policies[axis] == CORE[axis][1] for axis in CORE}
    speed = 1.1 ** on["events"] * 1.2 ** on["context"] * 2.4 ** on["features"] * 1.2 ** on["lookup"]
    return float(speed * (1.05 if on["context"] and on["features"] else 1.0))


def _feed(
    spec: str,
    number: int,
    rng: np.random.Generator,
    speeds: Mapping[str, float],
    combinations: Mapping[str, Mapping[str, str]],
    *,
    shape: tuple[int, int, int],
    noise: float,
    complete: bool,
    parts: Mapping[str, bool],
    disagreeing: Sequence[str],
) -> Document:
    names = list(speeds)
    events = shape[2] * SLICE
    session = _session(rng, [*names, CONTROL], [*speeds.values(), 1.0], events, shape, noise, complete)
    session["disagreeing"] = list(disagreeing)
    digests = {"trace": f"{number:016x}", "state": f"{number + 1:016x}"}
    feed: Document = {
        "specs": [spec],
        "name": spec,
        "digest": f"{hash_of(spec):032x}",
        "events": events,
        "evaluations": events - events // 10,
        "books": 1 + number,
        "anomalies": {"cancel_unknown_order": 3 * number, "zero_size": 0},
        "verification": [
            {"name": name, "workers": workers, "agrees": True, "digests": digests, "difference": None}
            for name in names
            for workers in (1, 2)
        ],
        "counters": {
            name: {counter: max(0, events * (len(_COUNTERS) - place)) for place, counter in enumerate(_COUNTERS)}
            for name in names
        },
        "session": session,
        "factorial": None,
        "from_top": None,
        "isolated": None,
        "scaling": None,
        "at_once": None,
        "limits": None,
        "analysis": None,
        "tuning": None,
    }
    if combinations:
        rates = [_combined_speed(policies) for policies in combinations.values()]
        feed["factorial"] = _session(rng, [*combinations, CONTROL], [*rates, 1.0], events, shape, noise, True)
    if parts["from_top"]:
        top = max(names, key=lambda name: phase_of(name) or 0)
        left_out = {top: 1.0, **{f"{top},{axis}={CORE[axis][0]}": 1 / gain for axis, gain in GAINS.items()}}
        measured = [*left_out, f"{top} (A/A)"]
        feed["from_top"] = _session(rng, measured, [*left_out.values(), 1.0], events, shape, noise, True)
    if parts["isolated"]:
        rows = _rows(rng, list(speeds.values()), shape, noise, bias=0.99)
        feed["isolated"] = {"columns": list(_SAMPLE), "names": names, "rows": rows}
    if parts["scaling"]:
        feed["scaling"] = _scaling(rng, speeds, events, noise)
        feed["at_once"] = _scaling(rng, speeds, events, noise, at_once=True)
    if parts["limits"]:
        feed["limits"] = {
            "sequential_read": {
                "bytes": 56 * events,
                "events": events,
                "samples_ns": [events * 3 + n for n in range(5)],
            },
            "random_access": {
                "orders": 2000,
                "table_bytes": 64_000,
                "accesses": 100_000,
                "samples_ns": [400_000 + n for n in range(5)],
            },
        }
    if parts["analysis"]:
        feed["analysis"] = analysis_of(feed, speeds, combinations)
    return feed


def hash_of(text: str) -> int:
    """A number below 2^128 for a text, the same in every process."""
    return int.from_bytes(text.encode().ljust(16, b"."), "big") % (1 << 127)


def _session(
    rng: np.random.Generator,
    names: Sequence[str],
    rates: Sequence[float],
    events: int,
    shape: tuple[int, int, int],
    noise: float,
    complete: bool,
) -> Document:
    rows = _rows(rng, rates, shape, noise)
    # Samples are saved after each pass: a partial session holds whole passes of its first processes.
    whole = shape[0] * shape[1] // 2 * shape[2] * len(names)
    return {
        "events": events,
        "complete": complete,
        "measured": list(names),
        "same_as": {},
        "design": {
            "processes": shape[0],
            "seconds": 20.0,
            "slice_records": SLICE,
            "lead_in_records": LEAD_IN,
            "passes": shape[1],
            "seed": 1,
            "pinned": True,
            "until_precision": None,
        },
        "disagreeing": [],
        "reasons": {},
        "laid_out": [],
        "samples": {"columns": list(_SAMPLE), "rows": rows if complete else rows[:whole]},
    }


def _rows(
    rng: np.random.Generator,
    rates: Sequence[float],
    shape: tuple[int, int, int],
    noise: float,
    bias: float = 1.0,
) -> list[list[int]]:
    """Samples of all processes, passes and slices: each variant once in every slice, in random order."""
    rows = []
    heavy = 1 + 0.2 * np.sin(np.arange(shape[2]))
    for process in range(shape[0]):
        layout = rng.normal(0, noise / 2, len(rates))
        for number, piece in itertools.product(range(shape[1]), range(shape[2])):
            for order, variant in enumerate(rng.permutation(len(rates)).tolist()):
                exact = _NANOSECONDS * (SLICE - LEAD_IN) * heavy[piece] * bias / rates[variant]
                cpu = round(exact * math.exp(layout[variant] + rng.normal(0, noise)))
                switches = int(rng.random() < 0.02)
                wall = round(cpu * (1.01 + switches))
                faults = int(rng.integers(3))
                rows.append([process, number, piece, variant, order, wall, cpu, switches, faults, 0, 0, switches])
    return rows


def _scaling(
    rng: np.random.Generator, speeds: Mapping[str, float], events: int, noise: float, *, at_once: bool = False
) -> Document:
    """Two workers gain 2^0.9; of two replays at once each takes 2^0.05 times as long as one by itself."""
    rows = []
    for process, variant, workers in itertools.product(range(3), range(len(speeds)), (2,) if at_once else (1, 2)):
        cpu = _NANOSECONDS * events / list(speeds.values())[variant] * math.exp(rng.normal(0, noise))
        wall = cpu * workers**0.05 if at_once else cpu / workers**0.9
        rows.append([process, 0, variant, workers, round(wall), round(cpu)])
    columns = ["process", "pass", "variant", "workers", "wall_ns", "cpu_ns"]
    return {"columns": columns, "names": list(speeds), "rows": rows}


def _sweep(rng: np.random.Generator, noise: float) -> Document:
    names, values, events = ["p3_indexed_features", "p4_hash_lookup"], (1, 10, 100, 1000), 10_000
    rows, analysed = [], []
    for value, (variant, name) in itertools.product(values, enumerate(names)):
        exact = 60.0 + (0.4 * value if variant == 0 else 0.0)
        for process in range(3):
            cpu = round(exact * events * math.exp(rng.normal(0, noise)))
            rows.append([value, process, 0, variant, cpu + 100, cpu])
        analysed.append({"variant": name, "value": value, "nanoseconds_per_event": interval(exact)})
    return {
        "parameter": "orders resting at the level",
        "names": names,
        "events": events,
        "columns": ["value", "process", "pass", "variant", "wall_ns", "cpu_ns"],
        "rows": rows,
        "analysis": analysed,
    }
