"""Shows a measured document to a person, and its parts without raw samples to a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.analysis import Analysis, Rung
from lobench.workbench.results.model.attribution import FromTop
from lobench.workbench.results.model.document import FeedResult, Result
from lobench.workbench.results.model.samples import SessionResult
from lobench.workbench.results.numbers import between, ends, estimate
from lobench.workbench.results.refuted import TIMED_DIFFERS, agree, failed
from lobench.workbench.summaries import phrases
from lobench.workbench.summaries.model import Detail

if TYPE_CHECKING:
    from lobench.workbench.experiment.budget import Budget
    from lobench.workbench.experiment.step import Step


def without_rows(content: Result) -> dict[str, Any]:
    """A document as JSON without the raw samples, which are in its file."""
    bare: dict[str, Any] = _bare(as_json(content))
    return bare


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(entry) for key, entry in value.items() if key != "rows"}
    if isinstance(value, list):
        return [_bare(entry) for entry in value]
    return value


def exit_code(content: Result) -> int:
    """1 if a variant's results differ from the reference's, in verification or after a timed replay."""
    return int(not agree(content))


def show(content: Result) -> None:
    """Print the results for each feed."""
    for feed in content.feeds:
        show_ladder(content, feed)
        show_rest(content, feed)


def say(label: str, text: object) -> None:
    """One line under the tables."""
    from lobench.workbench.console import fact

    fact(label, text)


def say_all(facts: Sequence[tuple[str, str]]) -> None:
    """Several lines under the tables."""
    for label, text in facts:
        say(label, text)


def say_details(details: Sequence[Detail]) -> None:
    """Details of many lines."""
    from lobench.workbench.console import stdout

    for detail in details:
        stdout().print(f"{detail.title}:", *detail.lines, sep="\n", soft_wrap=True)


def show_ladder(content: Result, feed: FeedResult) -> None:
    """Print a feed's ladder, anomalies, verification and resolution."""
    from rich.table import Table

    from lobench.workbench.console import print_table

    say_all(phrases.idle(content, feed))
    until, books = phrases.stages(content), feed.books
    evaluations = "" if until else f"{feed.evaluations:,} evaluations, "
    whose = f"{content.ladder.name} on " if content.ladder else ""
    title = f"{whose}{feed.name}{until}: {feed.events:,} events, {evaluations}{books:,} book{'s' * (books != 1)}"
    say_details(phrases.differences(feed.verification))
    table = Table(title=title)
    for heading in ("variant", "M events/s", "step", "95 % interval", "predicted", "verdict", "in total"):
        table.add_column(heading, justify="left" if heading in ("variant", "verdict") else "right")
    ladder = feed.analysis.ladder if feed.analysis else ()
    for rung in ladder:
        table.add_row(*_cells(rung))
    print_table(table)
    kinds = [f"{name} {count:,}" for name, count in feed.anomalies.items() if count]
    say("anomalies", ", ".join(kinds) or "none")
    wrong = failed(feed)
    if wrong:
        say("verification", f"FAILED for {', '.join(wrong)}: not measured")
    else:
        say_all(phrases.verified(feed))
    say_all(phrases.compared(content))
    for name in feed.session.disagreeing if feed.session else ():
        reason = feed.session.reasons.get(name, TIMED_DIFFERS) if feed.session else ""
        say("REFUSED", f"{name}: {reason}; no figures")
    say_all(phrases.tuning(feed))
    if feed.analysis is None or feed.session is None:
        return
    _show_biases(ladder)
    _show_noise(feed.analysis, feed.session)


def say_coming(coming: Sequence[Step], budget: Budget) -> None:
    """Print the steps that follow the ladder."""
    if coming:
        takes = [(step.title, step.seconds(budget)) for step in coming]
        measured, others = (
            [title for title, seconds in takes if seconds],
            [title for title, seconds in takes if not seconds],
        )
        parts = (
            [f"{', '.join(measured)}: {sum(seconds for _, seconds in takes):.0f} s of measuring"] if measured else []
        )
        parts += [f"{', '.join(others)}: without a time limit"] if others else []
        say("to come", "; ".join(parts))


def show_rest(content: Result, feed: FeedResult, told: int | None = None) -> None:
    """Print the results after the ladder. ``told``: number of outcomes of verification printed with it, None for all.
    If a variant of the ladder was refuted since, the ladder is printed again without it."""
    later = feed.verification[len(feed.verification) if told is None else told :]
    wrong = [entry for entry in later if not entry.agrees]
    if feed.session and not {entry.name for entry in wrong}.isdisjoint(feed.session.variants):
        show_ladder(content, feed)
    elif wrong:
        say_details(phrases.differences(wrong))
        say("verification", f"FAILED for {', '.join(dict.fromkeys(entry.name for entry in wrong))}: no figures")
    elif later:
        say("verification", f"{len(later)} more replays agree to the last bit")
    if feed.analysis is not None:
        _show_from_top(feed.analysis.from_top)
    for name, part in (feed.added or {}).items():
        say(name, f"failed: {part.problem}" if part.problem else summary(part.result))


def summary(result: Any) -> str:
    """The result of a user's own step, in one line."""
    if isinstance(result, dict):
        return ", ".join(f"{name} {value}" for name, value in result.items() if not isinstance(value, dict | list))
    return "" if result is None else str(result)


def _show_biases(ladder: Sequence[Rung]) -> None:
    """Print the figures that change if each variant runs alone."""
    for rung in ladder:
        if rung.bias:
            say("lock-step", phrases.lock_step(rung.variant, rung.bias))
        if rung.total_alone:
            say("", f"{rung.variant} alone: {phrases.in_brackets(rung.total_alone)} in total")


def _show_from_top(found: FromTop | None) -> None:
    if found is None:
        return
    for entry in found.axes:
        if entry.ratio is not None:
            lost = f"{phrases.in_brackets(entry.ratio)}, {entry.verdict}"
            say("without", f"{entry.axis} of phase {entry.phase}: {found.top} is {lost}")
    say("", found.sentence)


def _show_noise(analysis: Analysis, session: SessionResult) -> None:
    noise = analysis.noise
    contaminated = noise.contaminated
    say_all(phrases.floors(noise, f", CPU time, {contaminated.of:,} samples, {contaminated.samples:,} flagged"))
    say_all(phrases.error_rate(noise))
    say("resolution", phrases.resolution(noise))
    say_all(phrases.cautions(session))
    say_all(phrases.precision(session, (width for rung in analysis.ladder for width in (rung.step, rung.total))))


def _cells(rung: Rung) -> list[str]:
    step, total, prediction = rung.step, rung.total, rung.prediction
    word, in_total = rung.step_words, estimate(total, "x") if total else "1"
    speed = phrases.rate(rung.events_per_second)
    if step is None:
        return [rung.variant, speed, "", "", "", word, in_total]
    predicted = between(prediction.low, prediction.high, "x") if prediction else ""
    return [rung.variant, speed, estimate(step, "x"), ends(step), predicted, word, in_total]
