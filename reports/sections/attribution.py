"""Attribution: the gain of each phase, by Shapley value, leave-one-out and ladder, and why these differ."""

from __future__ import annotations

from lobench.reports.blocks import Block, Cell, Section, Table, Text
from lobench.reports.charts.attribution import METHODS, attribution_chart, name_of
from lobench.reports.numbers import TIMES, estimate, listed, percent, spelled
from lobench.reports.result_view import ResultView
from lobench.reports.sections.shared import figure, missing, verdict
from lobench.workbench.results.model.intervals import Interval

CORE = range(1, 5)
"""Phases whose axes make the factorial."""
LEAD = (
    "The ladder credits a phase with the gain that it adds to the phases before it; leave-one-out with the loss of the "
    "full engine without it; the Shapley value with its average gain over all orders of adding the phases."
)
STEPS_ALONE = (
    "The gain of each step is that of the ladder. A factorial and Shapley values need crossed axes: the steps of this "
    "ladder do not change lobench's core axes once each."
)


def section(view: ResultView) -> Section:
    return Section("attribution", "Attribution", _blocks(view))


def _blocks(view: ResultView) -> list[Block]:
    return [*_factorial(view), *_from_top(view)]


def _factorial(view: ResultView) -> list[Block]:
    if not view.crossed:
        return [Text(STEPS_ALONE)]
    spoilt = unusable(view)
    if spoilt:
        return [spoilt]
    if not view.whole:
        return [Text("Only a part of the pipeline was measured, which does not show the gains of phases.")]
    attribution, chart = view.analysis.attribution if view.analysis else None, attribution_chart(view)
    if attribution is None or chart is None:
        return [missing("The 16 combinations of the four core axes were not measured on this feed.", view.run())]
    rows = [
        [
            Cell(name_of(phase), f"{phase.before} → {phase.after}"),
            *(figure(gain(phase), TIMES) for gain in METHODS.values()),
        ]
        for phase in attribution.phases
    ]
    table = Table("Speed-up by phase, CPU time, 95 % intervals", ["phase", *METHODS], rows)
    total = Text(f"{_together(view, attribution.total)} {attribution.sentence}")
    return [Text(LEAD), chart, table, total]


def _together(view: ResultView, total: Interval) -> str:
    """The total of the crossed phases, and why the ladder's total differs."""
    said = f"All phases together: {spelled(total, TIMES)}."
    crossed, top = view.feed.factorial, view.top
    later = [rung.variant for rung in view.phases if (rung.phase or 0) not in (0, *CORE) and not rung.same_as]
    part = crossed is not None and crossed.events < view.feed.events
    if top is None or top.total is None or not (later or part):
        return said
    reasons = [f"it also has {listed(later)}"] if later else []
    reasons += ["it covers the whole feed, these only its beginning"] if part else []
    return f"{said} The ladder's total is {estimate(top.total, TIMES)}: {listed(reasons)}."


def _from_top(view: ResultView) -> list[Block]:
    found = view.from_top
    if not found and not view.dismantled:
        return []
    if not found:
        return [missing("The top of the ladder without one phase at a time was not measured.", _command(view))] * (
            view.whole
        )
    rows = [
        [
            Cell(name_of(entry), f"{entry.without} instead of {entry.policy}"),
            figure(entry.ratio, TIMES) if entry.ratio else Cell("", entry.note or ""),
            verdict(entry.verdict, entry.p_holm),
        ]
        for entry in found.axes
    ]
    table = Table(
        f"The loss if one single phase is removed from {found.top}: its speed over that without the phase, CPU time, "
        "95 % intervals; p-values with Holm's correction",
        ["without phase", "speed-up by it", "verdict"],
        rows,
        words=frozenset({0, 2}),
    )
    floor = f"Noise floor of this session: {percent(found.floor)}."
    return [table, Text(f"{found.sentence} {floor}")]


def _command(view: ResultView) -> str:
    return view.run("--variants", "from-top", verb="measure")


def unusable(view: ResultView) -> Text | None:
    """A combination with different results leaves a hole in the factorial, so no effect can be computed."""
    phases = view.document.phases
    core = [name for name in view.refuted if phases.get(name) in CORE]
    names = list(dict.fromkeys([*view.factorial_refuted, *core]))
    if not names:
        return None
    return Text(f"No figures: {listed(names)} did not compute the reference's results.", mark="warning")
