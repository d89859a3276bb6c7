"""Showing a measured document to a person, and its parts without raw samples to a program."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lobench.engine.stages import STAGES
from lobench.workbench.results.caution import caution, extent, idleness
from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.analysis import Analysis, Rung
from lobench.workbench.results.model.attribution import FromTop
from lobench.workbench.results.model.control import again
from lobench.workbench.results.model.document import FeedResult, Result, Verified
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.noise import Noise
from lobench.workbench.results.model.samples import SessionResult
from lobench.workbench.results.refuted import TIMED_DIFFERS, agree, failed

if TYPE_CHECKING:
    from lobench.workbench.experiment.budget import Budget
    from lobench.workbench.experiment.step import Step


def without_rows(content: Result) -> dict[str, Any]:
    """A document as JSON, without the rows of its samples, which are in its file."""
    bare: dict[str, Any] = _bare(as_json(content))
    return bare


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(entry) for key, entry in value.items() if key != "rows"}
    if isinstance(value, list):
        return [_bare(entry) for entry in value]
    return value


def exit_code(content: Result) -> int:
    """1 if a variant did not compute what the reference computes, in verification or after a timed replay."""
    return int(not agree(content))


def show(content: Result) -> None:
    """Print what was found on each feed."""
    for feed in content.feeds:
        show_ladder(content, feed)
        show_rest(content, feed)


def stages(content: Result) -> str:
    """``, until book: decode and book only`` behind the name of what was measured; empty for the whole pipeline."""
    until = content.until
    if until == STAGES[-1]:
        return ""
    *most, last = STAGES[: STAGES.index(until) + 1]
    return f", until {until}: {' and '.join(filter(None, [', '.join(most), last]))} only"


def say(label: str, text: object) -> None:
    """One line under the tables."""
    from lobench.workbench.console import stdout

    stdout().print(f"{label:<13} {text}", markup=False, soft_wrap=True)


def say_idle(content: Result, feed: FeedResult) -> None:
    """That nothing was evaluated, if that is so."""
    why = idleness(feed.name, feed.evaluations, content.until)
    if why:
        say("evaluations", f"none: {why}")


def say_differences(outcomes: Sequence[Verified]) -> None:
    """How replays differ that do not agree with the reference."""
    from lobench.workbench.console import stdout

    for entry in outcomes:
        if not entry.agrees:
            stdout().print(f"{entry.name} with {entry.workers} workers:", markup=False)
            stdout().print(entry.difference, markup=False, soft_wrap=True)


def show_ladder(content: Result, feed: FeedResult) -> None:
    """Print a feed's ladder, its anomalies and verification, and what the session can tell apart."""
    from rich.table import Table

    from lobench.workbench.console import stdout

    say_idle(content, feed)
    until, books = stages(content), feed.books
    evaluations = "" if until else f"{feed.evaluations:,} evaluations, "
    whose = f"{content.ladder.name} on " if content.ladder else ""
    title = f"{whose}{feed.name}{until}: {feed.events:,} events, {evaluations}{books:,} book{'s' * (books != 1)}"
    say_differences(feed.verification)
    table = Table(title=title)
    for heading in ("variant", "M events/s", "step", "95 % interval", "predicted", "verdict", "in total"):
        table.add_column(heading, justify="left" if heading in ("variant", "verdict") else "right")
    ladder = feed.analysis.ladder if feed.analysis else ()
    for rung in ladder:
        table.add_row(*_cells(rung))
    stdout().print(table)
    kinds = [f"{name} {count:,}" for name, count in feed.anomalies.items() if count]
    say("anomalies", ", ".join(kinds) or "none")
    wrong = failed(feed)
    if wrong:
        say("verification", f"FAILED for {', '.join(wrong)}: not measured")
    else:
        say_verified(feed)
    say_compared(content)
    for name in feed.session.disagreeing if feed.session else ():
        reason = feed.session.reasons.get(name, TIMED_DIFFERS) if feed.session else ""
        say("REFUSED", f"{name}: {reason}; its figures are left out")
    say_tuning(feed)
    if feed.analysis is None or feed.session is None:
        return
    _show_biases(ladder)
    _show_noise(feed.analysis, feed.session)


def say_coming(coming: Sequence[Step], budget: Budget) -> None:
    """What is done after the ladder stands."""
    if coming:
        takes = [(step.title, step.seconds(budget)) for step in coming]
        measured, others = (
            [title for title, seconds in takes if seconds],
            [title for title, seconds in takes if not seconds],
        )
        parts = (
            [f"{', '.join(measured)}: {sum(seconds for _, seconds in takes):.0f} s of measuring"] if measured else []
        )
        parts += [f"{', '.join(others)}: as long as it takes"] if others else []
        say("to come", "; ".join(parts))


def show_rest(content: Result, feed: FeedResult, told: int | None = None) -> None:
    """Print what was found after the ladder. ``told``: outcomes of verification that were printed with it, None for
    all. Where a variant of the ladder was refuted since, the ladder is printed again, without it."""
    later = feed.verification[len(feed.verification) if told is None else told :]
    wrong = [entry for entry in later if not entry.agrees]
    if feed.session and not {entry.name for entry in wrong}.isdisjoint(feed.session.variants):
        show_ladder(content, feed)
    elif wrong:
        say_differences(wrong)
        say("verification", f"FAILED for {', '.join(dict.fromkeys(entry.name for entry in wrong))}: no figures of it")
    elif later:
        say("verification", f"{len(later)} more replays agree to the last bit")
    if feed.analysis is not None:
        _show_from_top(feed.analysis.from_top)
    for name, part in (feed.added or {}).items():
        say(name, f"failed: {part.problem}" if part.problem else summary(part.result))


