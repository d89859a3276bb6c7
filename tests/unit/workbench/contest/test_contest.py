"""Contests of callables and commands: the arguments, the layout of pieces, the analysis of samples."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lobench
from lobench.engine.errors import UsageError
from lobench.reports.blocks import Table
from lobench.workbench.cli import _parser, contest
from lobench.workbench.cli.cmp import defaults
from lobench.workbench.contest import analysis
from lobench.workbench.contest.agreement import calls_of
from lobench.workbench.contest.asked import Asked, all_callables, is_callable
from lobench.workbench.contest.bench import is_disturbed
from lobench.workbench.contest.protocol import RoundsMessage
from lobench.workbench.contest.session import ContestSession, laid_out
from lobench.workbench.experiment.budget import Budget
from lobench.workbench.measurement.contamination import Reading
from lobench.workbench.measurement.precision import precisions, reached
from lobench.workbench.measurement.session import Session
from lobench.workbench.results.conversion import as_json, from_json
from lobench.workbench.results.model.analysis import Comparison
from lobench.workbench.results.model.contest import Contest
from lobench.workbench.results.model.document import Result
from lobench.workbench.results.model.samples import Design
from lobench.workbench.results.reading import ResultError, validate
from lobench.workbench.results.refuted import agree, refused
from lobench.workbench.results.tables import RunResult
from tests.support.contests import TRUE, agreed, asked, document_of, made
from tests.support.documents import document
from tests.support.typed import page


@pytest.mark.parametrize(
    ("word", "yes"),
    [
        ("a.py:f", True),
        ("dir/a b.py:Class.method", True),
        ("package.module:f", True),
        ("p4_hash_lookup", False),
        ("p7,events=clone", False),
        ("a.py", False),
        ("a.py:", False),
        ("a.py:f()", False),
        ("./a:f", False),
    ],
)
def test_words_that_name_a_callable(word: str, yes: bool) -> None:
    assert is_callable(word) is yes


def test_callables_and_other_words_do_not_mix() -> None:
    assert all_callables(["a.py:f", "m:g", "b.py:h"])
    assert not all_callables(["p4", "p5", "synth:liquid-future"])
    with pytest.raises(UsageError, match="'p4' is not a callable like the others"):
        all_callables(["a.py:f", "p4"])


def test_names_tell_subjects_apart() -> None:
    one = asked("a.py:f", "b.py:f", "a.py:f", "a.py:f")
    assert one.names == ("a.py:f", "b.py:f", "a.py:f #2", "a.py:f #3")
    assert one.same_as == {"a.py:f #2": "a.py:f", "a.py:f #3": "a.py:f"}
    assert from_json(Asked, json.loads(json.dumps(as_json(one)))) == one
    with pytest.raises(UsageError, match="it is empty, or ends with"):
        asked("true (A/A)", "true", kind="commands")
    with pytest.raises(UsageError, match=r"'make' names no callable; write FILE\.py:NAME or MODULE:NAME"):
        asked("a.py:f", "b.py:f", setup="make")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a.py:f", "b.py:f", "--until", "book"], "--until does not apply to callables"),
        (["a.py:f", "b.py:f", "--symbols", "ES*"], "--symbols does not apply to callables"),
        (["a.py:f", "b.py:f", "--shell"], "--shell does not apply to callables"),
        (["--command", "true", "true", "--setup", "a.py:make"], "--setup does not apply to commands"),
        (["p4", "p5", "--setup", "a.py:make"], "--setup does not apply to variants"),
        (["p4", "p5", "--same", "a.py:f"], "--same does not apply to variants"),
        (["p4", "p5", "--clock", "wall"], "--clock does not apply to variants"),
        (["a.py:f", "p5"], "'p5' is not a callable"),
    ],
)
def test_options_of_another_kind_are_refused(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        contest.asked_of(_parser().parse_args(["cmp", *words]), defaults())


@pytest.mark.parametrize(
    ("pair", "options", "said"),
    [
        (("p4", "p5"), {"setup": math.sqrt}, "--setup does not apply to variants"),
        (("p4", "p5"), {"same": math.isclose}, "--same does not apply to variants"),
        (("p4", "p5"), {"reset": "copy"}, "--reset does not apply to variants"),
        (("p4", "p5"), {"clock": "cpu"}, "--clock does not apply to variants"),
        (("p4", "p5"), {"others": ["p6"]}, "others does not apply to variants"),
        ((math.sqrt, math.exp), {"until": "book"}, "--until does not apply to callables"),
        ((math.sqrt, math.exp), {"variants_from": ["a.py"]}, "--variants-from does not apply to callables"),
        ((math.sqrt, math.exp), {"time_limit": 3}, "--time-limit does not apply to callables"),
        ((math.sqrt, math.exp), {"feed": "synth:liquid-future"}, "'synth:liquid-future' is not a callable"),
        ((math.sqrt, "p5"), {}, "'p5' is not a callable like the others"),
    ],
)
def test_options_of_another_kind_are_refused_from_python(pair: Any, options: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        lobench.compare(*pair, **options)


def test_python_and_command_line_ask_the_same() -> None:
    words = ["cmp", "a.py:f", "b.py:g", "c.py:h", "--setup", "s.py:make", "--reset", "copy", "--same", "numpy:allclose"]
    found = contest.asked_of(_parser().parse_args(words), defaults())
    rules = {"setup": "s.py:make", "reset": "copy", "same": "numpy:allclose"}
    assert found == asked("a.py:f", "b.py:g", "c.py:h", **rules)
    words = ["cmp", "--command", "sleep 1", "sleep 2", "--check", "true"]
    found = contest.asked_of(_parser().parse_args(words), defaults())
    assert found == asked("sleep 1", "sleep 2", kind="commands", check="true", clock="wall_ns")
    assert contest.asked_of(_parser().parse_args(["cmp", "p4", "p5", "a.dbn"]), defaults()) is None


@pytest.mark.parametrize(
    ("rates", "whole", "calls"),
    [
        ([1e-6, 1e-6], [1e-6, 1e-6], 2_000),
        ([1e-3, 1e-3], [1e-3, 1e-3], 2),
        ([1.0, 2.0], [1.0, 2.0], 1),
        # The slower one takes most of a round.
        ([1e-6, 1e-3], [1e-6, 1e-3], 500),
        # Arguments take a millisecond to make: all of them are in memory at once.
        ([1e-6, 1e-6], [1e-3, 1e-3], 100),
    ],
)
def test_calls_of_a_piece(rates: list[float], whole: list[float], calls: int) -> None:
    assert calls_of(rates, whole) == pytest.approx(calls, rel=0.02)


def test_waiting_disturbs_only_where_it_is_not_measured() -> None:
    waited = Reading(10_000_000, 1_000_000, 0, 0, 0, 0)
    assert is_disturbed(waited, "cpu_ns")
    assert not is_disturbed(waited, "wall_ns")
    assert is_disturbed(waited._replace(steal_ticks=1), "wall_ns")


def test_controls_repeat_the_base_and_distant_subjects() -> None:
    one = asked("a.py:f", "b.py:f")
    near = laid_out(one, agreed({"a.py:f": 1e-3, "b.py:f": 1.1e-3}, 8, 1), Budget(10.0))
    assert near.measured == ["a.py:f", "b.py:f", "a.py:f (A/A)"]
    far = laid_out(one, agreed({"a.py:f": 1e-3, "b.py:f": 1e-4}, 8, 1), Budget(10.0))
    assert far.measured == ["a.py:f", "b.py:f", "b.py:f (A/A)", "a.py:f (A/A)"]
    # The cost of making arguments does not make contestants alike.
    dear = laid_out(one, agreed({"a.py:f": 1.0, "b.py:f": 1.0}, 8, 1, {"a.py:f": 1e-3, "b.py:f": 1e-4}), Budget(10.0))
    assert dear.measured == far.measured
    (part,) = far.slices()
    assert (part.start, part.timed, part.stop) == (0, 1, 9)
    slow = laid_out(one, agreed({"a.py:f": 2.0, "b.py:f": 2.0}, 1, 0), Budget(60.0))
    assert slow.design.processes == 3


def test_a_process_may_be_silent_for_as_long_as_its_calls_suggest() -> None:
    one = asked("sleep 90", "sleep 9", kind="commands", clock="wall_ns")
    session = laid_out(one, agreed({"sleep 90": 90.0, "sleep 9": 9.0}, 1, 0), Budget(60.0))
    assert session.patience == 900.0


def test_precision_ignores_subjects_that_are_not_compared() -> None:
    names = ["a", "b", "c", "a (A/A)"]
    session = ContestSession(names, 1, Design(8, 1.0, 1, 0, until_precision=0.01))
    plain = Session(names, 1, session.design)
    rng = np.random.default_rng(1)
    for process in range(8):
        # b is random in each process: only comparisons with b are uncertain.
        logs = [0.0, rng.normal(0, 0.5), rng.normal(0, 1e-4), rng.normal(0, 1e-4)]
        for number in range(4):
            times = [round(1e9 * math.exp(value)) for value in logs]
            rows = [[number, 0, column, column, time, time, 0, 0, 0, 0, 0] for column, time in enumerate(times)]
            session.hear(process, RoundsMessage(samples=rows))
            plain.add(process, rows)
    assert precisions(session)["c"].half_width < 0.001
    assert precisions(plain)["c"].half_width > 0.1
    assert not reached(session)
    session.refuse("b", "does something else")
    assert list(precisions(session)) == ["c", "a (A/A)"]
    assert reached(session)


def test_verdicts_from_samples() -> None:
    found = made(TRUE)
    assert [pair.verdict for pair in found.comparisons] == ["no difference shown", "faster", "slower"]
    assert [pair.regression for pair in found.comparisons] == [False, False, True]
    for pair in found.comparisons:
        assert pair.base == "a.py:f"
        assert pair.ratio.value == pytest.approx(1 / TRUE[pair.variant], rel=0.005)
    assert [subject.cpu_seconds and subject.cpu_seconds.value for subject in found.subjects] == pytest.approx(
        [1e-3 * time for time in TRUE.values()], rel=0.01
    )
    # The family has three members.
    assert found.comparisons[0].p_holm >= found.comparisons[0].p
    assert 0 < found.detectable < 0.02


def test_verdicts_are_on_the_clock_that_is_asked_for() -> None:
    found = made({"sleep 1": 1.0, "sleep 2": 2.0}, clock="wall_ns")
    (pair,) = found.comparisons
    assert pair.verdict == "slower"
    assert pair.ratio.value == pytest.approx(0.5, rel=0.01)
    assert found.subjects[1].cpu_seconds is not None
    assert found.subjects[1].cpu_seconds.value == pytest.approx(1e-4)


def test_the_same_command_twice_gets_no_verdict() -> None:
    one = asked("sleep 1", "sleep 1", kind="commands", clock="wall_ns")
    session = laid_out(one, agreed(dict.fromkeys(one.names, 1.0), 1, 0), Budget(10.0))
    assert session.same_as == {"sleep 1 #2": "sleep 1"}
    found = made(TRUE)
    assert found.session is not None
    kept = as_json(found)
    kept["session"]["same_as"] = {"d.py:f": "a.py:f"}
    again = from_json(Contest, kept)
    analysis.analyse(again, 0.0)
    assert (again.comparisons[2].verdict, again.comparisons[2].regression) == (None, False)
    assert again.comparisons[2].note == "d.py:f is the same callable as a.py:f"


def test_identical_subjects_are_not_in_holms_family() -> None:
    found = made(TRUE)

    def again(name: str, first: str) -> list[Comparison]:
        kept = as_json(found)
        kept["session"]["same_as"] = {name: first}
        contest = from_json(Contest, kept)
        analysis.analyse(contest, 0.0)
        return list(contest.comparisons)

    # The larger p-value of the two that differ, with three contestants and with two.
    assert found.comparisons[1].p_holm == pytest.approx(2 * found.comparisons[1].p, abs=0.0)
    twin, pair, _ = again("b.py:f", "a.py:f")
    assert pair.p_holm == pytest.approx(pair.p, abs=0.0)
    assert (twin.verdict, twin.p_holm, twin.note) == (None, twin.p, "b.py:f is the same callable as a.py:f")
    _, pair, twin = again("d.py:f", "c.py:f")
    assert pair.note is None
    assert (twin.note, twin.verdict) == ("d.py:f is the same callable as c.py:f", None)


def test_refused_subjects_have_no_figure() -> None:
    found = made(TRUE, refuse="d.py:f")
    assert refused(found) == {"d.py:f": "does something else"}
    assert [pair.variant for pair in found.comparisons] == ["b.py:f", "c.py:f"]
    assert found.subjects[3].cpu_seconds is None
    kept = document_of(found)
    read = validate(json.loads(json.dumps(kept)), "result.json")
    assert not agree(read)
    assert not RunResult(read, Path("result.json")).agree
    shown = page([kept])
    assert "d.py:f does something else, so no figure is shown" in shown.answer
    (table, *_) = shown.parts[0].sections[0].blocks
    assert isinstance(table, Table)
    assert [cell.text for cell in table.rows[3]] == ["d.py:f", "", "", "", "", "refused"]
    nothing = made({"a.py:f": 1.0, "b.py:f": 1.0}, refuse="b.py:f")
    assert (nothing.comparisons, nothing.noise) == ((), None)
    assert "b.py:f does something else" in page([document_of(nothing)]).answer


def test_a_document_of_a_contest() -> None:
    kept = document_of(made(TRUE))
    read = validate(json.loads(json.dumps(kept)), "result.json")
    bare = {name: value for name, value in kept.items() if name not in ("schema", "schema_version")}
    assert json.dumps(as_json(from_json(Result, bare)), sort_keys=True) == json.dumps(bare, sort_keys=True)
    result = RunResult(read, Path("result.json"))
    assert result.agree
    assert [pair.variant for pair in result.comparisons] == list(TRUE)[1:]
    assert result.samples().num_rows == 8 * 30 * 5
    assert "<td>c.py:f</td><td>1.03" in result._repr_html_()
    with pytest.raises(lobench.UsageError, match="there is no feed 0"):
        result.ladder()
    shown = page([kept])
    assert shown.answer == shown.headline
    assert shown.answer.startswith("b.py:f shows no difference in speed from a.py:f: ")
    assert [section.name for section in shown.parts[0].sections] == ["contest", "noise", "environment"]
    # Beside a result of variants.
    assert {part.key for part in page([kept, document()]).parts} >= {"result1-contest", "result2-feed1"}


@pytest.mark.parametrize("change", ["stranger", "slice", "upside down", "clock"])
def test_a_contradicting_document_is_refused(change: str) -> None:
    kept = json.loads(json.dumps(document_of(made(TRUE))))
    found = kept["contest"]
    if change == "stranger":
        kept["variants"] = kept["variants"][:-1]
    elif change == "slice":
        found["session"]["samples"]["rows"][3][2] = 1
    elif change == "upside down":
        found["comparisons"][0]["ratio"]["low"] = 9.0
    else:
        found["clock"] = "sundial"
    with pytest.raises(ResultError, match=r"\$\.contest"):
        validate(kept, "result.json")


def test_a_session_ends_when_nothing_is_left_to_compare() -> None:
    session = ContestSession(["a", "b", "a (A/A)"], 1, Design(2, 1.0, 1, 0))
    assert not session.over
    session.hear(0, RoundsMessage(samples=[], refused={"b": "differs"}))
    assert session.over
