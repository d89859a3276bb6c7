"""The rules of `lobench conform`: by hand and by the oracle they are the same, and docs/conformance.md lists them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lobench.engine.anomalies import ANOMALIES
from lobench.engine.oracle.features import FEATURES
from lobench.engine.records import MBO
from lobench.workbench.conformance import rules as parts
from lobench.workbench.conformance.conforming import SECONDS, RemoteSubject, conform
from lobench.workbench.conformance.explaining import expected, how, rows
from lobench.workbench.conformance.judging import judge
from lobench.workbench.conformance.observation import Observation, same
from lobench.workbench.conformance.rule import LEFT_OUT, OFFERS, Rule, book
from lobench.workbench.conformance.rules import RULES
from lobench.workbench.conformance.stream import Units, add, cancel, made, none
from lobench.workbench.conformance.subjects import OracleSubject, Take
from lobench.workbench.verification.isolated import FaultError, Host
from tests.support.paths import ROOT
from tests.support.replays import Records

ORACLE = OracleSubject()
HEADINGS = re.findall(r"^#+ (.*)$", (ROOT / "docs/semantics.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_the_oracle_equals_the_states_by_hand(rule: Rule) -> None:
    shown = ORACLE.observe(Take.of(rule))
    for entry in rule.shows:
        state = shown.books[entry.book]
        assert entry.bids is None or state.bids == entry.bids
        assert entry.asks is None or state.asks == entry.asks
        features = dict(zip(FEATURES, state.features or (), strict=False))
        wrong = {name: features[name] for name, value in entry.features.items() if not same(features[name], value)}
        assert wrong == {}
        accounts = {end.name: end for end in state.accounts}
        assert {name: accounts[name] for name in entry.accounts} == dict(entry.accounts)
    if rule.anomalies is not None:
        assert shown.anomalies == dict.fromkeys(ANOMALIES, 0) | dict(rule.anomalies)


def test_rules_are_well_made() -> None:
    for rule in RULES.values():
        _check(rule)


def _check(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    assert any(heading.startswith(rule.section) for heading in HEADINGS)
    assert rule.says[0].isupper()
    assert rule.says.endswith(".")
    assert rule.needs in OFFERS
    assert rule.group is None or rule.group in LEFT_OUT
    about = {
        "books": any(entry.bids is not None for entry in rule.shows),
        "features": any(entry.features for entry in rule.shows) or rule.compared == "trace",
        "strategies": any(entry.accounts for entry in rule.shows),
        "anomalies": rule.anomalies is not None,
    }
    if rule.compared != "one call":
        assert [name for name, looked in about.items() if looked] == [
            "books" if rule.needs in OFFERS[:3] else rule.needs
        ]


def test_the_oracle_keeps_all_rules() -> None:
    outcome = conform(ORACLE, list(RULES.values()))
    assert [verdict.rule.name for verdict in outcome.of("holds")] == list(RULES)


def test_names_are_taken_once() -> None:
    assert sum(len(part.RULES) for part in parts._PARTS) == len(RULES)


def test_broken_rules_are_repairs() -> None:
    """For an engine that leaves out repairs, the remaining rules contain no anomaly."""
    for rule in RULES.values():
        if rule.group is None:
            anomalies = ORACLE.observe(Take.of(rule)).anomalies or {}
            assert not any(anomalies.values()), rule.name


@pytest.mark.parametrize(
    ("group", "breaks"),
    [
        ("top-of-book", lambda records: (records["action"] == ord("A")) & (records["flags"] & 0x40 != 0)),
        ("clear", lambda records: records["action"] == ord("R")),
        ("publishers", lambda records: records["publisher_id"] != 1),
    ],
)
def test_optional_rules_occur_in_no_other_stream(group: str, breaks: Callable[[Records], Any]) -> None:
    """Rules that an engine may leave out occur in no other rule's stream."""
    may = {"event-number", "evaluates-own-book", "trace-of-books", "counts-top-of-book", "no-anomaly"}
    found = [rule for rule in RULES.values() if breaks(made(rule.stream)).any()]
    assert {rule.name for rule in found if rule.group != group} <= may


def test_documentation_lists_all_rules() -> None:
    lines = ["## All rules", "", "| rule | section | text | needs | may be left out |", "|---|---|---|---|---|"]
    for rule in RULES.values():
        lines.append(f"| `{rule.name}` | {rule.section} | {rule.says} | {rule.needs} | {rule.group or ''} |")
    assert (ROOT / "docs/conformance.md").read_text(encoding="utf-8").endswith("\n".join([*lines, ""]))


def test_every_rule_explains_itself() -> None:
    for rule in RULES.values():
        assert len(rows(rule)) == min(len(rule.stream), 41)
        assert expected(rule)
        special = (
            rule.calls or rule.stride != 56 or rule.asked or rule.beside or rule.evaluate == "every" or rule.scrambled
        )
        assert bool(how(rule)) == bool(special)


def test_a_book_by_hand() -> None:
    shown = book("100 +50 7:5 2:1 / =-3 9:4")
    assert shown.bids == [(100 * 10**9, 56, 2, [(7, 5), (2, 1)]), (-3, 4, 1, [(9, 4)])]
    assert shown.asks == []


