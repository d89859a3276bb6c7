"""A session of commits: they replay the same feeds in turns, slice by slice, in several rounds of fresh processes.

The measurements of a variant on a feed are a session as for variants (``measurement.session``): sources take the place
of variants, by their keys, the first of them again as the control; a round is a process of it. So samples, controls,
statistics and verdicts are the same. Only the replays differ: each source's own code, in a process that imports no
other (``worker``).
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from lobench.workbench.commits.locating import Apart, locate
from lobench.workbench.commits.participant import Participant
from lobench.workbench.commits.sources import BrokenError, Source
from lobench.workbench.console import progress
from lobench.workbench.measurement.contamination import Reading, is_contaminated
from lobench.workbench.measurement.design import Slice, equal_slices, slices
from lobench.workbench.measurement.lockstep import LOCKSTEP
from lobench.workbench.measurement.precision import precisions
from lobench.workbench.measurement.protocol import Pass
from lobench.workbench.measurement.session import Session
from lobench.workbench.measurement.turn_order import orders
from lobench.workbench.results.model.control import again
from lobench.workbench.results.model.samples import Design, Rows
from lobench.workbench.statistics import compared
from lobench.workbench.statistics.ladder import Comparisons

SLICE_RECORDS = 32_768
LEAD_IN_RECORDS = 4_096
"""Of a slice, that are not timed: they find the caches."""

UNSTEADY = "its results change from replay to replay"

State = tuple[str, str | None]
"""Digest of a state, and of the running trace where one is kept."""


def design_of(rounds: int, seconds: float) -> Design:
    """In each of ``rounds``, ``seconds`` of replaying in turns, at least one pass over each feed by each variant."""
    return Design(rounds, seconds, SLICE_RECORDS, LEAD_IN_RECORDS, pinned=True)


@dataclass
class CommitSession:
    """The state of a session. Sources are known by index; results of the first ``trusted`` of them are right."""

    sources: list[Source]
    feeds: list[list[str]]
    variants: list[str]
    design: Design
    evaluate: str = "last"
    trusted: int = 1
    alone: frozenset[str] = frozenset()
    """Variants that are measured also where only one source has code of its own of them, beside its copy."""
    accept_results: bool = False
    """Also measure variants whose results differ from those of the trusted sources."""
    variables: tuple[tuple[str, str], ...] = ()
    """Set in the environment of all processes."""
    reach: dict[str, str] = field(default_factory=dict)
    """How far engines from outside replay: as far as all of them do."""
    same: dict[tuple[int, str], int] = field(default_factory=dict)
    """(source, variant) to an earlier source with the same code of it, which represents it."""
    lacking: dict[int, dict[str, str]] = field(default_factory=dict)
    """Source to variant to why it is not there."""
    events: list[int] = field(default_factory=list)
    """Records of each feed."""
    differences: dict[tuple[int, str], Apart] = field(default_factory=dict)
    """(source, variant) to where its results are those of no trusted source any more."""
    states: dict[tuple[int, int, str], State] = field(default_factory=dict)
    """(source, feed, variant) to its end state."""
    timed: dict[tuple[int, str], Session] = field(default_factory=dict)
    """(feed, variant) to its measurement."""
    rounds: int = 0

    def has(self, place: int, variant: str) -> bool:
        """Whether a source has a variant."""
        return variant not in self.lacking.get(place, {})

    def stands(self, place: int, variant: str) -> int:
        """The source that is measured for this one."""
        return self.same.get((place, variant), place)

    def agrees(self, place: int, variant: str) -> bool:
        """Whether a source has a variant with the right results."""
        place = self.stands(place, variant)
        return self.has(place, variant) and (place, variant) not in self.differences

    def places(self, variant: str) -> list[int]:
        """Sources that take turns with a variant."""
        return [
            place
            for place in range(len(self.sources))
            if self.stands(place, variant) == place and self.agrees(place, variant)
        ]

    def apart(self, place: int, variant: str) -> Apart | None:
        """Where a source's results part from the right ones; None if nowhere."""
        return self.differences.get((self.stands(place, variant), variant))

    def name(self, place: int, variant: str) -> str:
        """The name of a source in the measurement of a variant."""
        return self.sources[self.stands(place, variant)].key

    def comparisons(self, feed: int, variant: str) -> Comparisons | None:
        """The measurement of a variant on a feed; None if there is none."""
        session = self.timed.get((feed, variant))
        return None if session is None or self.rounds < 2 or not session.samples else compared(session.result())

    def slices(self, feed: int) -> list[Slice]:
        """Equal parts of a feed, of about the design's size."""
        events = self.events[feed]
        return slices(events, equal_slices(events, self.design.slice_records), self.design.lead_in_records)


