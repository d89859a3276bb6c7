"""The dataclasses of a result document against its schema: the same properties, missing or null in the same cases; and
a document that was read is written unchanged."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from lobench.workbench.results import Result, read
from lobench.workbench.results.conversion import as_json, from_json, properties
from lobench.workbench.results.model import control
from lobench.workbench.results.model.document import FeedResult
from lobench.workbench.results.model.samples import Design
from lobench.workbench.results.reading import parse
from lobench.workbench.results.refuted import failed, refuted
from lobench.workbench.results.schema import schema
from tests.support import typed
from tests.support.documents import document
from tests.support.paths import ROOT
from tests.support.reported import complete

ENVELOPE = {"schema", "schema_version"}
"""In every file, and in no object: all are of one version."""
CHOSEN = {(Design, name) for name in ("passes", "seed", "pinned", "until_precision")}
"""Required in a document, but with a default for code that lays out a session."""
KINDS = {"string": str, "integer": int, "number": float, "boolean": bool}
PUBLISHED = ROOT / "reports" / "published" / "result.json"


def resolved(part: Mapping[str, Any]) -> dict[str, Any]:
    """A part of the schema with its references resolved; ``types`` are those that both allow, None for any."""
    own = dict(part)
    found: dict[str, Any] = {}
    if "$ref" in own:
        found = resolved(schema()["$defs"][own.pop("$ref").rpartition("/")[2]])
    both = [kinds for kinds in (found.get("types"), types_of(own)) if kinds is not None]
    return {
        **found,
        **own,
        "required": [*found.get("required", ()), *own.get("required", ())],
        "properties": {**found.get("properties", {}), **own.get("properties", {})},
        "types": set.intersection(*both) if both else None,
    }


def types_of(part: Mapping[str, Any]) -> set[str] | None:
    if "type" in part:
        return {part["type"]} if isinstance(part["type"], str) else set(part["type"])
    if "enum" in part:
        return {"null" if value is None else "string" for value in part["enum"]}
    if "const" in part:
        return {{str: "string", int: "integer", list: "array"}[type(part["const"])]}
    return None


def problems(kind: Any, part: Mapping[str, Any], path: str = "$") -> Iterator[str]:
    """Where a dataclass and the schema of an object say different things."""
    described = resolved(part)
    hints = get_type_hints(kind)
    known = {key: (name, omitted) for name, key, omitted in properties(kind)}
    own: dict[str, Field[Any]] = {field.name: field for field in fields(kind)}
    wanted = {name: entry for name, entry in described["properties"].items() if path != "$" or name not in ENVELOPE}
    for name in sorted(known.keys() ^ wanted.keys()):
        yield f"{path}.{name}: only in {'the dataclass' if name in known else 'the schema'}"
    for key in known.keys() & wanted.keys():
        name, omitted = known[key]
        place = f"{path}.{key}"
        has_default = own[name].default is not MISSING or own[name].default_factory is not MISSING
        if (key in described["required"]) == has_default and (kind, name) not in CHOSEN:
            yield f"{place}: {'required' if has_default else 'optional'} in the schema alone"
        inner, nullable = without_none(hints[name])
        if omitted and (key in described["required"] or not nullable):
            yield f"{place}: cannot be omitted"
        allowed = resolved(wanted[key])["types"] or set()
        if nullable != ("null" in allowed) and not omitted:
            yield f"{place}: {'null' if nullable else 'never null'} in the dataclass alone"
        yield from differences(inner, wanted[key], place)


def differences(hint: Any, part: Mapping[str, Any], path: str) -> Iterator[str]:
    """The same of a value that is there."""
    described = resolved(part)
    allowed = (described["types"] or set()) - {"null"}
    origin, arguments = get_origin(hint), get_args(hint)
    if is_dataclass(hint):
        yield from problems(hint, part, path) if allowed == {"object"} else [f"{path}: is {allowed}"]
    elif origin in (tuple, list):
        if allowed != {"array"}:
            yield f"{path}: is {allowed}, not an array"
        elif "items" in described:
            yield from differences(arguments[0], described["items"], f"{path}[]")
    elif origin is not None and issubclass(origin, Mapping):
        if allowed != {"object"} or described["properties"]:
            yield f"{path}: is {allowed}, not a mapping"
        inner, nullable = without_none(arguments[1])
        entry = described["additionalProperties"]
        if nullable != ("null" in (resolved(entry)["types"] or set())):
            yield f"{path}.*: null in one alone"
        yield from differences(inner, entry, f"{path}.*")
    elif hint is Any:
        if described["types"] is not None:
            yield f"{path}: is {allowed}, not anything"
    elif {KINDS[name] for name in allowed} != {hint}:
        yield f"{path}: is {allowed}, not {hint}"


def without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (Union, types.UnionType):
        (inner,) = (one for one in get_args(hint) if one is not type(None))
        return inner, True
    return hint, False


def test_the_dataclasses_are_the_schema() -> None:
    assert list(problems(Result, schema())) == []


@pytest.mark.parametrize("change", ["more", "fewer", "optional", "null", "kind"])
def test_a_difference_is_found(change: str) -> None:
    feed = resolved(schema()["$defs"]["feed"])
    events = feed["properties"]["events"]
    changed = {
        "more": {**feed, "properties": {**feed["properties"], "mood": {"type": "string"}}},
        "fewer": {**feed, "properties": {name: part for name, part in feed["properties"].items() if name != "events"}},
        "optional": {**feed, "required": [name for name in feed["required"] if name != "events"]},
        "null": {**feed, "properties": {**feed["properties"], "events": {"type": ["integer", "null"]}}},
        "kind": {**feed, "properties": {**feed["properties"], "events": {"type": "string"}}},
    }[change]
    assert events
    (problem,) = problems(FeedResult, changed)
    assert "mood" in problem or "events" in problem


@pytest.mark.parametrize("made", [complete(), document(), document(status="partial"), document(kind="cmp")])
def test_a_result_survives_reading_and_writing(made: dict[str, Any]) -> None:
    made = {name: value for name, value in made.items() if name not in ENVELOPE}
    assert json.dumps(as_json(typed.result(made)), sort_keys=True) == json.dumps(made, sort_keys=True)


def test_an_older_result_is_read_and_nothing_of_it_is_lost() -> None:
    """Written before names of one kernel were kept, and biases shown: these are empty, all else is as it was."""
    before = parse(PUBLISHED)
    after = as_json(read(PUBLISHED))

    def kept(one: Any, other: Any, path: str) -> None:
        if isinstance(one, dict):
            for name in one.keys() - ENVELOPE:
                kept(one[name], other[name], f"{path}.{name}")
            assert all(not other[name] for name in other.keys() - one.keys()), path
        elif isinstance(one, list):
            assert len(one) == len(other), path
            for place, (old, new) in enumerate(zip(one, other, strict=True)):
                kept(old, new, f"{path}[{place}]")
        else:
            assert (one, type(one)) == (other, type(other)), path

    kept(before, after, "$")


def test_rows_are_handed_on_as_they_are() -> None:
    made = document()
    rows = made["feeds"][0]["session"]["samples"]["rows"]
    read_again = from_json(Result, made)
    assert read_again.feeds[0].session is not None
    assert read_again.feeds[0].session.samples.rows is rows
    assert as_json(read_again)["feeds"][0]["session"]["samples"]["rows"] is rows


def test_a_second_name() -> None:
    assert control.again("mine") == "mine (A/A)"
    assert control.is_again("mine (A/A)")
    assert not control.is_again("mine")
    assert control.once("mine (A/A)") == control.once("mine") == "mine"


def test_failed_and_refuted_variants() -> None:
    made = document(disagreeing=["p2_snapshot"], from_top=True)
    (feed,) = made["feeds"]
    feed["verification"][2] |= {"agrees": False, "difference": "event 5"}
    feed["from_top"]["disagreeing"] = ["p4_hash_lookup,events=clone"]
    feed["from_top"]["reasons"] = {"p4_hash_lookup,events=clone": "does its work late"}
    assert failed(typed.feed(feed)) == {"p1_zero_copy": "event 5"}
    assert refuted(typed.feed(feed)) == {
        "p1_zero_copy": "event 5",
        "p2_snapshot": "it differed from the reference in a timed replay",
        "p4_hash_lookup,events=clone": "does its work late",
    }
