"""Contests of callables and commands: what is asked, whether all agree, how pieces are laid out, what samples say."""

from __future__ import annotations

import json
import math
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lobench
from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.cli import _parser, contest
from lobench.workbench.cli.cmp import defaults
from lobench.workbench.contest import analysis, callables, conducting
from lobench.workbench.contest.agreement import calls_of, work
from lobench.workbench.contest.asked import Asked, all_callables, is_callable
from lobench.workbench.contest.bench import Outcome, is_disturbed
from lobench.workbench.contest.callables import Callables
from lobench.workbench.contest.commands import words_of
from lobench.workbench.contest.kinds import bench_of
from lobench.workbench.contest.loading import load, source_of, spec_of
from lobench.workbench.contest.session import Agreement, ContestSession, laid_out
from lobench.workbench.experiment.budget import Budget
from lobench.workbench.measurement.contamination import Reading
from lobench.workbench.measurement.precision import precisions, reached
from lobench.workbench.measurement.session import Session
from lobench.workbench.measurement.task import Job, Task
from lobench.workbench.processes.starting import first_environment
from lobench.workbench.results.conversion import as_json, from_json
from lobench.workbench.results.model.analysis import Comparison
from lobench.workbench.results.model.contest import Contest, Subject
from lobench.workbench.results.model.document import Result
from lobench.workbench.results.model.samples import Design
from lobench.workbench.results.reading import ResultError, validate
from lobench.workbench.results.refuted import agree, refused
from lobench.workbench.results.tables import RunResult
from tests.documents import document
from tests.typed import page

SUBJECTS = '''"""Callables that agree with `total`, and ones that do not."""

import itertools
import random
import threading

import numpy as np

calls = itertools.count()


def make():
    return np.arange(5.0), 2


def one():
    return [3, 1, 2]


def total(values, factor):
    return values.sum() * factor


def also(values, factor):
    return float((values * factor).sum())


def wrong(values, factor):
    return values.sum() * factor + 1


def scales(values, factor):
    values *= factor
    return values.sum()


def fails(values, factor):
    raise ValueError("no\\nsum")


def lazy(values, factor):
    return (value for value in values)


def ordered(values):
    return sorted(values)


def orders(values):
    values.sort()
    return values


def fills(out):
    out[:] = [1, 2, 3]


def fills_otherwise(out):
    out[:] = [1, 2, 4]


def drawn():
    return random.random() + np.random.random()


def near(expected, found):
    return abs(expected - found) <= 1


def never(expected, found):
    np.testing.assert_allclose(found, expected + 1)


shared = np.zeros(3)
sentinel = object()


def fills_shared():
    shared[:] = [1, 2, 3]
    return [shared]


def fills_shared_otherwise():
    shared[:] = [1, 2, 4]
    return [shared]


def itself():
    return sentinel


def endless():
    found = []
    found.append(found)
    return found


def stream():
    return iter([3, 1, 2])


def streams():
    return [iter([3, 1, 2])]


def drains(values):
    return sorted(values[0])


def locked():
    return threading.Lock(), [3, 1, 2]


def ordered_second(lock, values):
    return sorted(values)


def orders_second(lock, values):
    values.sort()
    return list(values)


not_callable = 3
'''


@pytest.fixture
def at(tmp_path: Path) -> Any:
    """Names of the file's callables."""
    (tmp_path / "subjects.py").write_text(SUBJECTS)
    return lambda name: f"{tmp_path / 'subjects.py'}:{name}"


def asked(*subjects: str, kind: Any = "callables", **rules: Any) -> Asked:
    return Asked(kind=kind, subjects=subjects, **{"clock": "cpu_ns", **rules})


def outcomes(one: Asked, seed: int = 1) -> list[Outcome]:
    turns: list[int] = []
    found = bench_of(one, range(len(one.subjects)), seed, first_environment()).agree(turns.append)
    assert set(turns) <= set(range(len(one.subjects)))
    return found


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
def test_what_names_a_callable(word: str, yes: bool) -> None:
    assert is_callable(word) is yes