def hold(session: CommitSession, enough: Callable[[CommitSession], bool] = lambda session: False) -> None:
    """Fill a session with samples. After each round but the first two ``enough`` may end it.

    Before anything is timed, every variant replays every feed once, and the results of all sources are compared; a
    design of no processes ends there. Raises BrokenError when a source's process fails.
    """
    design = session.design
    if not design.processes and all(source.engines for source in session.sources):
        # They were compared with the reference, and are not timed.
        session.lacking = {place: _lacking(source, session.variants) for place, source in enumerate(session.sources)}
        return
    everybody = dict.fromkeys(range(len(session.sources)), 1)
    with progress("comparing results", None), _participants(session, everybody) as participants:
        _compare_results(session, {place: one for (place, _), one in participants.items()})
    takers = _lay_out(session)
    label = "measuring commits in turns"
    with progress(label, design.processes * design.seconds if takers else 0) as ticker:
        for number in range(design.processes if takers else 0):
            ticker.label(f"{label}, round {number + 1} of {design.processes}")
            with _participants(session, takers) as participants:
                _pin(participants)
                _one_round(session, participants, number)
            session.rounds = number + 1
            ticker.advance(design.seconds)
            if session.rounds > 2 and enough(session):
                break


def _lacking(source: Source, variants: Sequence[str]) -> dict[str, str]:
    """The variants that a source has no engine for, with the reason."""
    present = dict(source.engines)
    return {name: f"no engine named '{name}'" for name in variants if name not in present}


def precise(session: CommitSession, half_width: float) -> bool:
    """Whether all ratios to the first source, and to the one before, are known within ``half_width``, the control's,
    too.

    It looks at precision and at no verdict: a session that ends on this says no more often "slower" than it should.
    """
    return all(
        found.half_width < half_width for session in session.timed.values() for found in precisions(session).values()
    )


def _lay_out(session: CommitSession) -> dict[int, int]:
    """Start the measurement of each variant; returns the participating sources and their number of turns."""
    takers: dict[int, int] = {}
    for variant in session.variants:
        places = session.places(variant)
        if len(places) < 2 and not (places and variant in session.alone):
            continue
        for place in places:
            takers[place] = max(takers.get(place, 1), 1 + (place == places[0]))
        names = [session.sources[place].key for place in places]
        for feed, events in enumerate(session.events):
            size = equal_slices(events, session.design.slice_records)
            design = replace(session.design, slice_records=size)
            session.timed[feed, variant] = Session([*names, again(names[0])], events, design)
    return takers


@contextmanager
def _participants(session: CommitSession, takers: dict[int, int]) -> Iterator[dict[tuple[int, int], Participant]]:
    """Fresh processes of sources, each as often as it is to take part, all with feeds and kernels loaded."""
    started: dict[tuple[int, int], Participant] = {}
    try:
        for place, times in takers.items():
            for time_ in range(times):
                started[place, time_] = Participant(session.sources[place], dict(session.variables))
        lanes = len(os.sched_getaffinity(0))
        waiting = list(started.items())
        for begin in range(0, len(waiting), lanes):
            some = waiting[begin : begin + lanes]
            for (place, _), one in some:
                # Do not even compile a variant that another source represents.
                own = [name for name in session.variants if session.stands(place, name) == place]
                engines = dict(one.source.engines)
                words = {"feeds": session.feeds, "evaluate": session.evaluate, "reach": session.reach}
                one.send("open", variants=own, engines=engines, **words)
            for (place, _), one in some:
                answer = one.receive()
                session.lacking[place] = answer["lacking"]
                session.events = session.events or answer["events"]
                if answer["events"] != session.events:
                    problem = f"{one.source.label}: reads {answer['events']} records, not {session.events}"
                    raise BrokenError(problem, one.source.key, own=True)
        yield started
    except BaseException:
        for one in started.values():
            one.kill()
        raise
    for one in started.values():
        one.close()


def _pin(participants: dict[tuple[int, int], Participant]) -> None:
    """All take turns on one processor: same caches, same clock. Other work is not kept off it."""
    cpu = max(os.sched_getaffinity(0))
    for one in participants.values():
        one.ask("pin", cpu=cpu)


def _compare_results(session: CommitSession, participants: dict[int, Participant]) -> None:
    """Replay everything once, untimed, and compare the state after every slice with that of the trusted sources.

    All variants of a source must end in the same state, too. Engines from outside were compared with the reference
    before.
    """
    for feed in range(len(session.feeds)):
        for variant in session.variants:
            trusted: dict[int, list[State]] = {}
            for place in session.places(variant):
                states = _states(session, participants[place], feed, variant)
                session.states[place, feed, variant] = states[-1]
                if session.sources[place].engines:
                    continue
                if place < session.trusted or not trusted:
                    trusted[place] = states
                elif not session.accept_results and not any(_alike(states, other) for other in trusted.values()):
                    session.differences[place, variant] = _parting(
                        session, participants, feed, variant, place, states, trusted
                    )
        _compare_variants(session, feed)


