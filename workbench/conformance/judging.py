"""Does an engine keep a rule? Compares its state at the end of the rule's stream with the required results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lobench.engine.oracle import digest
from lobench.engine.records import F_LAST, UNDEF_PRICE
from lobench.workbench.conformance.observation import Book, Difference, Looked, hexadecimal
from lobench.workbench.conformance.rule import OFFERS, Rule
from lobench.workbench.conformance.subjects import OracleSubject, Subject, Take
from lobench.workbench.verification.isolated import FaultError
from lobench.workbench.verification.machines import State

Status = Literal["holds", "fails", "not offered", "left out"]
_ORACLE = OracleSubject()


@dataclass(frozen=True)
class Verdict:
    """Whether an engine keeps a rule. ``record``: the first after which it does not, from 0; ``differences``: those
    after it. ``fault``: the end of the engine, if it ended instead."""

    rule: Rule
    status: Status
    record: int | None = None
    differences: tuple[Difference, ...] = ()
    fault: str | None = None

    @property
    def reason(self) -> str | None:
        """The fault in one line."""
        if self.fault is not None:
            return self.fault
        return self.differences[0].line() if self.differences else None

    def as_json(self) -> dict[str, Any]:
        rule = self.rule
        return {
            "rule": rule.name,
            "section": rule.section,
            "says": rule.says,
            "needs": rule.needs,
            "group": rule.group,
            "status": self.status,
            "record": self.record,
            "differences": [
                {"what": one.what, "expected": one.expected, "actual": one.actual} for one in self.differences
            ],
            "fault": self.fault,
        }


def judge(rule: Rule, subject: Subject) -> Verdict:
    """Replay a rule's stream on an engine. An engine that a fault ends does not keep the rule."""
    if rule.group in subject.leaves_out:
        return Verdict(rule, "left out")
    if not offered(rule, subject):
        return Verdict(rule, "not offered")
    take = Take.of(rule)
    done = len(take.records)
    try:
        found = wrong(rule, subject, take)
        if not found:
            return Verdict(rule, "holds")
        record = _first(lambda count: bool(wrong(rule, subject, take.first(count))), done)
        return Verdict(rule, "fails", record, tuple(wrong(rule, subject, take.first(record + 1)) or found))
    except FaultError as fault:
        return Verdict(rule, "fails", fault.record, (), fault.reason)


def offered(rule: Rule, subject: Subject) -> bool:
    """Whether an engine offers the rule's needs: of best prices, levels and queues, any that is at least as much."""
    books = OFFERS[:3]
    if rule.needs in books:
        return bool(subject.offers & set(books[books.index(rule.needs) :]))
    return rule.needs in subject.offers


def wrong(rule: Rule, subject: Subject, take: Take, reference: Subject = _ORACLE) -> list[Difference]:
    """The differences of an engine from the rule at the end of ``take``. ``reference`` is right."""
    actual = subject.observe(take)
    if rule.compared == "trace":
        traced = trace_of(take, subject)
        same = traced == actual.trace
        return [] if same else [Difference("trace", hexadecimal(traced), hexadecimal(actual.trace))]
    if rule.compared == "one call":
        return Looked(rule, subject.offers, everything=True).differences(subject.observe(take.in_one_call()), actual)
    return Looked(rule, subject.offers).differences(reference.observe(take), actual)


def trace_of(take: Take, subject: Subject) -> int:
    """The trace of the rows that an engine shows after each evaluation, of a stream in which every strategy's signal is
    the position that it has then."""
    total = 0
    for place, record in enumerate(take.records):
        if record["flags"] & F_LAST:
            key = (int(record["instrument_id"]), int(record["publisher_id"]))
            before = take.records[: place + 1]
            own = (before["instrument_id"] == key[0]) & (before["publisher_id"] == key[1])
            shown = subject.observe(take.first(place + 1)).books[key]
            total += _row(key, int(np.count_nonzero(own)), shown)
    return total & digest.MASK


def _row(key: Book, event_number: int, shown: State) -> int:
    best = [side[0][:2] if side else (UNDEF_PRICE, 0) for side in (shown.bids, shown.asks)]
    positions = [end.position for end in shown.accounts]
    quotes = [*best[0], *best[1]]
    return digest.row_trace(digest.book_key(*key), event_number, quotes, shown.features or (), positions)


def _first(differs: Callable[[int], bool], count: int) -> int:
    """Number of the first record after which the two differ, by bisection: after none they agree, after ``count`` they
    do not."""
    same, different = 0, count
    while different - same > 1:
        middle = (same + different) // 2
        if differs(middle):
            different = middle
        else:
            same = middle
    return different - 1
