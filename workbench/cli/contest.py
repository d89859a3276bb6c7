"""The part of ``cmp`` that is about callables and commands: its options, and its answer for a person."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lobench.workbench.contest.asked import Asked
    from lobench.workbench.results import ResultFolder
    from lobench.workbench.results.model.analysis import Comparison
    from lobench.workbench.results.model.contest import Contest, Subject
    from lobench.workbench.results.model.document import Result

SECONDS = 60.0

_RESETS = ("fresh", "copy", "same")
_CLOCKS = ("cpu", "wall")
_COMMON = {"a", "b", "feeds", "budget", "precision", "processes", "tolerance", "output", "json", "commands", "clock"}
"""Arguments of every kind of comparison; ``clock`` is of both kinds here."""
_OWN = {"callables": {"setup", "reset", "equality"}, "commands": {"check", "shell"}}
"""Arguments of one kind here; all others are of variants."""


def add_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("callables and commands")
    group.add_argument(
        "--command", dest="commands", action="store_true", help="A, B and what follows are commands, each one word"
    )
    group.add_argument(
        "--clock",
        choices=_CLOCKS,
        help="the time that verdicts are on: cpu is that of all threads, wall counts waiting, too (default cpu for "
        "callables, wall for commands)",
    )
    group.add_argument(
        "--setup",
        metavar="FILE:NAME",
        help="callable that returns the arguments: a tuple of them, or the only one (default: there are none)",
    )
    group.add_argument(
        "--reset",
        choices=_RESETS,
        default=_RESETS[0],
        help="arguments of each call: made by --setup anew, a deep copy, or the very same for all (default fresh)",
    )
    group.add_argument(
        "--same",
        dest="equality",
        metavar="FILE:NAME",
        help="callable that says whether two results are equal (default: the rules of numpy.testing)",
    )
    group.add_argument(
        "--check",
        metavar="CMD",
        help="command that judges each command, with its output as input, by its exit code (default: exit code and "
        "output must be A's)",
    )
    group.add_argument("--shell", action="store_true", help="commands are run by a shell (default: none runs)")


def asked_of(arguments: argparse.Namespace, defaults: Mapping[str, Any]) -> Asked | None:
    """What is to be compared, where that is not two variants. ``defaults``: of arguments that are not given. Raises
    UsageError for options of another kind."""
    from lobench.workbench.contest.asked import CALLABLES, CLOCKS, COMMANDS, Asked, all_callables

    words = [arguments.a, arguments.b, *arguments.feeds]
    if not arguments.commands and not all_callables(words):
        _refuse(arguments, defaults, "variants", {"clock", *(name for names in _OWN.values() for name in names)})
        return None
    kind = COMMANDS if arguments.commands else CALLABLES
    _refuse(arguments, defaults, kind, set(defaults) - _COMMON - _OWN[kind])
    return Asked(
        kind=kind,
        subjects=tuple(words),
        clock=CLOCKS[arguments.clock or ("wall" if arguments.commands else "cpu")],
        setup=arguments.setup,
        reset=arguments.reset,
        same=arguments.equality,
        check=arguments.check,
        shell=arguments.shell,
    )


def _refuse(arguments: argparse.Namespace, defaults: Mapping[str, Any], kind: str, foreign: set[str]) -> None:
    """Raise UsageError for an option that was given and is none of this kind of comparison."""
    from lobench.engine.errors import UsageError

    named = {**options.spelled_settings(), "equality": "--same"}
    for name in defaults:
        if name in foreign and getattr(arguments, name) != defaults[name]:
            option = named.get(name) or "--" + name.replace("_", "-")
            raise UsageError(f"{option} says nothing of {kind}; leave it out")


def run(arguments: argparse.Namespace, asked: Asked) -> int:
    from lobench.workbench.cli.outcome import exit_code, without_rows
    from lobench.workbench.console import print_json
    from lobench.workbench.results.conversion import as_json

    folder, content = conducted(arguments, asked)
    contest = content.contest
    assert contest is not None
    if arguments.json:
        told: dict[str, Any] = {"comparisons": as_json(contest.comparisons), **without_rows(content)}
        print_json({"result_file": str(folder.result), **told})
    else:
        _show(contest, folder.result)
    return 1 if exit_code(content) or any(pair.regression for pair in contest.comparisons) else 0


def conducted(arguments: argparse.Namespace, asked: Asked) -> tuple[ResultFolder, Result]:
    """Compare and measure as asked."""
    from lobench.workbench.contest.conducting import conduct
    from lobench.workbench.experiment.budget import Budget

    seconds = SECONDS if arguments.budget is None else arguments.budget
    budget = Budget(seconds, arguments.processes, precision=arguments.precision)
    return conduct(asked, budget, arguments.tolerance, arguments.output)


def _show(contest: Contest, result: object) -> None:
    from rich.table import Table

    from lobench.workbench.cli.outcome import say
    from lobench.workbench.console import stdout
    from lobench.workbench.results.refuted import refused

    pairs = {pair.variant: pair for pair in contest.comparisons}
    if pairs:
        each = "call" if contest.kind == "callables" else "run"
        first = contest.subjects[0].name
        table = Table(title=contest.title)
        table.add_column(contest.kind)
        for heading in (f"CPU time of a {each}", "wall time", f"over {first}", "95 % interval"):
            table.add_column(heading, justify="right")
        table.add_column("verdict")
        for subject in contest.subjects:
            if subject.agrees:
                table.add_row(*_cells(subject, pairs.get(subject.name)))
        stdout().print(table)
    for name, reason in refused(contest).items():
        say("REFUSED", f"{name} {reason}; it has no figures")
    for subject in contest.subjects:
        if subject.note:
            say("note", f"{subject.name} {subject.note}")
    for pair in contest.comparisons:
        say("verdict", _verdict(pair, contest.clock))
        if pair.regression or (pair.verdict == "slower" and pair.tolerance):
            beyond = "beyond" if pair.regression else "not for certain beyond"
            say("tolerance", f"{pair.variant} is {beyond} the {pair.tolerance:.3%} that is accepted")
    _show_noise(contest)
    say("result", result)
    say("next", f"lobench report {result}")


def _show_noise(contest: Contest) -> None:
    from lobench.workbench.cli.outcome import say, say_caution, say_error_rate, say_precision
    from lobench.workbench.results.model.control import again

    noise, session = contest.noise, contest.session
    if noise is None or session is None:
        return
    agreeing = sum(subject.agrees for subject in contest.subjects)
    say("agreement", f"{agreeing} of {len(contest.subjects)} agree, in every process at its beginning and its end")
    for number, control in enumerate(noise.controls):
        pair = f"{control.of} against {'itself' if control.variant == again(control.of) else control.variant}"
        say("" if number else "noise floor", f"{control.floor:.2%} ({pair}, in the same session)")
    say_error_rate(noise, contest.kind)
    say("resolution", f"differences of {contest.detectable:.2%} are found with {noise.mde.power:.0%} probability")
    flagged, calls = noise.contaminated, session.design.slice_records - session.design.lead_in_records
    said = f"{flagged.of:,} of {calls:,} calls in {session.samples.processes} processes"
    say("samples", f"{said}, {flagged.samples:,} of them disturbed")
    say_caution(session)
    say_precision(session, (pair.ratio for pair in contest.comparisons))


def _verdict(pair: Comparison, clock: str) -> str:
    from lobench.workbench.results.model.verdict import NO_DIFFERENCE, SHOWN

    said = f"{NO_DIFFERENCE} between {pair.base} and {pair.variant}"
    if pair.verdict in SHOWN:
        said = f"{pair.variant} is {pair.verdict} than {pair.base}"
    if pair.note:
        said = f"none: {pair.note}"
    ratio = pair.ratio
    figures = f"{ratio.value:.4f}x, 95 % interval {ratio.low:.4f} to {ratio.high:.4f}"
    return f"{said}: {figures}, {'CPU' if clock == 'cpu_ns' else 'wall'} time"


def _cells(subject: Subject, pair: Comparison | None) -> list[str]:
    from lobench.workbench.console import duration

    assert subject.cpu_seconds is not None
    assert subject.wall_seconds is not None
    times = [duration(interval.value) for interval in (subject.cpu_seconds, subject.wall_seconds)]
    if pair is None:
        return [subject.name, *times, "1", "", ""]
    ratio = pair.ratio
    word = pair.verdict or pair.note or ""
    return [subject.name, *times, f"{ratio.value:.4f}x", f"{ratio.low:.4f} to {ratio.high:.4f}", word]