def summary(result: Any) -> str:
    """What a step of the user's own returned, in one line."""
    if isinstance(result, dict):
        return ", ".join(f"{name} {value}" for name, value in result.items() if not isinstance(value, dict | list))
    return "" if result is None else str(result)


def _show_biases(ladder: Sequence[Rung]) -> None:
    """Which figures above are others where each variant runs by itself."""
    for rung in ladder:
        if rung.bias:
            say("lock-step", lock_step(rung.variant, rung.bias))
        if rung.total_alone:
            say("", f"{rung.variant} by itself: {_spelled(rung.total_alone)} in total")


def lock_step(variant: str, bias: Interval) -> str:
    """What being measured beside others does to a variant."""
    costs = "as long" if bias.value >= 1 else "as long only"
    return f"{variant} takes {_spelled(bias)} {costs} beside the others as by itself"


def _spelled(ratio: Interval) -> str:
    return f"{ratio.value:.3g}x ({ratio.low:.3g} to {ratio.high:.3g})"


def _show_from_top(found: FromTop | None) -> None:
    if found is None:
        return
    for entry in found.axes:
        if entry.ratio is not None:
            lost = f"{_spelled(entry.ratio)}, {entry.verdict}"
            say("without", f"{entry.axis} of phase {entry.phase}: {found.top} is {lost}")
    say("", found.sentence)


def resolution(noise: Noise) -> str:
    """The smallest effects that a session finds, in words."""
    mde, step = noise.mde, noise.mde.step
    noisiest = f"; {_size(step.effect)} in the noisiest step, {step.base} to {step.variant}" if step else ""
    return f"differences of {_size(mde.effect)} are found with {mde.power:.0%} probability{noisiest}"


def _size(effect: float) -> str:
    """Of two processes the smallest effect may have twenty digits, which say no more than that it is large."""
    return f"{effect:.2%}" if effect < 10 else "more than 1,000%"


def say_floors(noise: Noise, *, more: str = "") -> None:
    """By how much identical things came out apart, slow ones and fast ones."""
    say("noise floor", f"{noise.floor:.2%} (the reference against itself, in the same session){more}")
    for control in noise.controls[1:]:
        pair = f"{control.variant} against {control.of}"
        if control.variant == again(control.of):
            pair = f"{control.of} against itself"
        say("", f"{control.floor:.2%} ({pair}, the same kernel)")


def say_verified(feed: FeedResult) -> None:
    """How many replays agree, and engines from outside in what."""
    say("verification", f"{len(feed.verification)} replays agree to the last bit")
    for name, what in {entry.name: entry.compared for entry in feed.verification if entry.compared}.items():
        say("", f"{name} agrees in {what}")


def say_compared(content: Result) -> None:
    """How far a session with engines from outside goes."""
    if content.compared is not None:
        say("compared", extent(content))


def say_tuning(feed: FeedResult) -> None:
    """With which tuning a feed was replayed, if with any."""
    if feed.tuning:
        say("tuning", f"{feed.tuning.profile}{'' if feed.tuning.confirmed else ', never confirmed'}")


def say_error_rate(noise: Noise, kind: str = "variants") -> None:
    """How often a session like this one errs."""
    wrong = noise.false_positives.measured
    say("A/A", f"{wrong:.1%} of sessions like this one would tell identical {kind} apart (nominal 5%)")


def say_caution(session: SessionResult) -> None:
    """What should be known before a session's figures are read, if there is something."""
    few = caution(session)
    if few:
        say("caution", few)


def say_precision(session: SessionResult, intervals: Iterable[Interval | None]) -> None:
    """How near a session came to the precision that was asked for, if one was."""
    aim = session.design.until_precision
    if aim is not None:
        widest = max((interval.half_width for interval in intervals if interval), default=0.0)
        say("precision", f"the widest interval is ±{widest:.2%}, asked for was ±{aim:.2%}")


def _show_noise(analysis: Analysis, session: SessionResult) -> None:
    noise = analysis.noise
    contaminated = noise.contaminated
    say_floors(noise, more=f", CPU time, {contaminated.of:,} samples, {contaminated.samples:,} flagged")
    say_error_rate(noise)
    say("resolution", resolution(noise))
    say_caution(session)
    say_precision(session, (interval for rung in analysis.ladder for interval in (rung.step, rung.total)))


def _cells(rung: Rung) -> list[str]:
    cells = [rung.variant, f"{rung.events_per_second.value / 1e6:.2f}"]
    step, prediction = rung.step, rung.prediction
    word, in_total = rung.step_verdict or rung.note or "", f"{rung.total.value:.3g}x" if rung.total else "1"
    if step is None:
        return [*cells, "", "", "", word, in_total]
    predicted = ""
    if prediction is not None:
        low, high = prediction.low, prediction.high
        predicted = f"{low:g}x" if low == high else f"{low:g}-{high:g}x"
    return [*cells, f"{step.value:.3g}x", f"{step.low:.3g} to {step.high:.3g}", predicted, word, in_total]