def test_one_kind_at_a_time() -> None:
    assert all_callables(["a.py:f", "m:g", "b.py:h"])
    assert not all_callables(["p4", "p5", "synth:liquid-future"])
    with pytest.raises(UsageError, match="'p4' names no callable, as the others do"):
        all_callables(["a.py:f", "p4"])


def test_names_tell_subjects_apart() -> None:
    one = asked("a.py:f", "b.py:f", "a.py:f", "a.py:f")
    assert one.names == ("a.py:f", "b.py:f", "a.py:f #2", "a.py:f #3")
    assert one.same_as == {"a.py:f #2": "a.py:f", "a.py:f #3": "a.py:f"}
    assert Asked.of(json.loads(json.dumps(one.as_json()))) == one
    with pytest.raises(UsageError, match="it is empty, or ends with"):
        asked("true (A/A)", "true", kind="commands")
    with pytest.raises(UsageError, match=r"'make' names no callable; write FILE\.py:NAME or MODULE:NAME"):
        asked("a.py:f", "b.py:f", setup="make")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a.py:f", "b.py:f", "--until", "book"], "--until says nothing of callables"),
        (["a.py:f", "b.py:f", "--symbols", "ES*"], "--symbols says nothing of callables"),
        (["a.py:f", "b.py:f", "--shell"], "--shell says nothing of callables"),
        (["--command", "true", "true", "--setup", "a.py:make"], "--setup says nothing of commands"),
        (["p4", "p5", "--setup", "a.py:make"], "--setup says nothing of variants"),
        (["p4", "p5", "--same", "a.py:f"], "--same says nothing of variants"),
        (["p4", "p5", "--clock", "wall"], "--clock says nothing of variants"),
        (["a.py:f", "p5"], "'p5' names no callable"),
    ],
)
def test_options_of_another_kind_are_refused(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        contest.asked_of(_parser().parse_args(["cmp", *words]), defaults())


@pytest.mark.parametrize(
    ("pair", "options", "said"),
    [
        (("p4", "p5"), {"setup": math.sqrt}, "--setup says nothing of variants"),
        (("p4", "p5"), {"same": math.isclose}, "--same says nothing of variants"),
        (("p4", "p5"), {"reset": "copy"}, "--reset says nothing of variants"),
        (("p4", "p5"), {"clock": "cpu"}, "--clock says nothing of variants"),
        (("p4", "p5"), {"others": ["p6"]}, "others says nothing of variants"),
        ((math.sqrt, math.exp), {"until": "book"}, "--until says nothing of callables"),
        ((math.sqrt, math.exp), {"variants_from": ["a.py"]}, "--variants-from says nothing of callables"),
        ((math.sqrt, math.exp), {"time_limit": 3}, "--time-limit says nothing of callables"),
        ((math.sqrt, math.exp), {"feed": "synth:liquid-future"}, "'synth:liquid-future' names no callable"),
        ((math.sqrt, "p5"), {}, "'p5' names no callable, as the others do"),
    ],
)
def test_options_of_another_kind_are_refused_from_python(pair: Any, options: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        lobench.compare(*pair, **options)


def test_what_is_asked() -> None:
    words = ["cmp", "a.py:f", "b.py:g", "c.py:h", "--setup", "s.py:make", "--reset", "copy", "--same", "numpy:allclose"]
    found = contest.asked_of(_parser().parse_args(words), defaults())
    rules = {"setup": "s.py:make", "reset": "copy", "same": "numpy:allclose"}
    assert found == asked("a.py:f", "b.py:g", "c.py:h", **rules)
    words = ["cmp", "--command", "sleep 1", "sleep 2", "--check", "true"]
    found = contest.asked_of(_parser().parse_args(words), defaults())
    assert found == asked("sleep 1", "sleep 2", kind="commands", check="true", clock="wall_ns")
    assert contest.asked_of(_parser().parse_args(["cmp", "p4", "p5", "a.dbn"]), defaults()) is None


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("subjects.py:nothing", "has no attribute 'nothing'"),
        ("subjects.py:not_callable", "is no callable, but int"),
        ("none.py:f", "no such file"),
        ("broken.py:f", "SyntaxError"),
        ("ends.py:f", "ends the program when it is loaded (exit code 3)"),
        ("no_such_module:f", "ModuleNotFoundError"),
    ],
)
def test_what_does_not_load(spec: str, said: str, at: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.py").write_text("def f(:")
    (tmp_path / "ends.py").write_text("raise SystemExit(3)")
    with pytest.raises(UsageError) as caught:
        load(spec)
    assert said in str(caught.value)


def test_how_another_process_finds_a_function() -> None:
    assert load(spec_of(math.sqrt)) is math.sqrt
    assert spec_of(spec_of) == "lobench.workbench.contest.loading:spec_of"
    for function in (lambda: 1, [].append, Asked.as_json.__get__(asked("a.py:f", "b.py:f"))):
        with pytest.raises(UsageError, match="fresh processes load what they call"):
            spec_of(function)


def test_the_source_of_a_callable_is_found_without_loading_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inner = tmp_path / "package_of_test" / "inner.py"
    inner.parent.mkdir()
    for file in (inner, inner.with_name("__init__.py")):
        file.write_text("raise SystemExit('loaded')\n")
    assert source_of("package_of_test.inner:f") == inner
    assert source_of("package_of_test:f") == inner.with_name("__init__.py")
    assert source_of("json.decoder:JSONDecoder.decode") == Path(json.decoder.__file__)
    assert source_of("a.py:f") == Path("a.py")
    for spec in ("builtins:sorted", "no_such_module:f", "package_of_test.nothing:f", "json.decoder.nothing:f"):
        assert source_of(spec) is None
    one = asked("builtins:sorted", "package_of_test.inner:f")
    before = [conducting._digest(one, text) for text in one.subjects]
    inner.write_text("def f(values):\n    return sorted(values)\n")
    after = [conducting._digest(one, text) for text in one.subjects]
    assert (before[0] == after[0], before[1] == after[1]) == (True, False)
    assert "package_of_test" not in sys.modules


def test_who_agrees(at: Any) -> None:
    subjects = [at(name) for name in ("total", "also", "wrong", "fails", "lazy")]
    found = [outcome.reason for outcome in outcomes(asked(*subjects, setup=at("make")))]
    assert found[:2] == [None, None]
    assert found[2:4] == ["the result is 21.0, not 20.0", "raises ValueError: no sum"]
    assert "the result is <generator object lazy" in str(found[4])
    both = outcomes(asked(at("lazy"), at("lazy"), setup=at("make")))
    assert "nothing says whether results of type generator are equal; --same" in str(both[1].reason)
    assert outcomes(asked(at("fails"), at("total"), setup=at("make")))[0].reason == "raises ValueError: no sum"


def test_a_rule_of_the_users(at: Any) -> None:
    pair = (at("total"), at("wrong"))
    assert outcomes(asked(*pair, setup=at("make"), same=at("near")))[1].reason is None
    refusal = outcomes(asked(*pair[:1], at("also"), setup=at("make"), same=at("never")))[1].reason
    assert str(refusal).startswith("the result is refused by --same: Not equal to tolerance")
    with pytest.raises(LobenchError, match="--same: raises TypeError"):
        outcomes(asked(*pair, setup=at("make"), same=at("make")))


@pytest.mark.parametrize("reset", ["fresh", "copy", "same"])
def test_who_changes_its_arguments_is_caught(at: Any, reset: str) -> None:
    one, other = outcomes(asked(at("ordered"), at("orders"), setup=at("one"), reset=reset))
    assert one == Outcome()
    assert "argument 0[0] is 1, not 3" in str(other.reason)
    assert ("--reset copy or fresh each its own" in str(other.reason)) is (reset == "same")
    found = outcomes(asked(at("total"), at("scales"), setup=at("make"), reset=reset))
    assert "argument 0[1] is 2.0, not 1.0" in str(found[1].reason)


def test_results_in_arguments_are_compared(at: Any) -> None:
    one, other = outcomes(asked(at("fills"), at("fills_otherwise"), setup=at("one")))
    assert one.reason is None
    assert "changes its arguments: argument 0[0] is 1, not 3" in str(one.note)
    assert str(other.reason).startswith("leaves other arguments behind: argument 0[2] is 4, not 3")
    both = outcomes(asked(at("fills"), at("fills"), setup=at("one")))
    assert [outcome.reason for outcome in both] == [None, None]
    # All calls would get what the first one left.
    assert outcomes(asked(at("fills"), at("fills"), setup=at("one"), reset="same"))[0].reason is not None


def test_a_result_that_the_next_call_fills_is_compared_as_it_was(at: Any) -> None:
    for pair in (("fills_shared", "fills_shared_otherwise"), ("fills_shared_otherwise", "fills_shared")):
        for seed in range(4):
            one, other = outcomes(asked(*map(at, pair)), seed)
            assert one.reason is None
            assert str(other.reason).startswith("the result[0][2] is ")
    assert outcomes(asked(at("fills_shared"), at("fills_shared")))[1].reason is None
    # One object that is nothing but itself.
    assert outcomes(asked(at("itself"), at("itself")))[1].reason is None


def test_a_result_that_holds_itself_is_told(at: Any) -> None:
    reason = outcomes(asked(at("endless"), at("endless")))[1].reason
    assert reason == "its result holds itself, or lies too deep to be compared; --same FILE.py:NAME can say it"


def test_what_the_first_call_uses_up_is_not_shared(at: Any) -> None:
    with pytest.raises(UsageError, match=r"argument 0 \(list_iterator\) is used up by the first call"):
        outcomes(asked(at("ordered"), at("ordered"), setup=at("stream"), reset="same"))
    assert outcomes(asked(at("ordered"), at("ordered"), setup=at("stream")))[1].reason is None
    reason = outcomes(asked(at("drains"), at("drains"), setup=at("streams"), reset="same"))[0].reason
    assert "changes its arguments: " in str(reason)


def test_shared_arguments_that_cannot_be_copied_are_told(at: Any) -> None:
    one, other = outcomes(
        asked(at("ordered_second"), at("ordered_second"), setup=at("locked"), reset="same"),
    )
    assert one == Outcome(
        None, "shares argument 0 (lock) with all other calls, and nothing tells whether one changes that"
    )
    assert other == Outcome()
    found = outcomes(asked(at("ordered_second"), at("orders_second"), setup=at("locked"), reset="same"))
    assert "argument 1[0] is 1, not 3" in str(found[1].reason)
    bench = Callables(
        asked(at("ordered_second"), at("orders_second"), setup=at("locked"), reset="same"), [0, 1], random.Random(1)
    )
    bench.sample(1, 1, 0, 1)
    assert "argument 1[0] is 1, not 3" in bench.found()[1]


def test_a_reset_without_arguments_is_refused() -> None:
    with pytest.raises(UsageError, match="--reset is about arguments, and without --setup there are none"):
        asked("a.py:f", "b.py:f", reset="copy")


def test_a_callable_that_is_kept_on_a_cpu_bears_what_that_one_lost(at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Callables(asked(at("drawn"), at("drawn")), [0, 1], random.Random(1))
    monkeypatch.setattr(callables, "pin", lambda cpu: cpu is not None)
    monkeypatch.setattr(callables, "_threads", lambda: 1)
    monkeypatch.setattr(callables, "Clocks", lambda cpu: cpu)
    clocks = bench._clocks
    bench.settle(None)
    assert bench._clocks is clocks
    bench.settle(1)
    kept: Any = bench._clocks
    assert kept == 1


def test_all_draw_the_same_numbers(at: Any) -> None:
    assert outcomes(asked(at("drawn"), at("drawn")))[1].reason is None


@pytest.mark.parametrize(("reset", "distinct"), [("fresh", 4), ("copy", 4), ("same", 1)])
def test_arguments_of_timed_calls(at: Any, reset: str, distinct: int) -> None:
    bench = Callables(asked(at("ordered"), at("ordered"), setup=at("one"), reset=reset), [0, 1], random.Random(1))
    prepared = list(bench._prepared(1, 4))
    assert prepared == [([3, 1, 2],)] * 4
    assert len({id(arguments[0]) for arguments in prepared}) == distinct


def test_a_late_change_of_shared_arguments_is_caught(at: Any, tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text(
        "import itertools\ncount = itertools.count()\n\n\ndef late(values):\n"
        "    if next(count) == 40:\n        values[0] = 9\n    return sorted(values)[:1]\n"
        "\n\ndef first(values):\n    return sorted(values)[:1]\n"
    )
    specs = [f"{tmp_path / 'late.py'}:{name}" for name in ("first", "late")]
    bench = Callables(asked(*specs, setup=at("one"), reset="same"), [0, 1], random.Random(1))
    bench.agree(lambda place: None)
    bench.sample(1, 1, 0, 20)
    assert bench.found() == {}
    bench.sample(1, 1, 10, 20)
    assert "changed the arguments that all calls share: argument 0[0] is 9" in bench.found()[1]


def test_a_callable_that_fails_later_is_named(at: Any) -> None:
    bench = Callables(asked(at("total"), at("fails"), setup=at("make")), [0, 1], random.Random(1))
    with pytest.raises(LobenchError, match="raises ValueError: no sum"):
        bench.sample(1, 1, 0, 1)
    reading = bench.sample(0, 1, 2, 50)
    assert 0 < reading.cpu_ns < 1e9


@pytest.mark.parametrize(
    ("rates", "whole", "calls"),
    [
        ([1e-6, 1e-6], [1e-6, 1e-6], 10_000),
        ([1e-3, 1e-3], [1e-3, 1e-3], 10),
        ([1.0, 2.0], [1.0, 2.0], 1),
        # The slower takes most of a round.
        ([1e-6, 1e-3], [1e-6, 1e-3], 500),
        # Arguments take a millisecond: all of them lie in memory at once.
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


def agreed(seconds: dict[str, float], calls: int, lead_in: int, rates: dict[str, float] | None = None) -> Agreement:
    return Agreement({}, rates or seconds, seconds, calls, lead_in)


def test_who_stands_twice() -> None:
    one = asked("a.py:f", "b.py:f")
    near = laid_out(one, agreed({"a.py:f": 1e-3, "b.py:f": 1.1e-3}, 8, 1), Budget(10.0))
    assert near.measured == ["a.py:f", "b.py:f", "a.py:f (A/A)"]
    far = laid_out(one, agreed({"a.py:f": 1e-3, "b.py:f": 1e-4}, 8, 1), Budget(10.0))
    assert far.measured == ["a.py:f", "b.py:f", "b.py:f (A/A)", "a.py:f (A/A)"]
    # What arguments cost makes none of them alike.
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


def test_an_agreement_tells_of_itself_before_each_call(at: Any) -> None:
    told: list[dict[str, Any]] = []
    places: list[int] = []

    class Heard(Job):
        task = Task(
            job="agreement",
            settings={"asked": asked(at("total"), at("also"), setup=at("make")).as_json(), "variables": {}},
        )

        def in_hand(self, place: int) -> None:
            places.append(place)

        def tell(self, message: dict[str, Any]) -> None:
            told.append(message)

    work(Heard())  # type: ignore[abstract]
    # Each once to compare, each to be timed, and what was found.
    assert (len(told), sorted(places[:2]), places[2:]) == (5, [0, 1], [0, 1, 0])
    assert told[:4] == [{}] * 4
    found = told[4]
    assert found["outcomes"] == [[None, None], [None, None]]
    assert all(found["rates"][name] <= found["seconds"][name] < 1 for name in found["seconds"])


def test_what_nobody_compares_is_not_waited_for() -> None:
    names = ["a", "b", "c", "a (A/A)"]
    session = ContestSession(names, 1, Design(8, 1.0, 1, 0, until_precision=0.01))
    plain = Session(names, 1, session.design)
    rng = np.random.default_rng(1)
    for process in range(8):
        # What b is in a process, nothing says: only what is compared with it is uncertain.
        logs = [0.0, rng.normal(0, 0.5), rng.normal(0, 1e-4), rng.normal(0, 1e-4)]
        for number in range(4):
            times = [round(1e9 * math.exp(value)) for value in logs]
            rows = [[number, 0, column, column, time, time, 0, 0, 0, 0, 0] for column, time in enumerate(times)]
            session.take(process, {"samples": rows, "refused": {}})
            plain.add(process, rows)
    assert precisions(session)["c"].half_width < 0.001
    assert precisions(plain)["c"].half_width > 0.1
    assert not reached(session)
    session.refuse("b", "does something else")
    assert list(precisions(session)) == ["c", "a (A/A)"]
    assert reached(session)


TRUE = {"a.py:f": 1.0, "b.py:f": 1.0, "c.py:f": 0.97, "d.py:f": 1.2}
"""Times of one call, in milliseconds."""


def made(times: dict[str, float], clock: str = "cpu_ns", refuse: str = "", processes: int = 8) -> Contest:
    """A contest whose samples are so long, but for noise."""
    rng = np.random.default_rng(3)
    names = list(times)
    kind = "callables" if clock == "cpu_ns" else "commands"
    one = asked(*names, kind=kind, clock=clock)
    session = laid_out(one, agreed(dict.fromkeys(names, 1e-3), 10, 1), Budget(10.0, processes))
    lengths = [times[name.removesuffix(" (A/A)")] for name in session.measured]
    for process in range(processes):
        rows = []
        for number in range(30):
            for turn, column in enumerate(rng.permutation(len(lengths)).tolist()):
                wall = round(1e7 * lengths[column] * math.exp(rng.normal(0, 0.005)))
                cpu = wall if clock == "cpu_ns" else 1_000_000
                rows.append([number, 0, column, turn, wall, cpu, 0, 0, 0, 0, 0])
        session.take(process, {"samples": rows, "refused": {refuse: "does something else"} if refuse else {}})
    subjects = tuple(Subject(name, True, None, None, None, None) for name in names)
    contest = Contest(kind, clock, None, None, None, None, False, subjects, session.result(), ())
    analysis.analyse(contest, 0.01)
    return contest


def document_of(contest: Contest) -> dict[str, Any]:
    """A document that holds a contest, as JSON."""
    kept = document(kind="cmp")
    (entry, *_) = kept["variants"]
    variants = [{**entry, "name": subject.name, "phase": None} for subject in contest.subjects]
    return {**kept, "feeds": [], "variants": variants, "contest": as_json(contest)}


def test_what_samples_say() -> None:
    found = made(TRUE)
    assert [pair.verdict for pair in found.comparisons] == ["no difference shown", "faster", "slower"]
    assert [pair.regression for pair in found.comparisons] == [False, False, True]
    for pair in found.comparisons:
        assert pair.base == "a.py:f"
        assert pair.ratio.value == pytest.approx(1 / TRUE[pair.variant], rel=0.005)
    assert [subject.cpu_seconds and subject.cpu_seconds.value for subject in found.subjects] == pytest.approx(
        [1e-3 * time for time in TRUE.values()], rel=0.01
    )
    # The family is of three.
    assert found.comparisons[0].p_holm >= found.comparisons[0].p
    assert 0 < found.detectable < 0.02


def test_verdicts_are_on_the_clock_that_is_asked_for() -> None:
    found = made({"sleep 1": 1.0, "sleep 2": 2.0}, clock="wall_ns")
    (pair,) = found.comparisons
    assert (pair.verdict, pair.ratio.value) == ("slower", pytest.approx(0.5, rel=0.01))
    assert found.subjects[1].cpu_seconds is not None
    assert found.subjects[1].cpu_seconds.value == pytest.approx(1e-4)


def test_the_very_same_gets_no_verdict() -> None:
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


def test_the_very_same_are_in_no_family() -> None:
    found = made(TRUE)

    def again(name: str, first: str) -> list[Comparison]:
        kept = as_json(found)
        kept["session"]["same_as"] = {name: first}
        contest = from_json(Contest, kept)
        analysis.analyse(contest, 0.0)
        return list(contest.comparisons)

    # The less telling of two that differ, where there are three and where there are two.
    assert found.comparisons[1].p_holm == pytest.approx(2 * found.comparisons[1].p, abs=0.0)
    twin, pair, _ = again("b.py:f", "a.py:f")
    assert pair.p_holm == pytest.approx(pair.p, abs=0.0)
    assert (twin.verdict, twin.p_holm, twin.note) == (None, twin.p, "b.py:f is the same callable as a.py:f")
    _, pair, twin = again("d.py:f", "c.py:f")
    assert (pair.note, pair.verdict) == (None, "faster")
    assert (twin.note, twin.verdict) == ("d.py:f is the same callable as c.py:f", None)


def test_what_is_refused_has_no_figure() -> None:
    found = made(TRUE, refuse="d.py:f")
    assert refused(found) == {"d.py:f": "does something else"}
    assert [pair.variant for pair in found.comparisons] == ["b.py:f", "c.py:f"]
    assert found.subjects[3].cpu_seconds is None
    kept = document_of(found)
    read = validate(json.loads(json.dumps(kept)), "result.json")
    assert not agree(read)
    assert not RunResult(read, Path("result.json")).agree
    shown = page([kept])
    assert "d.py:f does something else, and no figure is shown" in shown.answer
    (table, *_) = shown.parts[0].sections[0].blocks
    assert [cell.text for cell in table.rows[3]] == ["d.py:f", "", "", "", "", "refused"]  # type: ignore[union-attr]
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
    session.take(0, {"samples": [], "refused": {"b": "differs"}})
    assert session.over


@pytest.mark.parametrize(
    ("text", "shell", "words"),
    [
        ("sort -n 'a b'", False, ["sort", "-n", "a b"]),
        ("sort | uniq", False, ["sort", "|", "uniq"]),
        ("sort | uniq", True, ["/bin/sh", "-c", "sort | uniq"]),
    ],
)
def test_words_of_a_command(text: str, shell: bool, words: list[str]) -> None:
    assert words_of(text, shell=shell) == words
    with pytest.raises(UsageError, match="cannot be split into words: No closing quotation"):
        words_of("echo 'a", shell=False)
    with pytest.raises(UsageError, match="is no command"):
        words_of(" ", shell=False)


def test_commands_that_agree_and_do_not(tmp_path: Path) -> None:
    python = f"'{sys.executable}' -c"
    subjects = [
        "echo a",
        "printf 'a\\n'",
        "echo b",
        "sh -c 'echo a; echo wrong >&2; exit 3'",
        "sh -c 'kill -9 $$'",
        "printf a",
    ]
    found = [outcome.reason for outcome in outcomes(asked(*subjects, kind="commands"))]
    assert found[:2] == [None, None]
    assert found[2] == "line 1 of its output is 'b', not 'a'"
    assert found[3] == "ended with code 3: wrong, where the first ended with code 0"
    assert str(found[4]).startswith("was killed by SIGKILL")
    assert found[5] == "its output differs in characters that end lines, or are no text"
    failing = outcomes(asked("sh -c 'echo no >&2; exit 2'", "sh -c 'exit 2'", kind="commands"))
    assert failing == [Outcome(None, "ended with code 2: no"), Outcome(None, "ended with code 2")]
    restless = asked(f"{python} 'import time; print(time.time_ns())'", "true", kind="commands")
    assert "its output differs from run to run; --check CMD" in str(outcomes(restless)[0].reason)
    with pytest.raises(UsageError, match="'no-such-program' cannot be run: No such file or directory"):
        outcomes(asked("no-such-program", "true", kind="commands"))
    (lost,) = outcomes(asked("no-such-program", "true", kind="commands", shell=True))
    assert str(lost.reason).startswith("ended with code 127")


def test_a_check_judges(tmp_path: Path) -> None:
    one = asked("echo 12", "echo 21", "echo 3", kind="commands", check="grep -q 2")
    assert [outcome.reason for outcome in outcomes(one)] == [None, None, "--check refuses it: ended with code 1"]
    (refusal,) = outcomes(asked("echo 3", "echo 2", kind="commands", check="grep -q 2"))
    assert refusal.reason is not None


def test_what_a_shell_cannot_run_is_refused_whatever_a_check_says(tmp_path: Path) -> None:
    rules: dict[str, Any] = {"kind": "commands", "shell": True, "check": "true"}
    found = outcomes(asked("echo a", "no-such-program", "exit 126", "exit 3", **rules))
    assert [outcome.reason is None for outcome in found] == [True, False, False, True]
    assert str(found[1].reason).startswith("ended with code 127")
    gone = tmp_path / "program"
    gone.write_text("#!/bin/sh\necho a\n")
    gone.chmod(0o755)
    bench = bench_of(asked("echo a", str(gone), **rules), range(2), 1, first_environment())
    assert [outcome.reason for outcome in bench.agree(lambda place: None)] == [None, None]
    gone.unlink()
    bench.sample(1, 1, 0, 1)
    assert bench.found()[1].startswith("ended with code 127")


def test_every_run_of_a_command_is_told_of_before() -> None:
    turns: list[int] = []
    plain = bench_of(asked("echo a", "echo a", kind="commands"), range(2), 1, first_environment())
    plain.agree(turns.append)
    assert turns == [0, 0, 1]
    turns.clear()
    checked = bench_of(asked("echo a", "echo b", kind="commands", check="true"), range(2), 1, first_environment())
    checked.agree(turns.append)
    assert turns == [0, 0, 1, 1]


def test_a_command_is_timed_with_what_it_waits_for(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    changing = f"sh -c 'test -e {flag} && echo b || echo a'"
    spin = f"{sys.executable} -c 'import time; list(iter(lambda: time.process_time() < 0.1, False))'"
    one = asked("sleep 0.05", f'sh -c "{spin}; true"', "echo a", kind="commands", check="true")
    bench = bench_of(one, range(3), 1, first_environment())
    bench.agree(lambda place: None)
    waiting, busy = bench.sample(0, 1, 0, 1), bench.sample(1, 1, 0, 1)
    assert waiting.wall_ns > 50e6 > waiting.cpu_ns
    assert busy.cpu_ns > 90e6
    late = bench_of(asked("echo a", changing, kind="commands"), range(2), 1, first_environment())
    assert late.agree(lambda place: None)[1].reason is None
    flag.touch()
    late.sample(1, 1, 0, 1)
    assert late.found() == {1: "its output differs from the first one's, or from one run to another"}
