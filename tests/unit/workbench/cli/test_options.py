"""Options are the same in every verb: one spelling, one unit, one text for one meaning."""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterator

import pytest

from lobench.engine.errors import UsageError
from lobench.workbench.cli import _parser, main, units
from lobench.workbench.cli.options import feeds_of, spelled_settings

TWO_MEANINGS = {
    "--features": "a file of features, or features in the rows of a dataset",
    "-o": "folder of results, or the one file that a verb writes",
    "--output": "folder of results, or the one file that a verb writes",
    "--from": "records from a time on, or the result that a share is taken from",
    "--with": "all ways to look at a variant, or the one to look at a program",
    "--force": "replace files, or compare what should not be compared",
    "--same": "one commit twice, or the rule by which results are equal",
}
"""Spellings whose meaning depends on the verb, which has another ``dest`` for each."""

ENTRIES = {"separate", "feeds_from", "steps_from", "variants_from", "measured", "control", "methods", "rule"}
"""May be given several times."""


def parsers(parser: argparse.ArgumentParser, verb: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Verbs with theirs, also those of a verb's own verbs (``history record``)."""
    yield verb, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                yield from parsers(sub, f"{verb} {name}".strip())


def table() -> dict[tuple[str, str], argparse.Action]:
    """Verb and ``dest`` to the argument."""
    ignored = (argparse._HelpAction, argparse._VersionAction, argparse._SubParsersAction)
    return {
        (verb, action.dest): action
        for verb, parser in parsers(_parser())
        for action in parser._actions
        if not isinstance(action, ignored) and action.help != argparse.SUPPRESS
    }


TABLE = table()


def common(text: str | None) -> str:
    """A help text without the part that may differ between verbs, in brackets at its end."""
    assert text
    return re.sub(r" \([^()]*(\([^()]*\)[^()]*)*\)$", "", text)


def test_one_meaning_has_one_form() -> None:
    forms: dict[str, dict[object, list[str]]] = defaultdict(lambda: defaultdict(list))
    for (verb, dest), action in TABLE.items():
        shape = (tuple(action.option_strings), action.type, action.metavar, common(action.help), type(action))
        forms[dest][shape].append(verb)
    assert {dest: dict(found) for dest, found in forms.items() if len(found) > 1} == {}


def test_one_spelling_has_one_meaning() -> None:
    meanings: dict[str, set[str]] = defaultdict(set)
    for (_, dest), action in TABLE.items():
        for spelling in action.option_strings:
            meanings[spelling].add(dest)
    assert {spelling for spelling, found in meanings.items() if len(found) > 1} == set(TWO_MEANINGS)


@pytest.mark.parametrize(("verb", "dest"), TABLE)
def test_help_gives_the_defaults(verb: str, dest: str) -> None:
    """Where there is a value without the option, its help says which."""
    action = TABLE[verb, dest]
    if action.default in (None, False, [], argparse.SUPPRESS) or not action.option_strings:
        return
    assert action.help
    assert re.search(r"default|\(\S+\)$", action.help), (verb, dest)


def test_durations_are_read_as_such() -> None:
    times = {key: action for key, action in TABLE.items() if action.metavar == "TIME"}
    assert {dest for _, dest in times} == {"budget", "seconds", "time_limit"}
    for action in times.values():
        assert action.type is units.duration
        assert "90, 90s, 2m" in str(action.help)
    assert {verb for verb, dest in times if dest == "budget"} == {"run", "measure", "cmp", "tune", "check"}


def test_feeds_together_and_by_themselves() -> None:
    together = {verb for verb, dest in TABLE if dest == "feeds"}
    alone = {verb for verb, dest in TABLE if dest == "separate"}
    assert together == {
        *("run", "measure", "latency", "cmp", "verify", "replay", "inspect", "convert", "tune", "plan predict")
    }
    assert alone == {"measure", "latency", "check", "history record", "history backfill"}


def test_every_verb_with_a_feed_has_the_reading_options() -> None:
    """But where a share is predicted, which reads a feed's name alone, and has another meaning for one of them."""
    for dest in spelled_settings():
        verbs = {verb for verb, other in TABLE if other == dest}
        assert verbs == {
            *("run", "measure", "latency", "cmp", "verify", "replay", "inspect", "convert", "batch", "tune", "profile")
        }


def test_settings_are_words_of_the_feed() -> None:
    given = ["a.csv", "b.csv", "--symbols", "ES*", "--from", "2024-05-08", "--mapping", "bitstamp"]
    arguments = _parser().parse_args(["replay", *given])
    words = ["a.csv", "b.csv", "--mapping=bitstamp", "--symbols=ES*", "--from=2024-05-08"]
    assert feeds_of(arguments) == words
    with pytest.raises(UsageError, match="--symbols=X applies to a FEED"):
        feeds_of(_parser().parse_args(["run", "--symbols", "X"]))
    assert feeds_of(_parser().parse_args(["run"]), ["synth:"]) == ["synth:"]


def test_help_marks_repeatable_options() -> None:
    repeated = {dest: action.help for (_, dest), action in TABLE.items() if isinstance(action, argparse._AppendAction)}
    assert set(repeated) == ENTRIES
    assert all("repeatable" in str(text) for text in repeated.values())


def test_profile_means_a_profilers_result() -> None:
    """Parameters that were fitted are a tuning, in every verb that takes some."""
    assert {verb for verb, dest in TABLE if dest == "profile"} == {"run"}
    tuned = {verb for verb, dest in TABLE if dest == "tuning"}
    assert tuned == {"run", "measure", "latency", "cmp", "verify", "replay", "profile"}
    assert not any("profile" in str(TABLE[verb, "tuning"].help).replace("p8_profile_guided", "") for verb in tuned)


def test_a_precision_is_no_stage(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("measure", "run", "verify"):
        assert main([verb, "--until", "0.5%"]) == 2
        shown, told = capsys.readouterr()
        assert shown == ""
        assert told.startswith("lobench: --until takes a stage (decode, book, features, strategies), was '0.5%'; a ")
        assert told.endswith("--precision 0.5%\n")
        assert told.count("\n") == 1


def test_values_of_a_measurement() -> None:
    words = ["measure", "a.dbn", "b.dbn", "--feed", "c.dbn", "--until", "book", "--precision", "0.5%", "--budget", "2m"]
    found = _parser().parse_args([*words, "--time-limit", "90s", "--tuning", "none", "--variants", "p4 p7"])
    assert (found.feeds, found.separate) == (["a.dbn", "b.dbn"], ["c.dbn"])
    assert (found.until, found.precision, found.budget, found.time_limit) == ("book", 0.005, 120, 90)
    assert (found.tuning, found.variants) == ("none", "p4 p7")


@pytest.mark.parametrize(
    "words",
    [
        ("check", "HEAD~1", "--budget", "soon"),
        ("history", "record", "--seconds", "soon"),
        ("profile", "p0", "--seconds", "soon"),
        ("tune", "a.dbn", "--budget", "soon"),
        ("verify", "--time-limit", "soon"),
    ],
)
def test_other_durations_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="'soon' is not a duration; write 90, 90s or 2m"):
        _parser().parse_args(list(words))
