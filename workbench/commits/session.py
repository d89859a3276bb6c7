"""A session: several commits replay the same feeds in turns, slice by slice, in several rounds of fresh processes.

The first source takes part twice. What the session says of it and its copy (the control) is the session's own error.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from lobench.workbench.commits.participant import Participant
from lobench.workbench.commits.sources import BrokenError, Source
from lobench.workbench.console import progress

COLUMNS = ("round", "feed", "variant", "pass", "slice", "source", "turn", "wall_ns", "cpu_ns", "involuntary_switches")
"""Of a sample: the round, places in the session's lists, the place in the slice's order, both clocks, disturbances.
The control is the source after the last."""


@dataclass(frozen=True)
class Design:
    """How a session is laid out.

    In each of ``rounds``, ``seconds`` of replaying in turns, at least one pass over each feed by each variant. Of
    the ``slice_records`` of a slice the first ``lead_records`` are not timed: they find the caches.
    """

    rounds: int = 6
    seconds: float = 6.0
    slice_records: int = 32_768
    lead_records: int = 4_096
    evaluate: str = "last"
    seed: int = 1
    accept_results: bool = False
    """Measure also what computes something else than the trusted sources."""


@dataclass
class Session:
    """What a session knows. Sources are known by their place; the first ``trusted`` of them compute what is right."""

    sources: list[Source]
    feeds: list[list[str]]
    variants: list[str]
    design: Design
    trusted: int = 1
    variables: tuple[tuple[str, str], ...] = ()
    """Set in the environment of all processes."""
    lacking: dict[int, dict[str, str]] = field(default_factory=dict)
    """Source to variant to why it is not there."""
    events: list[int] = field(default_factory=list)
    """Records of each feed."""
    differences: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    """(source, variant) to (feed, record): by then its results were those of no trusted source."""
    states: dict[tuple[int, int, str], str] = field(default_factory=dict)
    """(source, feed, variant) to the digest of its end state."""
    samples: list[list[int]] = field(default_factory=list)
    rounds: int = 0

    @property
    def control(self) -> int:
        """The place of the first source's copy."""
        return len(self.sources)

    def takes_part(self, place: int, variant: str) -> bool:
        """Whether a source has a variant, with the same results as the first source's."""
        source = 0 if place == self.control else place
        return variant not in self.lacking.get(source, {}) and (source, variant) not in self.differences

    def places(self, variant: str) -> list[int]:
        """Sources that take turns with a variant, the control last if the first is among them."""
        return [place for place in range(len(self.sources) + 1) if self.takes_part(place, variant)]

    def base(self, variant: str) -> int | None:
        """The source that a variant's others are compared with: the first that has it; None if no source has."""
        return next((place for place in range(len(self.sources)) if variant not in self.lacking.get(place, {})), None)


def hold(session: Session, enough: Callable[[Session], bool] = lambda session: False) -> None:
    """Fill a session with samples. After each round but the first two ``enough`` may end it.

    Before anything is timed, every variant replays every feed once, and the results of all sources are compared; a
    design without rounds ends there. Raises BrokenError when a source's process fails.
    """
    design = session.design
    with progress("comparing results", None), _participants(session) as participants:
        _compare_results(session, participants)
    with progress("measuring commits in turns", design.rounds * design.seconds) as ticker:
        for number in range(design.rounds):
            ticker.label(f"measuring commits in turns, round {number + 1} of {design.rounds}")
            with _participants(session) as participants:
                _pin(participants)
                _one_round(session, participants, number)
            session.rounds = number + 1
            ticker.advance(design.seconds)
            if session.rounds > 2 and enough(session):
                break


@contextmanager
def _participants(session: Session) -> Iterator[list[Participant]]:
    """A fresh process for each source and for the control, all with feeds and kernels loaded."""
    started: list[Participant] = []
    try:
        for source in [*session.sources, session.sources[0]]:
            started.append(Participant(source, dict(session.variables)))
        lanes = len(os.sched_getaffinity(0))
        answers: list[Any] = []
        for begin in range(0, len(started), lanes):
            some = started[begin : begin + lanes]
            for one in some:
                one.send("open", feeds=session.feeds, variants=session.variants, evaluate=session.design.evaluate)
            answers += [one.receive() for one in some]
        session.lacking = {place: answer["lacking"] for place, answer in enumerate(answers[:-1])}
        session.events = answers[0]["events"]
        for one, answer in zip(started, answers, strict=True):
            if answer["events"] != session.events:
                problem = f"{one.source.label}: reads {answer['events']} records, not {session.events}"
                raise BrokenError(problem, one.source.key, own=True)
        yield started
    except BaseException:
        for one in started:
            one.kill()
        raise
    for one in started:
        one.close()


