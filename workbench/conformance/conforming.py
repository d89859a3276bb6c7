"""Judging an engine by all rules, one after the other, in a process that is restarted if a rule ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from lobench.engine.errors import LobenchError
from lobench.engine.foreign.engine import LIBRARIES
from lobench.engine.foreign.start import Contestant
from lobench.engine.policy import Variant
from lobench.engine.records import MBO
from lobench.variants import resolve
from lobench.workbench.conformance.judging import Verdict, judge
from lobench.workbench.conformance.observation import Observation
from lobench.workbench.conformance.rule import OFFERS, Rule
from lobench.workbench.conformance.subjects import OracleSubject, Subject, Take, subject_of
from lobench.workbench.ladder import known_with
from lobench.workbench.verification.isolated import COMPILING_SECONDS, LOADING_SECONDS, FaultError, Host

ORACLE: Final = "oracle"
SECONDS: Final = 10.0
"""Time limit of an engine for a rule's stream; the oracle replays the longest one in half a second."""
LEAST_SECONDS: Final = 1.0
MOST_SEARCHES: Final = 10
NOTHING: Final = Take(np.zeros(0, MBO), [])
"""A stream without records: it shows that the engine loads and starts."""


@dataclass(frozen=True)
class Conformance:
    """An engine and its outcome for every rule."""

    engine: str
    offers: tuple[str, ...]
    leaves_out: tuple[str, ...]
    verdicts: tuple[Verdict, ...]

    def of(self, status: str) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.status == status]

    def as_json(self) -> dict[str, Any]:
        statuses = ("holds", "fails", "not offered", "left out")
        return {
            "engine": self.engine,
            "offers": list(self.offers),
            "leaves_out": list(self.leaves_out),
            "counts": {status: len(self.of(status)) for status in statuses},
            "rules": [verdict.as_json() for verdict in self.verdicts],
        }


class RemoteSubject:
    """An engine in a ``Host``'s process. ``seconds``: limit for one stream. An engine that hangs repeatedly gets less
    time, and if it ends its process repeatedly, the record is no longer searched for."""

    def __init__(self, known: Subject, host: Host, seconds: float) -> None:
        self.name = known.name
        self.offers = known.offers
        self.leaves_out = known.leaves_out
        self._host = host
        self._seconds = seconds
        self._faults = 0
        self._ready = True

    def observe(self, take: Take, advance: Callable[[int], None] | None = None) -> Observation:
        try:
            return self._ask(take, advance)
        except FaultError as fault:
            self._faults += 1
            if fault.kind == "time":
                self._seconds = max(LEAST_SECONDS, self._seconds / 2)
            fault.record = self._find(take, fault) if self._faults <= MOST_SEARCHES else None
            raise

    def _ask(self, take: Take, advance: Callable[[int], None] | None = None) -> Observation:
        try:
            if not self._ready:
                # Do not count a restart of the process against the stream's time.
                self._host.ask("observe", [NOTHING], seconds=LOADING_SECONDS)
                self._ready = True
            seen: Observation = self._host.ask("observe", [take], seconds=self._seconds, advance=advance)
        except FaultError:
            self._ready = False
            raise
        return seen

    def _find(self, take: Take, fault: FaultError) -> int | None:
        """The record at which a fault begins, if it does when records come one by one."""
        try:
            self._ask(take.one_by_one())
        except FaultError as again:
            return again.done if again.kind == fault.kind and again.done < len(take.records) else None
        return None


@contextmanager
def subject(engine: str) -> Iterator[Subject]:
    """Within the context, the engine of that name, or of that file. Raises UsageError if there is none, LobenchError if
    it does not compile."""
    if engine == ORACLE:
        yield OracleSubject()
        return
    found, files = named(engine)
    with Host(found.name, files) as host:
        try:
            if isinstance(found, Variant):
                host.ask("warm", ["strategies", False], seconds=COMPILING_SECONDS, bounded=False)
            else:
                host.ask("observe", [NOTHING], seconds=LOADING_SECONDS)
        except FaultError as fault:
            what = "compile" if isinstance(found, Variant) else "start"
            raise LobenchError(f"{found.name}: does not {what}: {fault.reason}") from None
        yield RemoteSubject(subject_of(found), host, SECONDS)


def named(engine: str) -> tuple[Contestant, list[str]]:
    """The variant of that name, or the engine of that file, and the files that define it. Raises UsageError if there is
    none."""
    files = [engine] if engine.endswith((".py", *LIBRARIES)) else []
    return resolve(Path(engine).stem if files else engine, known_with(files)), files


def conform(engine: Subject, rules: Sequence[Rule], advance: Callable[[], None] = lambda: None) -> Conformance:
    """Judge an engine by these rules; ``advance`` is called after each."""
    verdicts = []
    for rule in rules:
        verdicts.append(judge(rule, engine))
        advance()
    offers = tuple(offer for offer in OFFERS if offer in engine.offers)
    return Conformance(engine.name, offers, tuple(sorted(engine.leaves_out)), tuple(verdicts))