def test_records_are_made_as_written() -> None:
    records = made([add(2**64 - 1, "B", Units(-7), 2**32 - 1), none(0)])
    assert records.dtype == MBO
    assert [int(value) for value in records["price"]] == [-7, 2**63 - 1]
    assert int(records["order_id"][0]) == 2**64 - 1
    assert records["flags"].tolist() == [0x80, 0]


@pytest.mark.parametrize("calls", [(), (0, 2, 0), (1, 1, 1), (9,)])
def test_calls_bring_all_records_once(calls: tuple[int, ...]) -> None:
    take = replace(Take.of(RULES["cancel-behind"]), calls=calls)
    handed = [place for start, stop in take.parts() for place in range(start, stop)]
    assert handed == [0, 1, 2, 3]


def test_records_lie_a_stride_apart() -> None:
    take = replace(Take.of(RULES["cancel-behind"]), stride=72)
    memory = take.laid_out()
    assert memory.ctypes.data % 8 == 0
    found = np.ndarray(len(take.records), MBO, memory.data, strides=(72,))
    assert (found == take.records).all()
    assert (memory[56:72] == 0xA5).all()


class Wrong:
    """The oracle, wrong from a number of records on: it forgets the bids."""

    name = "wrong"
    leaves_out = frozenset[str]()

    def __init__(self, at: int, offers: frozenset[str] = frozenset(OFFERS), fault: FaultError | None = None) -> None:
        self.offers = offers
        self._at = at
        self._fault = fault

    def observe(self, take: Take, advance: Callable[[int], None] | None = None) -> Observation:
        if self._fault is not None:
            raise self._fault
        shown = ORACLE.observe(take)
        if len(take.records) < self._at:
            return shown
        return replace(shown, books={key: replace(state, bids=[]) for key, state in shown.books.items()})


def test_first_difference_is_found() -> None:
    verdict = judge(RULES["cancel-behind"], Wrong(at=3))
    assert (verdict.status, verdict.record) == ("fails", 2)
    assert verdict.reason == "bids of book 1/1: expected 100 x 12 (3) [1:5 2:3 3:4], was empty"


def test_a_fault_fails_the_rule() -> None:
    verdict = judge(RULES["cancel-behind"], Wrong(0, fault=FaultError("signal", "was killed by SIGSEGV", record=3)))
    assert (verdict.status, verdict.record, verdict.reason) == ("fails", 3, "was killed by SIGSEGV")


@pytest.mark.parametrize(
    ("offers", "rule", "status"),
    [
        ("bbo", "cancel-part", "fails"),
        ("bbo", "add-joins-tail", "not offered"),
        ("levels", "cancel-part", "fails"),
        ("levels", "mid-price", "not offered"),
        ("queues", "cancel-part", "fails"),
        ("bbo features", "mid-price", "holds"),
        ("bbo features", "imbalance-buys", "not offered"),
        ("bbo", "counts-zero-size", "not offered"),
    ],
)
def test_rules_beyond_the_offers_are_not_judged(offers: str, rule: str, status: str) -> None:
    assert judge(RULES[rule], Wrong(0, frozenset(offers.split()))).status == status


def test_left_out_groups_are_not_judged() -> None:
    engine = Wrong(0)
    engine.leaves_out = frozenset({"clear"})
    assert judge(RULES["emptied-by-clear"], engine).status == "left out"
    assert judge(RULES["cancel-part"], engine).status == "fails"


def test_best_prices_alone_are_compared_alone() -> None:
    """Counts and orders of an engine that offers best prices mean nothing."""

    class Bare(Wrong):
        def observe(self, take: Take, advance: Callable[[int], None] | None = None) -> Observation:
            shown = ORACLE.observe(take)
            bare = {
                key: replace(state, bids=[(price, size, 0, []) for price, size, _, _ in state.bids[:1]])
                for key, state in shown.books.items()
            }
            return replace(shown, books=bare)

    rule = replace(RULES["level-order"], stream=(add(1, "B", 100, 5), add(2, "B", 99, 3), cancel(2, "B", 99, 1)))
    assert judge(rule, Bare(0, frozenset({"bbo"}))).status == "holds"
    assert judge(rule, Bare(0, frozenset({"levels"}))).status == "fails"


class Hanging(Host):
    """The process of an engine that hangs at every request."""

    def __init__(self) -> None:
        super().__init__("hanging")
        self.spent = 0.0

    def ask(self, what: str, arguments: Sequence[Any] = (), **options: Any) -> Any:
        (take,) = arguments
        if not len(take.records):
            return None
        self.spent += options["seconds"]
        raise FaultError("time", "did not end", done=1)


def test_an_engine_that_hangs_in_every_rule_takes_minutes() -> None:
    host = Hanging()
    outcome = conform(RemoteSubject(ORACLE, host, SECONDS), list(RULES.values()))
    assert len(outcome.of("fails")) == len(RULES)
    assert outcome.verdicts[0].record == 1
    assert host.spent < 300
