"""How far to trust the figures: noise floor, false positives, smallest detectable effect, contamination, bias."""

from __future__ import annotations

from lobench.reports.blocks import Block, Cell, Fold, Section, Table, Text
from lobench.reports.numbers import TIMES, integer, listed, percent, spelled
from lobench.reports.result_view import ResultView
from lobench.reports.sections.shared import figure, missing
from lobench.workbench.results.model.noise import ControlResult, ErrorRate, Noise
from lobench.workbench.results.model.verdict import NO_DIFFERENCE


def section(view: ResultView) -> Section:
    return Section("noise", "Noise and bias", _blocks(view))


def _blocks(view: ResultView) -> list[Block]:
    analysis = view.analysis
    if analysis is None:
        return [missing("The error of the measurement itself was not measured.", view.run())]
    blocks: list[Block] = [
        Text(
            "The reference took part twice, and so did a fast variant, unless two were the same kernel anyway. The "
            "measured difference between identical variants is the error at their speed; a difference that does not "
            f"exceed that of the nearest pair is called “{NO_DIFFERENCE}”."
        ),
        table_of(analysis.noise),
    ]
    return [*blocks, Text(_sentence(analysis.method)), *_bias(view)]


def table_of(noise: Noise) -> Table:
    """A session's own error, row by row."""
    return Table(
        "The measurement's own error",
        ["quantity", "figure", "meaning"],
        _rows(noise),
        words=frozenset({0, 2}),
    )


def _rows(noise: Noise) -> list[list[Cell]]:
    rates, contaminated = noise.false_positives, noise.contaminated
    rows = [
        [
            Cell("noise floor"),
            Cell(percent(noise.floor)),
            Cell(f"the reference against itself under another name: {spelled(noise.control)}"),
        ],
        *(_control(control) for control in noise.controls[1:]),
        [
            Cell("false positives"),
            Cell(percent(rates.measured), _range(rates)),
            Cell(
                f"of {integer(rates.simulated)} sessions simulated from this session's own A/A samples; "
                f"{percent(rates.nominal)} is nominal"
            ),
        ],
    ]
    sequential = noise.sequential_false_positives
    if sequential:
        rows.append(
            [
                Cell("the same, one after the other"),
                Cell(percent(sequential.measured), _range(sequential)),
                Cell("the error rate of the usual way, timing each variant from start to end"),
            ]
        )
    effect = noise.mde
    rows.append(
        [
            Cell("smallest detectable effect"),
            Cell(percent(effect.effect)),
            Cell(
                "a true difference of this size between the reference and itself is detected in "
                f"{percent(effect.power)} of such sessions"
            ),
        ]
    )
    step = effect.step
    if step:
        rows.append(
            [
                Cell("the same in the noisiest step"),
                Cell(percent(step.effect)),
                Cell(f"from {step.base} to {step.variant}: they differ more from process to process"),
            ]
        )
    kinds = ", ".join(f"{kind} {integer(count)}" for kind, count in contaminated.kinds.items() if count)
    share = contaminated.samples / contaminated.of if contaminated.of else 0.0
    rows.append(
        [
            Cell("contaminated samples"),
            Cell(percent(share), f"{integer(contaminated.samples)} of {integer(contaminated.of)}"),
            Cell(f"flagged, never dropped{': ' + kinds if kinds else ''}"),
        ]
    )
    return rows


def _control(control: ControlResult) -> list[Cell]:
    said = f"{control.variant} against {control.of}, the same kernel: {spelled(control.ratio)}"
    return [Cell("noise floor at its speed"), Cell(percent(control.floor)), Cell(said)]


def _range(rates: ErrorRate) -> str:
    return f"{percent(rates.low)}\u00a0to\u00a0{percent(rates.high)}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].removesuffix(".") + "."


def _bias(view: ResultView) -> list[Block]:
    found = view.shown(view.analysis.bias if view.analysis else ())
    if not found:
        return [missing("The bias of lock-step replay against running alone was not measured.", view.run())]
    rows = [[Cell(row.variant), figure(row.ratio, TIMES), Cell("differs from 1" if row.shown else "")] for row in found]
    table = Table(
        "A variant's time in lock-step over its time alone; 1 is no bias",
        ["variant", "time ratio", "beyond the noise floor"],
        rows,
        words=frozenset({0, 2}),
        compact=True,
    )
    biased = [row.variant for row in found if row.shown]
    if biased:
        said = f"In lock-step, the time of {listed(biased)} differed from that alone by more than the noise floor."
    else:
        said = "No variant is shown to take a different time in lock-step than alone."
    fold = Fold("Bias of lock-step replay", "", [table], unfolded=bool(biased), printed=bool(biased))
    return [Text(said), fold]
