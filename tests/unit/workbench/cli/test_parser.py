"""Options and positional arguments may be mixed in every verb; usage errors name the fault."""

from __future__ import annotations

import argparse
import sys

import pytest

from lobench.workbench.cli import _parser
from tests.unit.workbench.cli.test_options import parsers

WHOLE = (argparse.PARSER, argparse.REMAINDER)


def ends_in_a_list() -> dict[str, argparse.ArgumentParser]:
    """Verbs whose last positional argument is optional or a list."""
    found = {}
    for verb, parser in parsers(_parser()):
        given = [action for action in parser._actions if not action.option_strings]
        if given and given[-1].nargs in ("?", "*", "+") and not any(action.nargs in WHOLE for action in given):
            found[verb] = parser
    return found


LISTS = ends_in_a_list()


def test_most_verbs_take_a_feed_or_another_list() -> None:
    assert {"run", "measure", "cmp", "verify", "replay", "inspect", "profile", "check", "report"} <= LISTS.keys()


@pytest.mark.parametrize("verb", LISTS)
def test_the_last_argument_may_follow_options(verb: str) -> None:
    parser = LISTS[verb]
    given = [action for action in parser._actions if not action.option_strings]
    needed = [next(iter(action.choices)) if action.choices else "needed" for action in given[:-1]]
    options = [action for action in parser._actions if action.option_strings and action.dest != "help"]
    flags = [action.option_strings[-1] for action in options if action.nargs == 0]
    valued = [action for action in options if action.nargs is None and not (action.type or action.choices)]
    required = [word for action in valued if action.required for word in (action.option_strings[-1], "value")]
    option = flags[:1] + [word for action in valued[:1] for word in (action.option_strings[-1], "value")]
    before = parser.parse_args([*needed, "last", *option, *required])
    after = parser.parse_args([*needed, *option, *required, "last"])
    assert after == before
    assert getattr(after, given[-1].dest) in ("last", ["last"])
    if given[-1].nargs != "?":
        split = parser.parse_args([*needed, "first", *option, "last", *required])
        assert getattr(split, given[-1].dest) == ["first", "last"]


def test_a_feed_after_options_of_cmp() -> None:
    found = _parser().parse_args(["cmp", "p3", "--budget", "5s", "p4", "--until", "book", "a.dbn", "--json", "b.dbn"])
    assert (found.a, found.b, found.feeds, found.budget, found.json) == ("p3", "p4", ["a.dbn", "b.dbn"], 5.0, True)
    assert _parser().parse_args(["cmp", "p3", "p4", "--json"]).feeds == []


def test_words_after_two_dashes_are_positional() -> None:
    assert _parser().parse_args(["report", "-o", "page", "--", "-x"]).documents == ["-x"]


def test_arguments_of_a_program_stay_its_own() -> None:
    found = _parser().parse_args(["lines", "--top", "3", "program.py", "--json", "-o", "x"])
    assert (found.top, found.program, found.json) == (3, ["program.py", "--json", "-o", "x"], False)


def test_words_come_from_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["lobench", "verify", "--oracle", "a.dbn"])
    assert _parser().parse_args().feeds == ["a.dbn"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("cmp p4", "lobench cmp: error: the following arguments are required: B\n"),
        ("cmp p4 --budget 5s", "lobench cmp: error: the following arguments are required: B\n"),
        ("cmp --budget 5s", "lobench cmp: error: the following arguments are required: A, B"),
        ("cmp p3 p4 --budgets 5s a.dbn", "lobench cmp: error: no option --budgets; did you mean --budget?"),
        ("cmp p3 p4 --precison=1% a.dbn", "lobench cmp: error: no option --precison; did you mean --precision?"),
        ("cmp p3 p4 --xyz a.dbn", "lobench cmp: error: no option --xyz; lobench cmp --help lists them"),
        ("history record --machines x", "lobench history record: error: no option --machines; did you mean --machine?"),
        ("cmp p3 p4 --budget", "lobench cmp: error: argument --budget: expected one argument"),
        ("cmp p3 p4 --evaluate evry a.dbn", "lobench cmp: error: no --evaluate 'evry'; did you mean every?"),
        ("completion bsh", "lobench completion: error: no shell 'bsh'; did you mean bash? Choose from bash, zsh, fish"),
        ("histry record", "lobench: error: no command 'histry'; did you mean history? Choose from run, report, "),
        ("env a b", "lobench env: error: unrecognized arguments: a b"),
        ("inspect --json", "lobench inspect: error: the following arguments are required: FEED"),
    ],
)
def test_usage_errors(words: str, problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        _parser().parse_args(words.split())
    assert ended.value.code == 2
    usage, _, said = capsys.readouterr().err.rpartition("\nlobench")
    assert f"lobench{said}".startswith(problem)
    assert usage.startswith("usage: lobench")
    if problem.startswith("lobench cmp"):
        assert "A B [FEED ...]" in " ".join(usage.split())


@pytest.mark.parametrize("verb", ["cmp", "verify", "replay", "check"])
def test_help_shows_positional_arguments(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        _parser().parse_args([verb, "--help"])
    assert ended.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said == " ".join(LISTS[verb].format_help().split())
    assert "positional arguments:" in said
