"""Reading result documents: a valid one is read unchanged, any other is refused by name and place."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lobench.engine.errors import UsageError
from lobench.workbench.environment import environment as facts
from lobench.workbench.environment import machine_digest
from lobench.workbench.plan import predictions
from lobench.workbench.results import ResultError, ResultFolder, read
from lobench.workbench.results.conversion import as_json, from_json
from lobench.workbench.results.model.environment import Environment
from lobench.workbench.results.reading import validate
from lobench.workbench.results.schema import schema
from tests.support import typed
from tests.support.documents import document, environment, written
from tests.support.typed import changes, score

Document = dict[str, Any]
PARTS: dict[str, Any] = {
    "factorial": True,
    "from_top": True,
    "isolated": True,
    "scaling": True,
    "limits": True,
    "sweep": True,
}
WHOLE = document(**PARTS, feeds=("synth:one", "synth:two"))


def strict(part: Any) -> Any:
    """The schema, but with no field that it does not describe."""
    if isinstance(part, list):
        return [strict(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    closed = {"additionalProperties": False} if isinstance(part.get("required"), list) else {}
    return {name: strict(entry) for name, entry in part.items()} | closed


def refusal(path: Path) -> str:
    with pytest.raises(ResultError) as raised:
        read(path)
    assert raised.value.exit_code == 3
    text = str(raised.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert len(text) < 500 + len(str(path))
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    "made",
    [
        WHOLE,
        document(),
        document(status="partial"),
        document(analysis=False),
        document(kind="cmp", speeds={"p0_baseline": 1.0, "mine": 2.0}),
        document(disagreeing=["p2_snapshot"]),
        document(until="book"),
    ],
    ids=["whole", "plain", "partial", "no-analysis", "cmp", "disagreeing", "until-book"],
)
def test_a_saved_result_is_read(made: Document, tmp_path: Path) -> None:
    jsonschema.Draft202012Validator(strict(schema())).validate(made)
    folder = ResultFolder(str(tmp_path))
    folder.save(typed.result(made))
    assert json.loads(folder.result.read_text()) == made
    for path in (folder.result, folder.path, str(folder.result)):
        assert read(path) == typed.result(made)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_the_environment_keeps_to_the_schema() -> None:
    validator = jsonschema.Draft202012Validator({**strict(schema()), **schema()["$defs"]["environment"]})
    found = as_json(facts())
    for told in (found, environment()):
        validator.validate(told)
    assert {*found} == {*environment()}


def test_a_machine_has_one_digest() -> None:
    def digest(told: dict[str, Any]) -> str:
        read = from_json(Environment, told)
        return machine_digest(read.cpu, read.system, read.memory.total_bytes)

    one = environment()
    same = environment()
    same["memory"]["available_bytes"] //= 2
    same["memory"]["total_bytes"] += 1000
    same["load_average"] = [9.0, 9.0, 9.0]
    same["system"]["kernel"] = "Linux 6.12.99-other"
    same["cpu"]["usable_threads"] = 1
    assert digest(one) == digest(same)
    for topic, name, value in (
        ("cpu", "model", "Other"),
        ("cpu", "signature", "1-2-3"),
        ("cpu", "caches", {"L2": "1K"}),
        ("cpu", "cores", 64),
        ("system", "kernel", "Linux 6.13.1"),
        ("system", "virtualization", "none"),
        ("memory", "total_bytes", 16 << 30),
    ):
        other = environment()
        other[topic][name] = value
        assert digest(one) != digest(other), name
    assert facts().machine_digest == facts().machine_digest


def test_a_hundred_thousand_samples_are_small(tmp_path: Path) -> None:
    made = document(processes=5, passes=20, slices=170)
    folder = ResultFolder(str(tmp_path))
    folder.save(typed.result(made))
    rows = len(made["feeds"][0]["session"]["samples"]["rows"])
    assert rows == 102_000
    assert folder.result.stat().st_size < 45 * rows
    assert read(folder.result) == typed.result(made)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"hello", "line 1, column 1: not JSON"),
        (b"\xff\xfe{}", "byte 0: not JSON, is not UTF-8"),
        (b"[1, 2]", "is not a result document"),
        (b"{}", "$.schema: is not 'lobench-result'"),
        (b'{"schema": "lobench-result"}', "$.schema_version: must be the number 2"),
        (b'{"schema": "lobench-result", "schema_version": true}', "$.schema_version: must be the number 2"),
        (b'{"schema": "lobench-result", "schema_version": 2}', "$: '"),
        (b'{"schema": "lobench-result", "schema_version": 2, "a": NaN}', "NaN is not a number"),
        (b'{"schema": "lobench-result", "schema_version": 2, "a": -Infinity}', "-Infinity is not a number"),
        (b'{"schema": "lobench-result", "schema_version": 2, "a": 1e999}', "1e999 is out of range"),
        (b'{"a": ' + b"1" * 5000 + b"}", "a number that is not allowed in JSON or in a result"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"schema": ' * 100_000, "nested too deeply"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_files_that_are_no_documents(content: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(content)
    assert expected in refusal(path)


def test_truncated_files(tmp_path: Path) -> None:
    path = written(tmp_path, document(processes=1, passes=1, slices=1))
    content = path.read_bytes()
    assert len(content) > 4000
    for length in range(1, len(content), 13):
        path.write_bytes(content[:length])
        assert f"truncated: JSON ends at byte {length}" in refusal(path)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.json", tmp_path):
        with pytest.raises(UsageError, match=r"give a result\.json that lobench wrote"):
            read(path)


@pytest.mark.parametrize(("version", "expected"), [(1, "repeat the measurement"), (3, "upgrade lobench")])
def test_other_schema_versions_are_refused(version: int, expected: str, tmp_path: Path) -> None:
    text = refusal(written(tmp_path, {**document(), "schema_version": version}))
    assert text.startswith(f"is of schema version {version}, written by a")
    assert expected in text


def deleted(*names: Any) -> Callable[[Document], None]:
    def change(made: Document) -> None:
        place: Any = made
        for name in names[:-1]:
            place = place[name]
        del place[names[-1]]

    return change


def put(value: Any, *names: Any) -> Callable[[Document], None]:
    def change(made: Document) -> None:
        place: Any = made
        for name in names[:-1]:
            place = place[name]
        place[names[-1]] = value

    return change


def doubled(made: Document) -> None:
    rows = made["feeds"][0]["session"]["samples"]["rows"]
    rows[7] = rows[3]


SESSION = ("feeds", 0, "session")
ROWS = (*SESSION, "samples", "rows")
RUNG = ("feeds", 1, "analysis", "ladder", 1)
HOSTILE = [
    (deleted("feeds"), "$: 'feeds' is a required property"),
    (deleted(*SESSION, "design", "seed"), "$.feeds[0].session.design: 'seed' is a required property"),
    (deleted(*RUNG, "step"), "$.feeds[1].analysis.ladder[1]: 'step' is a required property"),
    (put("other", "kind"), "$.kind: 'other' is not one of"),
    (put("yesterday", "created"), "$.created: 'yesterday' does not match"),
    (put([], "variants"), "$.variants: []"),
    (put("1", "feeds", 0, "events"), "$.feeds[0].events: '1' is not of type 'integer'"),
    (put(-1, "feeds", 0, "events"), "$.feeds[0].events: -1 is less than the minimum"),
    (put(2**64, "feeds", 0, "books"), "is greater than the maximum"),
    (put("xyz", "feeds", 0, "digest"), "$.feeds[0].digest: 'xyz' does not match"),
    (put("x" * 10_000, "feeds", 0, "digest"), "$.feeds[0].digest: 'xxx"),
    (put({"lookups": -3}, "feeds", 0, "counters", "p1_zero_copy"), "counters.p1_zero_copy.lookups: -3 is less"),
    (put(None, *RUNG, "events_per_second"), "events_per_second: None is not of type 'object'"),
    (put({"value": 1, "low": 1}, *RUNG, "step"), "step: 'high' is a required property"),
    (put({"value": 1.0, "low": 1.2, "high": 1.1}, *RUNG, "step"), "step: low 1.2 is above high 1.1"),
    (put("maybe", *RUNG, "score"), "score: 'maybe' is not one of"),
    (put(0, *SESSION, "design", "slice_records"), "slice_records: 0 is less than the minimum"),
    (put(["a", "a"], *SESSION, "measured"), "has non-unique elements"),
    (put(["p0_baseline", "stranger", "p0_baseline (A/A)"], *SESSION, "measured"), "'stranger' is not among $.variants"),
    (put(["p0_baseline"], *SESSION, "measured"), "'p0_baseline' comes last, where the control"),
    (put(["p1_zero_copy", "p0_baseline (A/A)"], *SESSION, "measured"), "stands there without its original"),
    (put("stranger", *RUNG, "variant"), "$.feeds[1].analysis.ladder[1]: 'stranger' is not in the session"),
    (put("stranger", *RUNG, "base"), "$.feeds[1].analysis.ladder[1]: 'stranger' is not in the session"),
    (put(None, "feeds", 1, "session"), "$.feeds[1].analysis.ladder[0]: 'p0_baseline' is not in the session"),
    (put(["p9"], *SESSION, "disagreeing"), "'p9' was not measured"),
    (put(["process"], *SESSION, "samples", "columns"), "samples.columns: ['process', 'pass', 'slice'"),
    (put({}, *ROWS), "rows: {} is not of type 'array'"),
    (put(5, *ROWS, 4), "rows[4]: not a list of 12 numbers (process, pass,"),
    (put([0, 0], *ROWS, 4), "rows[4]: not a list of 12 numbers"),
    (put(1.5, *ROWS, 4, 6), "rows[4]: '1.5' is not a whole number"),
    (put(True, *ROWS, 4, 6), "rows[4]: 'True' is not a whole number"),
    (put("1", *ROWS, 4, 6), "rows[4]: '1' is not a whole number"),
    (put(None, *ROWS, 4, 6), "rows[4]: 'None' is not a whole number"),
    (put(2**70, *ROWS, 4, 6), "does not fit 64 bits"),
    (put(-5, *ROWS, 4, 6), "rows[4]: cpu_ns is -5, must be 1 to"),
    (put(0, *ROWS, 4, 5), "rows[4]: wall_ns is 0, must be 1 to"),
    (put(-1, *ROWS, 4, 8), "rows[4]: minor_faults is -1"),
    (put(6, *ROWS, 4, 3), "rows[4]: variant is 6, must be 0 to 5"),
    (put(6, *ROWS, 4, 4), "rows[4]: order is 6, must be 0 to 5"),
    (put(12, *ROWS, 4, 2), "rows[4]: slice is 12, must be 0 to 11"),
    (put(10**12, *ROWS, 4, 0), "rows[4]: process is 1000000000000, must be 0 to"),
    (put(2, *ROWS, 4, 11), "rows[4]: contaminated is 2, must be 0 to 1"),
    (doubled, "rows[3]: the sample of its process, pass, slice, variant appears twice"),
    (put(5, "feeds", 1, "isolated", "rows", 0, 3), "$.feeds[1].isolated.rows[0]: variant is 5, must be 0 to 4"),
    (put(0, "feeds", 1, "scaling", "rows", 0, 3), "$.feeds[1].scaling.rows[0]: workers is 0, must be 1"),
    (put(2, "sweep", "rows", 0, 3), "$.sweep.rows[0]: variant is 2, must be 0 to 1"),
    (put("x", "environment", "load_average", 0), "$.environment.load_average[0]: 'x' is not of type 'number'"),
    (put("x", "environment", "machine_digest"), "$.environment.machine_digest: 'x' does not match"),
]


@pytest.mark.parametrize(("change", "expected"), HOSTILE, ids=[text[:50] for _, text in HOSTILE])
def test_documents_that_break_the_schema(change: Callable[[Document], None], expected: str, tmp_path: Path) -> None:
    made = copy.deepcopy(WHOLE)
    change(made)
    assert expected in refusal(written(tmp_path, made))


def test_fields_of_later_revisions_are_let_pass(tmp_path: Path) -> None:
    made = copy.deepcopy(WHOLE)
    made["remark"] = "mine"
    made["feeds"][0]["analysis"]["more"] = [1]
    made["feeds"][0]["analysis"]["stages"] = [{"stage": "book", "share": {"value": 0.4, "low": 0.3, "high": 0.5}}]
    (stage,) = found.stages if (found := read(written(tmp_path, made)).feeds[0].analysis) and found.stages else ()
    assert (stage.stage, stage.share.value, stage.variant) == ("book", 0.4, None)


def every_place(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, entry in entries:
        yield (*path, name)
        yield from every_place(entry, (*path, name))


@pytest.mark.normal
def test_documents_that_pass_can_be_reported() -> None:
    whole = document(**PARTS, processes=2, passes=1, slices=2)
    places = [path for path in every_place(whole) if "rows" not in path[:-2]]
    odd: list[Any]
    odd = [None, True, 0, -1, 1.5, 2**63, 2**70, 1e300, 1e-300, "", "x", "p1_zero_copy", [], {}, [1], {"a": 1}, [[]]]
    draw = random.Random(1)
    passed = 0
    for _ in range(150):
        made = copy.deepcopy(whole)
        path = draw.choice(places)
        change = deleted(*path) if draw.random() < 0.2 else put(draw.choice(odd), *path)
        change(made)
        try:
            validate(made, "made")
        except ResultError:
            continue
        passed += 1
        with suppress(UsageError):
            score(made, made["feeds"][0], predictions())
            changes(whole, made)
    assert 5 < passed < 75
