"""Phrases about a measured result, the same in every verb: lines under its tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lobench.engine.stages import STAGES
from lobench.workbench.results.caution import caution, extent, idleness
from lobench.workbench.results.model.control import again
from lobench.workbench.results.model.document import FeedResult, Result, Verified
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.noise import Noise
from lobench.workbench.results.model.samples import SessionResult
from lobench.workbench.results.numbers import MILLION, ends, estimate
from lobench.workbench.summaries.model import Detail, Fact

OF_BUILD = "a difference below 1 % in fewer than three layouts of the machine code: another build may undo it"


def ratio(value: Interval) -> str:
    """A speed-up with its interval, as every verb writes it."""
    return f"{estimate(value, 'x')}, 95 % interval {ends(value)}"


def in_brackets(value: Interval) -> str:
    """The same within a sentence."""
    return f"{estimate(value, 'x')} ({ends(value)})"


def rate(value: Interval) -> str:
    """Millions of events a second."""
    return estimate(value.scaled(MILLION))


def stages(content: Result) -> str:
    """``, until book: decode and book only`` after the name of a feed; empty for the whole pipeline."""
    until = content.until
    if until == STAGES[-1]:
        return ""
    *most, last = STAGES[: STAGES.index(until) + 1]
    return f", until {until}: {' and '.join(filter(None, [', '.join(most), last]))} only"


def idle(content: Result, feed: FeedResult) -> list[Fact]:
    """That nothing was evaluated, if that is so."""
    why = idleness(feed.name, feed.evaluations, content.until)
    return [("evaluations", f"none: {why}")] if why else []


def differences(outcomes: Sequence[Verified]) -> list[Detail]:
    """How replays differ that do not agree with the reference."""
    return [
        Detail(f"{entry.name} with {entry.workers} workers", (entry.difference or "").splitlines())
        for entry in outcomes
        if not entry.agrees
    ]


def verified(feed: FeedResult) -> list[Fact]:
    """The number of agreeing replays, and the results in which engines from outside agree."""
    compared = {entry.name: entry.compared for entry in feed.verification if entry.compared}
    return [
        ("verification", f"{len(feed.verification)} replays agree to the last bit"),
        *(("", f"{name} agrees in {what}") for name, what in compared.items()),
    ]


def compared(content: Result) -> list[Fact]:
    """How far a session with engines from outside goes."""
    return [] if content.compared is None else [("compared", extent(content))]


def tuning(feed: FeedResult) -> list[Fact]:
    """With which tuning a feed was replayed, if with any."""
    if feed.tuning is None:
        return []
    return [("tuning", f"{feed.tuning.profile}{'' if feed.tuning.confirmed else ', never confirmed'}")]


def floors(noise: Noise, more: str = "") -> list[Fact]:
    """By how much identical things came out apart, slow ones and fast ones."""
    first = noise.controls[0].of if noise.controls else "the reference"
    found = [("noise floor", f"{noise.floor:.2%} ({first} against itself, in the same session){more}")]
    for control in noise.controls[1:]:
        pair = f"{control.variant} against {control.of}"
        if control.variant == again(control.of):
            pair = f"{control.of} against itself"
        found.append(("", f"{control.floor:.2%} ({pair}, the same kernel)"))
    return found


def resolution(noise: Noise) -> str:
    """The smallest effects that a session detects."""
    mde, step = noise.mde, noise.mde.step
    noisiest = f"; {_size(step.effect)} in the noisiest step, {step.base} to {step.variant}" if step else ""
    return f"differences of {_size(mde.effect)} are detected with {mde.power:.0%} probability{noisiest}"


def error_rate(noise: Noise, kind: str = "variants") -> list[Fact]:
    """The error rate of sessions like this one."""
    wrong = noise.false_positives.measured
    return [("A/A", f"{wrong:.1%} of sessions like this one would call identical {kind} different (nominal 5%)")]


def cautions(session: SessionResult) -> list[Fact]:
    """Warnings to read before a session's figures."""
    few = caution(session)
    return [("caution", few)] if few else []


def precision(session: SessionResult, intervals: Iterable[Interval | None]) -> list[Fact]:
    """A session's precision against the requested one, if any."""
    aim = session.design.until_precision
    if aim is None:
        return []
    widest = max((interval.half_width for interval in intervals if interval), default=0.0)
    return [("precision", f"the widest interval is ±{widest:.2%}, the target was ±{aim:.2%}")]


def lock_step(variant: str, bias: Interval) -> str:
    """The effect of lock-step on a variant's time."""
    return f"{variant} takes {in_brackets(bias)} as long beside the others as alone"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Names, with the number of those that are left out."""
    left = len(names) - most
    return ", ".join(names[:most]) + (f" and {left} more" if left > 0 else "")


def _size(effect: float) -> str:
    """Of two processes the smallest effect may have twenty digits, which say no more than that it is large."""
    return f"{effect:.2%}" if effect < 10 else "more than 1,000%"
