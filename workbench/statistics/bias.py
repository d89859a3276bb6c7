"""The bias of lock-step: what replaying beside others costs a variant, against replaying the same slices by itself.

A speed-up between two variants that it costs differently is another one when each runs alone: ``T_u / T_v`` beside
each other, ``(T_u / b_u) / (T_v / b_v)`` alone, b being each one's bias. Where a bias is shown, that figure stands
beside the measured one, with an interval that holds what is not known of the biases, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lobench.workbench.measurement.design import TWICE
from lobench.workbench.statistics.intervals import Interval, estimate
from lobench.workbench.statistics.ladder import Comparisons
from lobench.workbench.statistics.samples import Floats, columns, cubes, slice_events

Json = dict[str, Any]


def bias(comparisons: Comparisons, session: Mapping[str, Any], isolated: Mapping[str, Any]) -> list[Json] | None:
    """Lock-step time over isolated time of each variant, slice by slice in the same processes; None where no variant
    was measured both ways in at least two processes.

    ``shown``: the whole interval lies farther from 1 than the noise floor at the variant's speed. It warns, and so it
    is not corrected for the number of variants.
    """
    events = slice_events(session)
    lockstep, alone = (
        {name: _by_process(samples, names, name, events) for name in names}
        for samples, names in ((session["samples"], session["measured"]), (isolated, isolated["names"]))
    )
    found = []
    for name in session["measured"]:
        ours, theirs = lockstep[name], alone.get(name, {})
        both = sorted(ours.keys() & theirs.keys())
        if len(both) > 1:
            ratio = estimate(np.array([ours[process] - theirs[process] for process in both])).ratio()
            floor = 1 + comparisons.floor_for(name, name)
            found.append({"variant": name, "ratio": ratio, "shown": ratio["low"] > floor or ratio["high"] < 1 / floor})
    return found or None


def add_biases(rungs: Sequence[Json], biases: Sequence[Mapping[str, Any]], reference: str) -> None:
    """Put into each rung its own ``bias`` where one is shown, and ``step_alone`` and ``total_alone`` where one is shown
    of either of the two that the figure compares; None elsewhere."""
    by_name = {entry["variant"]: entry for entry in biases if not entry["variant"].endswith(TWICE)}
    for rung in rungs:
        own = by_name.get(rung["variant"])
        rung["bias"] = own["ratio"] if own and own["shown"] else None
        for figure, base in (("step", rung["base"]), ("total", reference)):
            rung[f"{figure}_alone"] = alone(rung[figure], own, by_name.get(base))


def alone(ratio: Interval | None, own: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> Interval | None:
    """A speed-up as it is when each of the two runs by itself, from their biases; None where neither is shown.

    Errors on the log scale add up as those of independent figures do.
    """
    if ratio is None or own is None or other is None or not (own["shown"] or other["shown"]):
        return None
    logs = [{end: np.log(figure[end]) for end in figure} for figure in (ratio, own["ratio"], other["ratio"])]
    value = logs[0]["value"] + logs[1]["value"] - logs[2]["value"]
    half = np.sqrt(sum(((log["high"] - log["low"]) / 2) ** 2 for log in logs))
    return {"value": float(np.exp(value)), "low": float(np.exp(value - half)), "high": float(np.exp(value + half))}


def _by_process(samples: Mapping[str, Any], names: Sequence[str], name: str, events: Floats) -> dict[int, float]:
    """log of ns an event of one variant in each process that has all of its slices: medians over passes, slice by slice
    on both sides."""
    table = columns(samples)
    chosen = table["variant"] == names.index(name)
    own = {column: values[chosen] for column, values in table.items()} | {"variant": np.zeros(chosen.sum(), np.int64)}
    found = {}
    for process, cube in cubes(own, 1, events, "cpu_ns").items():
        measured = ~np.isnan(cube[:, :, 0])
        if measured.any(axis=0).all():
            times = np.nanmedian(cube[:, :, 0], axis=0)
            found[process] = float(np.log(events @ times / events.sum()))
    return found