def _pin(participants: Sequence[Participant]) -> None:
    """All take turns on one processor: the same caches, the same clock. Nobody else's work is kept off it."""
    cpu = max(os.sched_getaffinity(0))
    for one in participants:
        one.ask("pin", cpu=cpu)


def slices(session: Session, feed: int) -> list[tuple[int, int, int]]:
    """(start, lead, stop) of equal parts of a feed, of about the design's size."""
    events, design = session.events[feed], session.design
    count = max(1, round(events / design.slice_records))
    edges = [events * place // count for place in range(count + 1)]
    lead = min(design.lead_records, events // count // 4)
    return [(start, start + lead, stop) for start, stop in pairwise(edges)]


def _compare_results(session: Session, participants: Sequence[Participant]) -> None:
    """Replay everything once, untimed, and compare the state after every slice with that of the trusted sources.

    All variants of a source must end in the same state, too.
    """
    for feed in range(len(session.feeds)):
        for variant in session.variants:
            trusted: dict[int, list[str]] = {}
            for place in range(len(session.sources)):
                if not session.takes_part(place, variant):
                    continue
                states = _states(session, participants[place], feed, variant)
                session.states[place, feed, variant] = states[-1]
                if place < session.trusted or not trusted:
                    trusted[place] = states
                elif not session.design.accept_results and states not in trusted.values():
                    session.differences[place, variant] = (feed, _parting(session, feed, states, trusted))
        for (place, of, variant), state in session.states.items():
            first = next(name for name in session.variants if (place, feed, name) in session.states)
            if of == feed and state != session.states[place, feed, first]:
                session.differences.setdefault((place, variant), (feed, session.events[feed]))


def _states(session: Session, participant: Participant, feed: int, variant: str) -> list[str]:
    """Digests of a source's state after each slice."""
    participant.ask("start", variant=variant, feed=feed)
    states = []
    for start, lead, stop in slices(session, feed):
        participant.ask("run", start=start, lead=lead, stop=stop)
        states.append(participant.ask("state"))
    participant.ask("end")
    return states


def _parting(session: Session, feed: int, states: list[str], trusted: dict[int, list[str]]) -> int:
    """The record by which the states are those of no trusted source any more."""
    shared = max(
        next(place for place, pair in enumerate(zip(states, other, strict=True)) if pair[0] != pair[1])
        for other in trusted.values()
    )
    return slices(session, feed)[shared][2]


def _one_round(session: Session, participants: Sequence[Participant], number: int) -> None:
    """Passes until the time is spent; each goes to the variant and feed that has had the least of it."""
    order = random.Random(session.design.seed * 1000 + number)
    spent = {
        (feed, place): 0.0
        for feed in range(len(session.feeds))
        for place, variant in enumerate(session.variants)
        if len(session.places(variant)) > 1
    }
    passes = dict.fromkeys(spent, 0)
    began = time.monotonic()
    while spent and (time.monotonic() - began < session.design.seconds or 0 in passes.values()):
        feed, place = min(spent, key=lambda key: (passes[key] > 0, spent[key]))
        started = time.monotonic()
        _one_pass(session, participants, number, feed, place, passes[feed, place], order)
        passes[feed, place] += 1
        spent[feed, place] += time.monotonic() - started


def _one_pass(
    session: Session,
    participants: Sequence[Participant],
    number: int,
    feed: int,
    variant: int,
    pass_: int,
    order: random.Random,
) -> None:
    name = session.variants[variant]
    places = session.places(name)
    for place in places:
        participants[place].ask("start", variant=name, feed=feed)
    turns = list(places)
    for index, (start, lead, stop) in enumerate(slices(session, feed)):
        # Every other slice the order is turned round: nobody always follows the same neighbour.
        turns = turns[::-1] if index % 2 else order.sample(places, len(places))
        for turn, place in enumerate(turns):
            wall, cpu, switches, _ = participants[place].ask("run", start=start, lead=lead, stop=stop)
            session.samples.append([number, feed, variant, pass_, index, place, turn, wall, cpu, switches])
    for place in places:
        source = 0 if place == session.control else place
        if participants[place].ask("state") != session.states[source, feed, name]:
            session.differences[source, name] = (feed, session.events[feed])
        participants[place].ask("end")
