"""The bias of lock-step: a variant's time beside others, relative to the same slices replayed alone.

If lock-step costs two variants differently, their speed-up is another one when each runs alone: ``T_u / T_v`` in
lock-step, ``(T_u / b_u) / (T_v / b_v)`` alone, with b the biases. If a bias is shown, that figure comes beside the
measured one, with an interval that includes the uncertainty of the biases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lobench.workbench.results.model.analysis import Rung
from lobench.workbench.results.model.control import is_again
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.noise import Bias
from lobench.workbench.results.model.samples import NamedSamples, SessionResult
from lobench.workbench.statistics.intervals import estimate
from lobench.workbench.statistics.ladder import Comparisons
from lobench.workbench.statistics.samples import Floats, Table, columns, cubes, slice_events


def bias(comparisons: Comparisons, session: SessionResult, isolated: NamedSamples) -> tuple[Bias, ...] | None:
    """Lock-step time over isolated time of each variant, slice by slice in the same processes; None where no variant
    was measured both ways in at least two processes.

    ``shown``: the whole interval lies farther from 1 than the noise floor at the variant's speed. It warns, and so it
    is not corrected for the number of variants.
    """
    events = slice_events(session)
    lockstep, alone = (
        {name: _by_process(samples, names, name, events) for name in names}
        for samples, names in ((session.samples, session.measured), (isolated, isolated.names))
    )
    found = []
    for name in session.measured:
        ours, theirs = lockstep[name], alone.get(name, {})
        both = sorted(ours.keys() & theirs.keys())
        if len(both) > 1:
            ratio = estimate(np.array([ours[process] - theirs[process] for process in both])).ratio()
            floor = 1 + comparisons.floor_for(name, name)
            found.append(Bias(name, ratio, ratio.low > floor or ratio.high < 1 / floor))
    return tuple(found) or None


def with_biases(rungs: Sequence[Rung], biases: Sequence[Bias], reference: str) -> tuple[Rung, ...]:
    """The rungs, each with its own ``bias`` where one is shown, and with ``step_alone`` and ``total_alone`` where one
    is shown of either of the two that the figure compares."""
    by_name = {entry.variant: entry for entry in biases if not is_again(entry.variant)}
    found = []
    for rung in rungs:
        own = by_name.get(rung.variant)
        found.append(
            replace(
                rung,
                bias=own.ratio if own and own.shown else None,
                step_alone=alone(rung.step, own, by_name.get(rung.base or "")),
                total_alone=alone(rung.total, own, by_name.get(reference)),
            )
        )
    return tuple(found)


def alone(ratio: Interval | None, own: Bias | None, other: Bias | None) -> Interval | None:
    """A speed-up with both variants running alone, from their biases; None if neither is shown.

    Errors on the log scale add up as those of independent figures do.
    """
    if ratio is None or own is None or other is None or not (own.shown or other.shown):
        return None
    figures = (ratio, own.ratio, other.ratio)
    values = [np.log(figure.value) for figure in figures]
    value = values[0] + values[1] - values[2]
    half = np.sqrt(sum(((np.log(figure.high) - np.log(figure.low)) / 2) ** 2 for figure in figures))
    return Interval(float(np.exp(value)), float(np.exp(value - half)), float(np.exp(value + half)))


def _by_process(samples: Table, names: Sequence[str], name: str, events: Floats) -> dict[int, float]:
    """log of ns an event of one variant in each process that has all of its slices: medians over passes, slice by slice
    on both sides."""
    table = columns(samples)
    chosen = table.variant == names.index(name)
    own = table.where(chosen, variant=np.zeros(chosen.sum(), np.int64))
    found = {}
    for process, cube in cubes(own, 1, events, "cpu_ns").items():
        measured = ~np.isnan(cube[:, :, 0])
        if measured.any(axis=0).all():
            times = np.nanmedian(cube[:, :, 0], axis=0)
            found[process] = float(np.log(events @ times / events.sum()))
    return found
