"""Questions between timed slices: their choice, and the work that answers owe."""

from __future__ import annotations

import random
import threading
import time
from typing import Any, cast

import pytest

from lobench.engine.feeds import load, open_feed
from lobench.engine.foreign.start import Running
from lobench.engine.own_thread import other_threads
from lobench.engine.policy import Variant
from lobench.engine.replay import Replay
from lobench.workbench.measurement.design import slices
from lobench.workbench.measurement.lockstep import reading_ns
from lobench.workbench.measurement.questions import BOOKS, Examiner, Question, draw
from tests.support.replays import LADDER, TOP, each

pytestmark = pytest.mark.normal

LATE = 20_000_000
"""Nanoseconds of work that are put off."""


class Late:
    """A replay that does its owed work when queried, and gives these answers in turn."""

    trace = 7

    def __init__(self, late_books: int = 0, late_state: int = 0, answers: tuple[int, ...] = (5,)) -> None:
        self.late = {"books": late_books, "state": late_state}
        self.answers = answers
        self.asked = 0

    def _work(self, kind: str) -> int:
        until = time.process_time_ns() + self.late[kind]
        while time.process_time_ns() < until:
            pass
        self.late[kind] = 0
        self.asked += 1
        return self.answers[self.asked % len(self.answers)]

    def settle(self) -> None:
        pass

    def question(self, books: Any) -> int:
        return self._work("books")

    def end_state(self) -> int:
        return self._work("state")


def ask(replay: Late, question: Question) -> tuple[int, str]:
    """``Late`` has what an examiner asks for, and nothing else of a replay."""
    return Examiner().ask(cast(Running, replay), question)


BOOK = Question(((1, 1),), whole=False)
WHOLE = Question(((1, 1),), whole=True)


def test_work_that_is_put_off_is_owed() -> None:
    owed, _ = ask(Late(late_books=LATE), BOOK)
    assert owed > LATE // 2
    owed, _ = ask(Late(late_state=LATE), WHOLE)
    assert owed > LATE // 2
    owed, _ = ask(Late(late_books=LATE, late_state=LATE), WHOLE)
    assert owed > LATE


def test_answers_are_the_same_for_the_same_state() -> None:
    answer = ask(Late(), WHOLE)[1]
    assert answer == ask(Late(late_books=LATE), WHOLE)[1]
    assert answer != ask(Late(answers=(6,)), WHOLE)[1]
    assert answer != ask(Late(), BOOK)[1]


def test_an_answer_that_changes_agrees_with_none() -> None:
    changing = ask(Late(answers=(5, 6)), BOOK)[1]
    assert changing not in (ask(Late(answers=(answer,)), BOOK)[1] for answer in (5, 6))


def test_a_thread_that_goes_on_is_seen() -> None:
    before, ended = other_threads(), threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    try:
        assert other_threads() == before + 1
    finally:
        ended.set()
        thread.join()


def test_reading_has_a_floor() -> None:
    assert 0 < reading_ns(load(open_feed(["synth:equity-universe,n=10000"]))) < 1e6


def test_every_slice_is_asked_about_and_two_for_everything() -> None:
    feed = load(open_feed(["synth:equity-universe,n=10000"]))
    parts = slices(feed.count, 1_000, 100)
    drawn = draw(feed, parts, random.Random(3))
    assert [len(question.books) for question in drawn] == [BOOKS] * len(parts)
    assert drawn[-1].whole
    assert sum(question.whole for question in drawn) <= 2
    for question, part in zip(drawn, parts, strict=True):
        seen = feed.records[: part.stop][["instrument_id", "publisher_id"]].tolist()
        assert set(question.books) <= set(seen)
    places = {
        number for seed in range(40) for number, one in enumerate(draw(feed, parts, random.Random(seed))) if one.whole
    }
    assert places == set(range(len(parts)))


@pytest.mark.parametrize("variant", each([LADDER[0], TOP]))
def test_answers_differ_between_books_and_over_time(variant: Variant) -> None:
    feed = load(open_feed(["synth:equity-universe,n=20000"]))
    books = sorted(set(feed.records[["instrument_id", "publisher_id"]].tolist()))[:3]
    with Replay(variant, observe=False) as replay:
        replay.apply(feed.slice(0, 10_000))
        before = [replay.question([book]) for book in books]
        assert replay.question(books) == sum(before) % 2**64
        assert replay.question([(0, 65_535)]) == 0
        replay.apply(feed.slice(10_000, 20_000))
        assert all(replay.question([book]) != old for book, old in zip(books, before, strict=True))
        assert len({replay.question([book]) for book in books}) == 3
