"""Contests of callables: loading, agreement, arguments, timing."""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.contest import callables, conducting
from lobench.workbench.contest.agreement import work
from lobench.workbench.contest.bench import Outcome
from lobench.workbench.contest.callables import Callables
from lobench.workbench.contest.loading import load, source_of, spec_of
from lobench.workbench.contest.protocol import AgreementMessage, AgreementSettings
from lobench.workbench.measurement.task import Job, Task
from lobench.workbench.results.conversion import as_json
from tests.support.contests import asked, outcomes

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


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("subjects.py:nothing", "has no attribute 'nothing'"),
        ("subjects.py:not_callable", "is not callable, but of type int"),
        ("none.py:f", "no such file"),
        ("broken.py:f", "SyntaxError"),
        ("ends.py:f", "ends the program when it is loaded (exit code 3)"),
        ("no_such_module:f", "ModuleNotFoundError"),
    ],
)
def test_files_that_do_not_load_are_refused(
    spec: str, said: str, at: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.py").write_text("def f(:")
    (tmp_path / "ends.py").write_text("raise SystemExit(3)")
    with pytest.raises(UsageError) as caught:
        load(spec)
    assert said in str(caught.value)


def test_functions_have_an_importable_name() -> None:
    assert load(spec_of(math.sqrt)) is math.sqrt
    assert spec_of(spec_of) == "lobench.workbench.contest.loading:spec_of"
    none_of_a_file: list[Callable[..., object]] = [lambda: 1, list[int]().append, asked("a.py:f", "b.py:f").__str__]
    for function in none_of_a_file:
        with pytest.raises(UsageError, match="fresh processes load the callable from a file"):
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


def test_outcomes_of_agreement(at: Any) -> None:
    subjects = [at(name) for name in ("total", "also", "wrong", "fails", "lazy")]
    found = [outcome.reason for outcome in outcomes(asked(*subjects, setup=at("make")))]
    assert found[:2] == [None, None]
    assert found[2:4] == ["the result is 21.0, not 20.0", "raises ValueError: no sum"]
    assert "the result is <generator object lazy" in str(found[4])
    both = outcomes(asked(at("lazy"), at("lazy"), setup=at("make")))
    assert "no rule says whether results of type generator are equal; --same" in str(both[1].reason)
    assert outcomes(asked(at("fails"), at("total"), setup=at("make")))[0].reason == "raises ValueError: no sum"


def test_a_rule_of_the_users(at: Any) -> None:
    pair = (at("total"), at("wrong"))
    assert outcomes(asked(*pair, setup=at("make"), same=at("near")))[1].reason is None
    refusal = outcomes(asked(*pair[:1], at("also"), setup=at("make"), same=at("never")))[1].reason
    assert str(refusal).startswith("--same rejects the result: Not equal to tolerance")
    with pytest.raises(LobenchError, match="--same: raises TypeError"):
        outcomes(asked(*pair, setup=at("make"), same=at("make")))


@pytest.mark.parametrize("reset", ["fresh", "copy", "same"])
def test_callables_that_change_shared_arguments_are_caught(at: Any, reset: str) -> None:
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
    assert str(other.reason).startswith("leaves different arguments behind: argument 0[2] is 4, not 3")
    both = outcomes(asked(at("fills"), at("fills"), setup=at("one")))
    assert [outcome.reason for outcome in both] == [None, None]
    # Each call would get the array that the first one filled.
    assert outcomes(asked(at("fills"), at("fills"), setup=at("one"), reset="same"))[0].reason is not None


def test_a_result_that_the_next_call_fills_is_compared_as_it_was(at: Any) -> None:
    for pair in (("fills_shared", "fills_shared_otherwise"), ("fills_shared_otherwise", "fills_shared")):
        for seed in range(4):
            one, other = outcomes(asked(*map(at, pair)), seed)
            assert one.reason is None
            assert str(other.reason).startswith("the result[0][2] is ")
    assert outcomes(asked(at("fills_shared"), at("fills_shared")))[1].reason is None
    # The same object, which equals only itself.
    assert outcomes(asked(at("itself"), at("itself")))[1].reason is None


def test_a_result_that_contains_itself_is_refused(at: Any) -> None:
    reason = outcomes(asked(at("endless"), at("endless")))[1].reason
    assert reason == "its result contains itself, or is nested too deeply to compare; --same FILE.py:NAME can decide it"


def test_iterators_are_not_shared(at: Any) -> None:
    with pytest.raises(UsageError, match=r"argument 0 \(list_iterator\) is used up by the first call"):
        outcomes(asked(at("ordered"), at("ordered"), setup=at("stream"), reset="same"))
    assert outcomes(asked(at("ordered"), at("ordered"), setup=at("stream")))[1].reason is None
    reason = outcomes(asked(at("drains"), at("drains"), setup=at("streams"), reset="same"))[0].reason
    assert "changes its arguments: " in str(reason)


def test_shared_arguments_that_cannot_be_copied_are_noted(at: Any) -> None:
    one, other = outcomes(
        asked(at("ordered_second"), at("ordered_second"), setup=at("locked"), reset="same"),
    )
    assert one == Outcome(
        None, "shares argument 0 (lock) with all other calls, and a change by one of them would go unnoticed"
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
    with pytest.raises(UsageError, match="--reset applies to arguments, and without --setup there are none"):
        asked("a.py:f", "b.py:f", reset="copy")


def test_a_pinned_callable_bears_its_cpus_lost_time(at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_random_numbers_are_the_same_for_all(at: Any) -> None:
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


def test_agreement_reports_progress_before_each_call(at: Any) -> None:
    told: list[object] = []
    places: list[int] = []

    class Heard(Job):
        task = Task(
            job="agreement",
            settings=as_json(
                AgreementSettings(asked=asked(at("total"), at("also"), setup=at("make")), variables={}),
            ),
        )

        def in_hand(self, place: int) -> None:
            places.append(place)

        def tell(self, message: object) -> None:
            told.append(message)

    heard: type[Any] = Heard
    work(heard())
    # Each once to compare, each once to be timed, and then the result.
    assert (len(told), sorted(places[:2]), places[2:]) == (5, [0, 1], [0, 1, 0])
    assert told[:4] == [AgreementMessage()] * 4
    found = told[4]
    assert isinstance(found, AgreementMessage)
    assert found.outcomes == (Outcome(), Outcome())
    assert len(found.seconds) == 2
    assert all(found.rates[name] <= found.seconds[name] < 1 for name in found.seconds)
