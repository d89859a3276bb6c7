"""The ladder: every rung's throughput and step, against the step's prediction and the machine's limits."""

from __future__ import annotations

from typing import Any

from lobench.reports.blocks import Block, Cell, Section, Table, Text
from lobench.reports.charts.ladder import MILLION, ladder_chart
from lobench.reports.charts.steps import steps_chart
from lobench.reports.facts import Facts
from lobench.reports.numbers import TIMES, between, estimate, limits, listed, scaled, spelled
from lobench.reports.sections.shared import SCORES, TONES, beside, figure, missing, session_line, verdict


def section(facts: Facts) -> Section:
    blocks: list[Block] = []
    chart = ladder_chart(facts)
    if chart is None:
        blocks.append(missing("No throughput was measured on this feed.", facts.run()))
    else:
        blocks += [chart, _table(facts), *_biased(facts), *_tuned(facts), *_left_out(facts), *_limits(facts)]
        steps = steps_chart(facts)
        if steps is not None:
            blocks.append(steps)
    if facts.bottleneck:
        blocks.append(Text(f"{facts.bottleneck} See Profiles."))
    return Section("ladder", "The ladder", blocks)


def _table(facts: Facts) -> Table:
    rungs = facts.ladder
    extent = "the whole pipeline" if facts.whole else f"the pipeline until {facts.document['until']}"
    headings = [
        "variant",
        "M events/s",
        "step",
        "predicted",
        "score",
        "verdict on the step",
        "step, wall clock",
        "in total",
    ]
    rows = [
        [
            Cell(
                rung["variant"], "" if rung["phase"] is not None else f"against {rung['base']}" if rung["base"] else ""
            ),
            figure(scaled(rung["events_per_second"], MILLION)),
            beside(figure(rung["step"], TIMES), rung.get("step_alone")),
            _predicted(rung),
            Cell(SCORES.get(rung["score"] or "", "")),
            verdict(rung["step_verdict"] or rung.get("note"), rung["step_p_holm"]),
            figure(rung["step_wall"], TIMES),
            _total(rung, facts.reference),
        ]
        for rung in rungs
    ]
    return Table(
        f"CPU time of one worker, {extent}; 95 % intervals; p-values with Holm's correction",
        headings,
        rows,
        words=frozenset({0, 3, 4, 5}),
    )


def _predicted(rung: dict[str, Any]) -> Cell:
    prediction = rung["prediction"]
    if not prediction:
        return Cell("")
    return Cell(between(prediction["low"], prediction["high"], TIMES), prediction["bottleneck"])


def _total(rung: dict[str, Any], reference: str) -> Cell:
    total = rung["total"]
    if not total:
        return Cell(f"1{TIMES}" if rung["variant"] == reference else "")
    cell = Cell(estimate(total, TIMES), limits(total), TONES.get(rung["total_verdict"] or "", ""))
    return beside(cell, rung.get("total_alone"))


def _biased(facts: Facts) -> list[Block]:
    """Which variants are slower or faster in lock-step than alone."""
    found = [f"{rung['variant']} {spelled(rung['bias'], TIMES)}" for rung in facts.ladder if rung.get("bias")]
    if not found:
        return []
    text = (
        f"Measured side by side these take another time than by themselves: {listed(found)} as long. Where that "
        "touches a figure, the one of each variant by itself stands beside it."
    )
    return [Text(text, mark="warning")]


def _tuned(facts: Facts) -> list[Block]:
    tuning = facts.feed.get("tuning")
    if not tuning:
        return []
    chosen = ", ".join(f"{name} {value}" for name, value in tuning["parameters"].items())
    doubt = "" if tuning["confirmed"] else ", never confirmed"
    return [Text(f"Variants that take fitted parameters had those of {tuning['profile']}{doubt}: {chosen}.")]


def _left_out(facts: Facts) -> list[Block]:
    if not facts.refuted:
        return []
    names = listed(list(facts.refuted))
    return [Text(f"Left out, with every figure: {names}; see Verification.", mark="warning")]


def _limits(facts: Facts) -> list[Block]:
    found = facts.analysis.get("limits")
    if not found:
        return [missing("The machine's limits (sequential read, random access) were not measured.", facts.run())]
    rows = [[Cell(row["name"]), figure(scaled(row["events_per_second"], MILLION)), Cell(row["text"])] for row in found]
    table = Table(
        "Limits of this machine, measured in the same session",
        ["limit", "M events/s", "what it is"],
        rows,
        words=frozenset({0, 2}),
        compact=True,
    )
    return [table, Text(f"Measured: {session_line(facts.session)}")] if facts.session else [table]
