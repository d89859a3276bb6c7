"""`lobench conform`: which rules an engine keeps, and of one that crashes or hangs, in which it does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lobench.workbench.cli import main
from lobench.workbench.conformance.rules import RULES
from tests.support.command import complaints, lobench, refused
from tests.support.paths import ROOT

ENGINES = ROOT / "tests/conformance/engines"
KEEPER = ENGINES / "keeper.py"
FEW = [
    word for name in ("cancel-part", "fill-leaves-book", "fill-is-no-trade", "mid-price") for word in ("--rule", name)
]


def long(*values: object) -> Any:
    """Parameters of a test of the long tier."""
    return pytest.param(*values, marks=pytest.mark.long)


def judged(engine: object, *arguments: object, code: int) -> dict[str, Any]:
    """The status of each rule, for an engine that ends the command with exit code ``code``."""
    done = lobench("conform", engine, *arguments, "--json")
    assert done.returncode == code, done.stderr
    assert complaints(done) == ""
    return {entry["rule"]: entry for entry in json.loads(done.stdout)["rules"]}


def statuses(told: dict[str, Any]) -> dict[str, str]:
    return {rule: entry["status"] for rule, entry in told.items()}


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """The output of the verb in this process: stdout, or stderr if it refuses."""
    assert main(["conform", *arguments]) == code
    told = capsys.readouterr()
    return told.err if code else told.out


def test_the_oracle_keeps_all_rules(capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "oracle")
    assert f"oracle keeps all {len(RULES)} tested rules" in told
    assert set(RULES) <= set(told.replace(",", " ").split())


def test_an_engine_from_outside_keeps_all_rules() -> None:
    assert statuses(judged(KEEPER, code=0)) == dict.fromkeys(RULES, "holds")


@pytest.mark.long
@pytest.mark.parametrize("rule", ["modify-larger", long("fill-is-no-trade"), long("account-reverses")])
def test_an_engine_that_is_wrong_in_one_rule_fails_it(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOBENCH_TEST_FAULT", rule)
    told = judged(KEEPER, code=1)
    assert [name for name, status in statuses(told).items() if status == "fails"] == [rule]
    assert told[rule]["record"] == len(RULES[rule].stream) - 1
    assert told[rule]["differences"]
    assert told[rule]["says"] == RULES[rule].says


@pytest.mark.long
def test_engines_that_share_state_fail_one_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOBENCH_TEST_FAULT", "engines-apart")
    told = judged(KEEPER, code=1)
    assert [name for name, status in statuses(told).items() if status == "fails"] == ["engines-apart"]
    assert told["engines-apart"]["record"] == 0


def test_a_failure_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOBENCH_TEST_FAULT", "modify-larger")
    done = lobench("conform", KEEPER, "--rule", "modify-larger", "--rule", "modify-same")
    assert done.returncode == 1
    assert "1 FAIL:" in done.stdout
    assert RULES["modify-larger"].says in done.stdout
    assert "record 2: bids of book 1/1: expected 100 x 9 (2) [2:3 1:6], was 100 x 9 (2) [1:6 2:3]" in done.stdout
    assert "1 hold:" in done.stdout


@pytest.mark.parametrize(
    ("fault", "reason", "record"),
    [
        ("crash", "was killed by SIGSEGV", 1),
        long("raise", "raised ValueError: an F", 1),
        long("hang", "did not end within", 1),
    ],
)
def test_a_fault_fails_its_rule_with_record_and_reason(
    fault: str, reason: str, record: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOBENCH_TEST_FAULT", fault)
    told = judged(KEEPER, *FEW, code=1)
    assert statuses(told) == {
        "cancel-part": "holds",
        "fill-leaves-book": "fails",
        "fill-is-no-trade": "fails",
        "mid-price": "holds",
    }
    assert reason in told["fill-leaves-book"]["fault"]
    assert told["fill-leaves-book"]["record"] == record
    assert told["fill-is-no-trade"]["record"] == 3


@pytest.mark.long
def test_rules_beyond_the_offers_are_not_judged() -> None:
    told = judged(ROOT / "tests/foreign/textbook.py", code=0)
    needs = {name: RULES[name].needs for name, status in statuses(told).items() if status == "not offered"}
    assert set(needs.values()) == {"features", "strategies", "anomalies"}
    assert len(needs) == sum(rule.needs not in ("bbo", "levels", "queues") for rule in RULES.values())


@pytest.mark.long
def test_a_variant_that_is_wrong_in_one_rule_fails_it() -> None:
    told = judged(ENGINES / "clears_by_side.py", code=1)
    assert [name for name, status in statuses(told).items() if status == "fails"] == ["clear-means-both-sides"]


def test_a_rule_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "--explain", "modify-larger")
    assert RULES["modify-larger"].says in told
    assert "docs/semantics.md, Book rules" in told
    assert [line.split()[5] for line in told.splitlines() if "LAST" in line] == ["A", "A", "M"]
    assert "bids: 100 x 9 (2) [2:3 1:6]" in told


def test_all_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "--list").splitlines()
    assert [line.split()[0] for line in lines] == list(RULES)
    told = json.loads(said(capsys, "--list", "--json"))["rules"]
    assert [entry["rule"] for entry in told] == list(RULES)


def test_unknown_rules_and_engines_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean modify-larger" in said(capsys, "oracle", "--rule", "modify-large", code=2)
    assert "did you mean modify-larger" in said(capsys, "--explain", "modify-large", code=2)
    assert "needs an ENGINE" in said(capsys, code=2)
    assert "nothing" in said(capsys, "nothing", code=2)
    broken = tmp_path / "broken.py"
    broken.write_text("class ENGINE:\n    offers = 'levels'\n")
    assert "apply" in said(capsys, str(broken), code=2)


def test_an_engine_that_does_not_start_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text(
        "class ENGINE:\n"
        "    offers = 'levels'\n"
        "    def __init__(self, options): raise ValueError('no room')\n"
        "    def apply(self, records): pass\n"
        "    def levels(self, *level): return []\n"
    )
    assert "does not start: raised ValueError: no room" in refused(1, "conform", broken)