def _compare_variants(session: CommitSession, feed: int) -> None:
    for place, source in enumerate(session.sources):
        own = [name for name in session.variants if (place, feed, name) in session.states and not source.engines]
        for name in own[1:]:
            if not _alike([session.states[place, feed, name]], [session.states[place, feed, own[0]]]):
                text = f"does not end in the state of {own[0]}"
                session.differences.setdefault((place, name), Apart(feed, session.events[feed], text))


def _alike(states: Sequence[State], others: Sequence[State]) -> bool:
    """Whether states are the same, and traces where both have them."""
    return all(
        one[0] == other[0] and (one[1] == other[1] or None in (one[1], other[1]))
        for one, other in zip(states, others, strict=True)
    )


def _states(session: CommitSession, participant: Participant, feed: int, variant: str) -> list[State]:
    """Digests of a source's state after each slice."""
    participant.ask("start", variant=variant, feed=feed)
    states = []
    for part in session.slices(feed):
        participant.ask("run", start=part.start, lead=part.timed, stop=part.stop)
        state, trace = participant.ask("state")
        states.append((state, trace))
    participant.ask("end")
    return states


def _parting(
    session: CommitSession,
    participants: dict[int, Participant],
    feed: int,
    variant: str,
    place: int,
    states: list[State],
    trusted: dict[int, list[State]],
) -> Apart:
    """Where the states are those of no trusted source any more: compared with the one that they follow longest."""
    shared = {
        other: next(at for at, pair in enumerate(zip(states, theirs, strict=True)) if not _alike(pair[:1], pair[1:]))
        for other, theirs in trusted.items()
    }
    nearest = max(shared, key=lambda other: shared[other])
    part = session.slices(feed)[shared[nearest]]
    return locate(participants[nearest], participants[place], session.feeds[feed], feed, variant, part.start, part.stop)


def _one_round(session: CommitSession, participants: dict[tuple[int, int], Participant], number: int) -> None:
    """Passes until the time is spent; each goes to the variant and feed that has had the least of it."""
    rng = random.Random(session.design.seed * 1000 + number)
    turns = {key: orders(len(one.measured), rng) for key, one in session.timed.items()}
    spent = dict.fromkeys(session.timed, 0.0)
    passes = dict.fromkeys(spent, 0)
    began = time.monotonic()
    while time.monotonic() - began < session.design.seconds or 0 in passes.values():
        key = min(spent, key=lambda one: (passes[one] > 0, spent[one]))
        started = time.monotonic()
        _one_pass(session, participants, number, key, passes[key], turns[key])
        passes[key] += 1
        spent[key] += time.monotonic() - started


def _one_pass(
    session: CommitSession,
    participants: dict[tuple[int, int], Participant],
    number: int,
    key: tuple[int, str],
    pass_: int,
    turns: Iterator[list[int]],
) -> None:
    feed, name = key
    measured = session.timed[key]
    # An unsteady variant goes on: the line-up stays as planned.
    numbers = {source.key: place for place, source in enumerate(session.sources)}
    places = [numbers[one] for one in measured.measured[:-1]]
    takers = [*((place, 0) for place in places), (places[0], 1)]
    for taker in takers:
        participants[taker].ask("start", variant=name, feed=feed)
    samples: Rows = []
    for index, part in enumerate(session.slices(feed)):
        for turn, place in enumerate(next(turns)):
            words = {"start": part.start, "lead": part.timed, "stop": part.stop}
            reading = Reading(*participants[takers[place]].ask("run", **words))
            samples.append([pass_, index, place, turn, *reading, int(is_contaminated(reading))])
    ended = []
    for taker in takers:
        state = tuple(participants[taker].ask("state"))
        # A source must end as it did before; whether that end is right was checked earlier.
        ended.append("as before" if state == session.states[taker[0], feed, name] else str(state))
        participants[taker].ask("end")
    made = Pass(
        kind=LOCKSTEP,
        samples=samples,
        end_states=tuple(ended),
        owed_ns=(0,) * len(takers),
        floor_ns=0.0,
        held=0,
        laid_out=(False,) * len(takers),
    )
    measured.take(number, made)
    for place in places:
        if session.sources[place].key in measured.disagreeing:
            session.differences[place, name] = Apart(feed, session.events[feed], UNSTEADY)
