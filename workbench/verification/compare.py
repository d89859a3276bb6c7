"""Do two machines compute the same? Their proofs, and the first event after which they differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lobench.engine.errors import LobenchError
from lobench.engine.feeds import LoadedFeed
from lobench.engine.records import MBO
from lobench.engine.replay import SHOWN_FIELDS
from lobench.engine.result import Result
from lobench.workbench.verification.difference import Difference, differing
from lobench.workbench.verification.isolated import FaultError
from lobench.workbench.verification.machines import Machine, State
from lobench.workbench.verification.proof import Proof, bracket, compare

UNSTEADY = "differs, but not again when replayed: its results change from run to run"


@dataclass(frozen=True)
class Verification:
    """Whether one machine agrees with the reference on one feed. ``kinds`` names the differences; ``difference`` is the
    first.

    ``fault`` is the end of a replay without a proof; its kind is in ``kinds``.
    """

    name: str
    workers: int
    proof: Proof | None
    kinds: tuple[str, ...]
    difference: Difference | None = None
    fault: FaultError | None = None
    compared: str | None = None
    """Of an engine from outside: the compared results, and those it does not offer."""
    event: dict[str, int] | None = None
    """That at which a fault begins."""

    @property
    def result(self) -> Result:
        """The replay's result. Raises LobenchError if there is none."""
        if self.proof is None:
            raise LobenchError(f"{self.name}: {self.reason}")
        return self.proof.result

    @property
    def agrees(self) -> bool:
        return not self.kinds

    @property
    def reason(self) -> str | None:
        """Why it does not agree where no difference says so; None where one does, or it agrees."""
        if self.fault is not None:
            return f"{self.fault.reason}{self._where()}"
        return UNSTEADY if self.kinds and self.difference is None else None

    def lines(self) -> list[str]:
        """The differences, for a person; nothing if there is none."""
        if self.difference is not None:
            return self.difference.lines()
        return [] if self.reason is None else [self.reason]

    def digests(self) -> dict[str, str]:
        """Hex digests by kind, as far as there are."""
        return {} if self.proof is None else self.proof.as_json()

    def as_json(self) -> dict[str, Any]:
        """The verification as JSON."""
        nothing = {"events": None, "evaluations": None, "books": None, "anomalies": None}
        return {
            "variant": self.name,
            "workers": self.workers,
            "agrees": self.agrees,
            "kinds": list(self.kinds),
            **(nothing if self.proof is None else self.proof.result.as_json()),
            "digests": self.digests(),
            "difference": self.difference.as_json() if self.difference else None,
            "reason": self.reason,
            "record": None if self.fault is None else self.fault.record,
            **({} if self.compared is None else {"compared": self.compared}),
        }

    def _where(self) -> str:
        fault = self.fault
        if fault is None or fault.kind == "compile" or (fault.at and not fault.done):
            return ""
        if fault.record is None or self.event is None:
            return f"; {fault.done:,} records were done before"
        event = self.event
        fields = ", ".join(f"{name} {event[name]}" for name in SHOWN_FIELDS)
        return f"; at event {fault.record}: action {chr(event['action'])!r}, side {chr(event['side'])!r}, {fields}"


def verify(
    feed: LoadedFeed,
    reference: Machine,
    expected: Proof,
    machine: Any,
    advance: Callable[[int], None] | None = None,
) -> Verification:
    """Replay ``feed`` on ``machine`` and compare with the ``reference``; for a difference, find where it begins."""
    try:
        actual = machine.replay(feed, feed.count, advance)
    except FaultError as fault:
        return failed(feed, machine, fault)
    kinds = compare(expected, actual)
    try:
        difference = locate(feed, reference, expected, machine, actual) if kinds else None
    except FaultError as fault:
        # It gave another result before, and fails now.
        return replace(failed(feed, machine, fault), kinds=(*kinds, fault.kind))
    return Verification(machine.name, machine.workers, actual, kinds, difference)


def failed(feed: LoadedFeed, machine: Machine, fault: FaultError) -> Verification:
    """The outcome of a machine that a fault ended."""
    event = None if fault.record is None else fields_of(feed, fault.record)
    return Verification(machine.name, machine.workers, None, (fault.kind,), fault=fault, event=event)


def fields_of(feed: LoadedFeed, record: int) -> dict[str, int]:
    """A record's fields by name."""
    return {name: int(feed.records[record][name]) for name in MBO.names or ()}


def locate(feed: LoadedFeed, reference: Machine, expected: Proof, machine: Machine, actual: Proof) -> Difference | None:
    """The first event after which the two differ, by bisection: over the contents of the proofs first, then over
    replays of prefixes.

    None if no prefix differs when it is replayed again: then the machine's results vary from run to run.
    """

    def kinds_after(count: int) -> tuple[str, ...]:
        return compare(reference.replay(feed, count), machine.replay(feed, count)) if count else ()

    same, different = bracket(expected, actual, feed.count)
    if kinds_after(same):
        # Not every boundary has a whole state: the first difference comes after the last whole state that was
        # equal. For counts there is no earlier trace.
        whole = [
            count for count in expected.states if count < same and expected.states[count] == actual.states.get(count)
        ]
        same, different = max(whole, default=0), same
        if kinds_after(same):
            same, different = 0, same
    kinds = kinds_after(different)
    if not kinds:
        return None
    # Invariant: after `same` records the two agree, after `different` they do not.
    while different - same > 1:
        middle = (same + different) // 2
        found = kinds_after(middle)
        if found:
            different, kinds = middle, found
        else:
            same = middle
    event = feed.records[different - 1]
    book = (int(event["instrument_id"]), int(event["publisher_id"]))
    before = reference.state(feed, same, *book)
    one, other = reference.state(feed, different, *book), machine.state(feed, different, *book)
    return Difference(
        record=different - 1,
        event=fields_of(feed, different - 1),
        kinds=named(kinds, one, other),
        before=before,
        expected=one,
        actual=other,
    )


def named(kinds: tuple[str, ...], expected: State, actual: State) -> tuple[str, ...]:
    """Kinds of a difference, with the differences in the event's book (books, features, strategies) in place of the
    proofs that revealed it, if there are any."""
    shown = {
        "books": (expected.bids, expected.asks) != (actual.bids, actual.asks),
        "features": bool(differing(expected.features, actual.features)),
        "strategies": expected.accounts != actual.accounts,
    }
    found = tuple(name for name, differs in shown.items() if differs)
    rest = [kind for kind in kinds if kind not in shown and kind not in ("trace", "state", "answers")]
    return (*found, *rest) if found else kinds
