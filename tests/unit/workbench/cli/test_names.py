"""How variants are named: in full or by first letters, alone or under a combination, the same in every verb."""

from __future__ import annotations

import argparse
import re
from types import SimpleNamespace
from typing import Any

import pytest

from lobench.engine.errors import UsageError
from lobench.variants import discover, full_name, resolve
from lobench.workbench.cli import _parser, cmp, history, plan_predict, replay
from lobench.workbench.commits import reach
from lobench.workbench.commits.origins import Own
from lobench.workbench.conformance import conforming
from lobench.workbench.ladder import load_ladder
from lobench.workbench.selection import named_or_last, select, with_reference
from tests.unit.workbench.cli.test_options import TABLE

KNOWN = discover()
OWN = load_ladder()
P4, P7 = "p4_hash_lookup", "p7_cache_layout"


@pytest.mark.parametrize(
    ("typed", "full"),
    [
        (P4, P4),
        ("p4", P4),
        ("p4_", P4),
        ("p4_hash", P4),
        ("p7,events=clone", f"{P7},events=clone"),
        (f"{P7}, events=clone", f"{P7}, events=clone"),
        ("events=clone", "events=clone"),
        ("events=clone,lookup=hash", "events=clone,lookup=hash"),
    ],
)
def test_first_letters_are_enough(typed: str, full: str) -> None:
    assert full_name(typed, KNOWN) == full
    assert resolve(typed, KNOWN) == resolve(full, KNOWN)


def test_a_whole_part_of_a_name_comes_first() -> None:
    names = ["p1_zero_copy", "p10_next", "mine", "mine_too", "m"]
    assert full_name("p1", names) == "p1_zero_copy"
    assert full_name("p10", names) == "p10_next"
    assert full_name("mine", names) == "mine"
    assert full_name("m", names) == "m"
    assert full_name("mine_", names) == "mine_too"


@pytest.mark.parametrize(
    ("typed", "near"),
    [("p77", "; did you mean p7? Use"), ("p7_cash_layout", "; did you mean p7_cache_layout? Use"), ("p99", ". Use")],
)
def test_a_misspelled_name_is_answered_with_the_closest(typed: str, near: str) -> None:
    with pytest.raises(UsageError) as refused:
        full_name(typed, KNOWN)
    assert str(refused.value).startswith(f"no variant named '{typed}'{near} any of p0_baseline")


def words(verb: str, typed: str) -> argparse.Namespace:
    given = {
        "replay": ("replay", "a.dbn", "--variant", typed),
        "cmp": ("cmp", "p0", typed),
        "cmp A": ("cmp", typed, "p0"),
        "profile": ("profile", typed),
        "run": ("run", "--variants", typed),
        "measure": ("measure", "--variants", typed),
        "latency": ("latency", "--variants", typed),
        "conform": ("conform", typed),
        "profile diff": ("profile", "diff", "p0", typed),
        "plan predict": ("plan", "predict", typed, "--share", "0.5", "--bottleneck", "it"),
        "verify": ("verify", "--variants", typed),
        "check": ("check", "HEAD~1", "--variants", typed),
        "history": ("history", "record", "--variants", typed),
        "history backfill": ("history", "backfill", "HEAD~3..", "--variants", typed),
    }[verb]
    return _parser().parse_args(list(given))


def chosen(verb: str, typed: str) -> str:
    """The variant that a verb chooses for a typed name."""
    arguments = words(verb, typed)
    if verb == "replay":
        return replay._variant(arguments).name
    if verb.startswith("cmp"):
        pair = cmp._variants(arguments, OWN)[1]
        return pair[0] if verb == "cmp A" else pair[1]
    if verb.startswith("profile"):
        return OWN.named(arguments.words[-1]).name
    if verb == "conform":
        return conforming.named(arguments.engine)[0].name
    if verb in ("run", "measure", "latency"):
        return with_reference(arguments.variants, OWN)[-1].name
    if verb == "verify":
        return select(arguments.variants, OWN)[-1].name
    if verb == "check":
        return reach.named(arguments.variants, list(KNOWN))[-1]
    commit: Any = SimpleNamespace(hash="0")
    repository: Any = SimpleNamespace(names=lambda *_: [f"variants/{name}.py" for name in KNOWN])
    return history._chosen(Own(repository), [commit], arguments.variants)[1][-1]


VERBS = (
    *("replay", "cmp", "cmp A", "profile", "profile diff", "run", "measure", "latency", "verify", "conform"),
    *("check", "history", "history backfill"),
)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("typed", "full"), [("p4", P4), ("p4_ha", P4), (P4, P4), ("p7,events=clone", f"{P7},events=clone")]
)
def test_every_verb_takes_them(verb: str, typed: str, full: str) -> None:
    assert chosen(verb, typed) == full


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_refuses_in_the_same_words(verb: str) -> None:
    several = "'p' is ambiguous: p0_baseline, p1_zero_copy, p2_snapshot, "
    with pytest.raises(UsageError, match=re.escape(several)):
        chosen(verb, "p")
    unknown = f"no variant named 'p99'. Use any of {', '.join(KNOWN)} (first letters are enough), or axis=policy,… with"
    for typed in ("p99", "p99,events=clone"):
        with pytest.raises(UsageError, match=re.escape(unknown)):
            chosen(verb, typed)


def test_no_verb_that_takes_names_is_forgotten() -> None:
    """By the names of its arguments; a phase may also be a number, and only steps of the ladder are phases."""
    taking = {(verb, dest) for verb, dest in TABLE if dest in ("variant", "variants", "a", "b", "engine", "phase")}
    assert {verb for verb, _ in taking} == {verb.removesuffix(" A") for verb in VERBS} - {
        *("profile", "profile diff", "history")
    } | {"history record", "plan predict"}
    assert ("profile", "words") in TABLE


@pytest.mark.parametrize("typed", ["p4", P4, "4"])
def test_a_phase_is_named_the_same_way(typed: str) -> None:
    assert plan_predict._phase(words("plan predict", typed).phase) == 4


def test_python_takes_them() -> None:
    assert named_or_last("p4", KNOWN).name == P4
    assert [one.name for one in select("p4 p7", OWN)] == [P4, P7]


def test_the_ladder_of_commits() -> None:
    assert reach.named("ladder", ["p0_plain", "p1_new"]) == ["p0_plain", "p1_new"]
    assert reach.named("p1 p0_plain p1_new", ["p0_plain", "p1_new"]) == ["p1_new", "p0_plain"]
    with pytest.raises(UsageError, match="--variants names no variant"):
        reach.named(" ", ["p0_plain"])
    with pytest.raises(UsageError, match="Use any of none"):
        reach.named("p0", [])
