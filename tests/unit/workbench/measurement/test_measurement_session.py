"""A session's state: its samples, the width of its intervals, the conditions for resuming; a worker's input."""

from __future__ import annotations

import json
import math
import mmap
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lobench.engine import stages
from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.feeds import load, open_feed
from lobench.engine.policy import Variant
from lobench.engine.replay import warm
from lobench.engine.workload import Workload
from lobench.variants import REFERENCE, discover
from lobench.workbench.experiment import resume
from lobench.workbench.experiment.budget import Budget
from lobench.workbench.experiment.document import new_content
from lobench.workbench.experiment.options import options_of
from lobench.workbench.measurement import session as measurement_session
from lobench.workbench.measurement.clocks import Clocks
from lobench.workbench.measurement.counters import count, peak_orders
from lobench.workbench.measurement.design import CONTROL
from lobench.workbench.measurement.live_view import display, table
from lobench.workbench.measurement.lockstep import ISOLATED, LOCKSTEP
from lobench.workbench.measurement.precision import precisions, reached
from lobench.workbench.measurement.process import in_hand, lines, messages
from lobench.workbench.measurement.protocol import Pass, ScalingSamples, SessionMessage
from lobench.workbench.measurement.session import SESSION_COLUMNS, Course, Session, fill, measure
from lobench.workbench.measurement.shared_feed import nameless_file, receive, shared
from lobench.workbench.measurement.task import Task
from lobench.workbench.measurement.variant_digest import variant_digest
from lobench.workbench.processes.starting import WorkerError, ending
from lobench.workbench.results.conversion import as_json, from_json
from lobench.workbench.results.model.samples import Design, NamedSamples, SessionResult
from tests.support import wrong

NAMES = ["p0_baseline", "p1_zero_copy", "p4_hash_lookup", CONTROL]
FASTER = (1.0, 1.25, 10.0, 1.0)


def message(
    kind: str = LOCKSTEP, number: int = 0, slices: int = 4, noise: float = 0.0, seed: int = 0, states: str = "aaaa"
) -> Pass:
    """One pass of a process in which the variants are faster by the factors of ``FASTER``, plus noise."""
    rng = np.random.default_rng(seed)
    samples = []
    for place in range(slices):
        for order, variant in enumerate(rng.permutation(len(NAMES)).tolist()):
            cpu = int(1e7 / FASTER[variant] * math.exp(noise * rng.normal()))
            samples.append([number, place, variant, order, cpu + 9, cpu, 0, 0, 0, 0, 0])
    return Pass(
        kind=kind,
        samples=samples,
        end_states=tuple(states),
        owed_ns=(0,) * len(NAMES),
        floor_ns=1.0,
        held=0,
        laid_out=(True,) * len(NAMES),
    )


def session(processes: int, noise: float = 0.0, until: float | None = None) -> Session:
    made = Session(NAMES, 40_000, Design(processes, 1.0, 10_000, 0, until_precision=until))
    for process in range(processes):
        made.take(process, message(noise=noise, seed=process))
    return made


def test_passes_of_both_kinds_are_kept_apart() -> None:
    made = Session(NAMES, 40_000, Design(2, 1.0, 10_000, 0))
    assert made.begun == 0
    assert made.isolated_result() is None
    made.take(0, message())
    made.take(0, message(ISOLATED, slices=3))
    made.take(1, message(number=5))
    assert made.begun == 2
    assert [len(made.samples), len(made.isolated)] == [2 * 16, 12]
    assert {tuple(row[:2]) for row in made.samples} == {(0, 0), (1, 5)}
    assert all(len(row) == len(SESSION_COLUMNS) for row in made.samples)
    assert made.disagreeing == set()
    made.take(1, message(ISOLATED, states="aaba"))
    made.take(1, message(states="baaa"))
    assert made.disagreeing == {"p4_hash_lookup", "p0_baseline"}


@pytest.mark.parametrize("startup", [0.25, 1.0, 1.5])
def test_processes_of_a_session_have_equal_time(startup: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start-up of each is part of its time."""
    now, given = [0.0], list[float]()

    def passes(task: Any, *_: object) -> Iterator[SessionMessage]:
        given.append(task.seconds)
        yield SessionMessage(seconds=task.seconds, made=message())
        now[0] += startup + task.seconds

    monkeypatch.setattr(measurement_session, "messages", passes)
    monkeypatch.setattr(measurement_session, "together", lambda: 1)
    monkeypatch.setattr(measurement_session, "time", SimpleNamespace(monotonic=lambda: now[0]))
    made = Session(NAMES, 40_000, Design(10, 2.0, 10_000, 0))
    fill(made, lambda number, seconds: Task("session", NAMES, seconds=seconds), Course(least=3, keep=lambda: None))
    assert made.begun == 10
    # The first gets a default share, because no start-up time is known yet.
    assert given[0] == 1.0
    assert given[1:] == pytest.approx([(20 - 1 - startup) / 9 - startup] * 9)
    assert now[0] == pytest.approx(20)


def test_a_process_that_a_variant_ended_leaves_the_others_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, given = [0.0], list[float]()

    def passes(task: Any, *_: object) -> Iterator[SessionMessage]:
        given.append(task.seconds)
        now[0] += 0.5 + task.seconds
        if len(given) == 1:
            raise WorkerError("it ended", who="p4_hash_lookup", how="died")
        yield SessionMessage(seconds=task.seconds)

    monkeypatch.setattr(measurement_session, "messages", passes)
    monkeypatch.setattr(measurement_session, "together", lambda: 1)
    monkeypatch.setattr(measurement_session, "time", SimpleNamespace(monotonic=lambda: now[0]))
    made = Session(NAMES, 40_000, Design(4, 3.0, 10_000, 0))
    fill(made, lambda number, seconds: Task("session", NAMES, seconds=seconds), Course(least=3, keep=lambda: None))
    # The first is tried twice, each time 1.5 seconds and half a second of start-up; the other three share the rest.
    assert given == pytest.approx([1.5, 1.5, *[(12 - 4) / 3 - 0.5] * 3])


def test_work_that_was_put_off_is_refused() -> None:
    made = Session(NAMES, 40_000, Design(2, 1.0, 10_000, 0))
    # Four slices of 1e7 ns of the reference: up to a fifth of them may be due to cold caches.
    made.take(0, replace(message(), owed_ns=(7_000_000, 0, 0, 0)))
    # Four of 1e6 ns: any first answer may take 1e7.
    made.take(0, replace(message(number=1), owed_ns=(0, 0, 10_000_000, 0)))
    assert made.disagreeing == set()
    made.take(0, replace(message(number=2), owed_ns=(10_000_001, 0, 10_000_001, 0)))
    assert made.disagreeing == set()
    made.take(0, replace(message(number=3), owed_ns=(10_000_001, 0, 10_000_001, 0)))
    assert made.disagreeing == {"p0_baseline", "p4_hash_lookup"}
    assert made.reasons["p0_baseline"] == "does 25% of its work only when it is asked for results"
    assert made.result().reasons == made.reasons


def test_variants_faster_than_reading_are_refused() -> None:
    made = Session(NAMES, 40_000, Design(2, 1.0, 10_000, 0))
    # p4 takes 1e6 ns for 10,000 records.
    made.take(0, replace(message(), floor_ns=199.0))
    assert made.disagreeing == set()
    made.take(0, replace(message(number=1), floor_ns=201.0))
    assert made.disagreeing == {"p4_hash_lookup"}
    assert "less than reading" in made.reasons["p4_hash_lookup"]


def test_a_session_comes_back_as_it_was() -> None:
    made = session(2)
    made.take(1, message(ISOLATED, states="abaa"))
    kept = from_json(SessionResult, json.loads(json.dumps(as_json(made.result()))))
    isolated = from_json(NamedSamples, json.loads(json.dumps(as_json(made.isolated_result()))))
    assert isolated.names == tuple(NAMES)
    assert Session.of(kept, isolated) == made
    assert Session.of(kept, None) == replace(made, isolated=[])


def test_variants_that_differ_from_the_witness_are_left_out() -> None:
    made = Session(NAMES, 40_000, Design(2, 1.0, 10_000, 0), witness="right")
    made.heed(["b", "a", "b", "b", "b"])
    assert made.disagreeing == {"p1_zero_copy"}
    # With a witness that is not measured, two variants that differ later are both in doubt.
    made.take(0, message(states="aaba"))
    assert made.disagreeing == {"p1_zero_copy", "p4_hash_lookup", "p0_baseline"}
    assert made.samples
    made = Session(NAMES, 40_000, Design(2, 1.0, 10_000, 0), witness="right")
    made.heed(["a", "b", "b", "a", "b"])
    assert made.disagreeing == {"p0_baseline"}


def test_only_the_first_process_has_a_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[list[str], bool]] = []

    def passes(task: Any, *_: object) -> Iterator[SessionMessage]:
        asked.append((list(task.variants), task.settings.witness))
        if task.settings.witness:
            yield SessionMessage(seconds=0.5, witnessed=("a", "a", "b", "a", "a"))
        yield SessionMessage(seconds=1.0, made=message())

    monkeypatch.setattr(measurement_session, "messages", passes)
    monkeypatch.setattr(measurement_session, "together", lambda: 1)
    made = Session(NAMES, 40_000, Design(2, 1.0, 10_000, 0), witness="right")
    feed: Any = None
    measure(made, feed, Workload(), Course(least=2, keep=lambda: None))
    line_up = [*NAMES[:-1], "p0_baseline"]
    assert asked == [([*line_up, "right"], True), (line_up, False)]
    assert made.disagreeing == {"p4_hash_lookup"}


def test_a_variant_counts_as_shuffled_if_every_process_shuffled_it() -> None:
    made = session(2)
    assert made.result().laid_out == tuple(NAMES)
    # A restarted process counts once. A variant that lacked a new layout in one process counts as built.
    made.forget(1)
    made.take(1, replace(message(), laid_out=(True, False, True, True)))
    made.take(2, message())
    assert made.result().laid_out == ("p0_baseline", "p4_hash_lookup", CONTROL)
    assert Session.of(made.result(), None).laid_out == made.laid_out
    made.drop("p4_hash_lookup", "died")
    assert made.result().laid_out == ("p0_baseline", CONTROL)
    begun = Session(NAMES, 40_000, Design(2, 1.0, 10_000, 0))
    begun.take(0, replace(message(ISOLATED), laid_out=(False, False, True, True)))
    begun.take(0, message())
    assert begun.result().laid_out == ("p4_hash_lookup", CONTROL)


def test_intervals_narrow_with_processes() -> None:
    assert precisions(Session(NAMES, 40_000, Design(2, 1.0, 10_000, 0))) == {}
    assert all(math.isinf(entry.half_width) for entry in precisions(session(2, 0.01)).values())
    few, many = precisions(session(4, 0.02)), precisions(session(64, 0.02))
    assert list(few) == NAMES[1:]
    for name, ratio in zip(NAMES[1:], FASTER[1:], strict=True):
        assert many[name].ratio == pytest.approx(ratio, rel=0.02)
        assert many[name].half_width < few[name].half_width
        assert 0.001 < many[name].half_width < 0.01


def test_intervals_do_not_depend_on_the_order_of_rows() -> None:
    made = session(5, 0.02)
    before = precisions(made)
    np.random.default_rng(0).shuffle(made.samples)
    assert precisions(made) == before


def test_a_precision_is_reached_when_all_intervals_are_narrow() -> None:
    assert not reached(session(20, 0.001))
    assert reached(session(20, 0.001, until=0.005))
    assert not reached(session(20, 0.001, until=0.0001))
    assert not reached(session(2, 0.0, until=0.5))


def test_the_live_view_shows_ratios_and_precision() -> None:
    shown = table(session(4, 0.001))
    assert [column.header for column in shown.columns][1] == "over p0_baseline"
    cells = list(shown.columns[1].cells)
    assert cells[:2] == ["1.25x", "10x"]
    assert all(str(cell).startswith("±0.") for cell in shown.columns[2].cells)
    assert set(table(session(1)).columns[2].cells) == {"too early"}
    with display("measuring", session(1)) as quiet:  # no terminal
        quiet.advance(1.0)
        quiet.refresh()


@pytest.mark.normal
def test_a_digest_is_of_the_text_that_defines_a_variant(tmp_path: Path) -> None:
    known = discover()
    digests = {name: variant_digest(variant) for name, variant in known.items()}
    assert len(set(digests.values())) == len(digests)
    assert digests == {name: variant_digest(variant) for name, variant in discover().items()}
    # Kernels compiled since, and source text read for them, do not change the digest.
    warm(known[REFERENCE], until="book")
    stages.declare(lambda: None, stages.Stage("features"))
    assert digests == {name: variant_digest(variant) for name, variant in known.items()}
    first = load_user(tmp_path, "CONSTANT = 1")
    assert variant_digest(first) != variant_digest(load_user(tmp_path, "CONSTANT = 2"))
    assert variant_digest(first) == variant_digest(load_user(tmp_path, "CONSTANT = 1"))


def load_user(folder: Path, line: str) -> Variant:
    """A user's variant whose file ends with ``line``."""
    path = folder / str(len(list(folder.iterdir()))) / "mine.py"
    path.parent.mkdir()
    path.write_text(f"{wrong.INEXACT}\n{line}\n")
    found = discover([str(path)])["mine"]
    assert isinstance(found, Variant)
    return found


def test_going_on_needs_the_same_sources_and_machine(tmp_path: Path) -> None:
    variant = load_user(tmp_path, "CONSTANT = 1")
    chosen = [discover()["p0_baseline"], variant]
    content = new_content("measure", chosen, Workload(), options_of([["synth:liquid-future"]], [], None, Budget(60.0)))
    resume.check(content, chosen)
    with pytest.raises(UsageError, match="mine: the source has changed"):
        resume.check(content, [chosen[0], load_user(tmp_path, "CONSTANT = 2")])
    with pytest.raises(UsageError, match="mine: the source has changed"):
        resume.check(content, chosen[:1])
    with pytest.raises(UsageError, match="engine's sources"):
        resume.check(replace(content, source_digest="0" * 16), chosen)
    elsewhere = replace(content.environment, machine_digest="0" * 32)
    with pytest.raises(UsageError, match=r"machines differ.*; measure again"):
        resume.check(replace(content, environment=elsewhere), chosen)


def test_clocks_tell_work_from_waiting() -> None:
    done: list[str] = []

    def work() -> None:
        sum(range(200_000))

    with Clocks(None) as clocks:
        reading = clocks.measure(lambda: done.append("lead-in"), lambda: time.sleep(0.05), lambda: 0)
        assert done == ["lead-in"]
        assert reading.wall_ns > 50e6 > reading.cpu_ns
        reading = clocks.measure(lambda: time.sleep(0.05), work, lambda: 0)
        assert reading.cpu_ns > 100_000
        assert reading.major_faults >= 0
        assert reading.steal_ticks >= 0


def test_other_threads_and_owed_work_count_as_time() -> None:
    def work() -> None:
        until = time.process_time_ns() + 20_000_000
        busy = threading.Thread(target=lambda: [None for _ in iter(lambda: time.process_time_ns() > until, True)])
        busy.start()
        busy.join()

    with Clocks(0) as clocks:
        assert clocks.measure(lambda: None, work, lambda: 0).cpu_ns > 10e6
        reading = clocks.measure(lambda: None, lambda: None, lambda: 10**12)
    assert reading.cpu_ns > 10**12
    assert reading.wall_ns > 10**12


@pytest.mark.normal
def test_a_feed_is_handed_over_whole() -> None:
    feed = load(open_feed(["synth:liquid-future,n=5000"]))
    with shared(feed) as given:
        received = receive(given.descriptor, given.name, given.count)
        assert received.digest == feed.digest
        assert received.name == feed.name
        part = receive(given.descriptor, given.name, 1000)
        assert np.array_equal(part.records, feed.records[:1000])
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(given.descriptor)
    # The memory exists as long as something refers to it.
    assert received.digest == feed.digest


def test_a_worker_that_fails_says_why() -> None:
    task = Task(job="scaling", variants=["p9_nothing"])
    with pytest.raises(LobenchError, match=r"ended with code 1: no variant named 'p9_nothing'"):
        list(messages(task, ScalingSamples))


@pytest.mark.normal
def test_mechanism_counters_of_a_feed() -> None:
    feed = load(open_feed(["synth:liquid-future,n=20000"]))
    chosen = [variant for variant in discover().values() if variant.phase in (0, 4)]
    counted, faults = count(feed, chosen, Workload())
    assert faults == {}
    assert counted["p0_baseline"]["event_bytes_copied"] >= feed.count * 56
    assert counted["p4_hash_lookup"]["event_bytes_copied"] == 0
    # The profile aims at 2,000 live orders.
    assert 1_000 < peak_orders(feed, chosen[1], Workload()) < 4_000


def test_a_worker_that_dies_is_named_with_its_variant() -> None:
    script = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    task = Task(job="scaling", variants=["p0_baseline", "p4_hash_lookup"])
    page = nameless_file()
    try:
        os.ftruncate(page, mmap.PAGESIZE)
        os.pwrite(page, b"\x02", 0)
        who = in_hand(replace(task, hand=page))
    finally:
        os.close(page)
    assert who == "p4_hash_lookup"
    code = subprocess.run([sys.executable, "-c", script], check=False).returncode
    assert ending(code) == "was killed by SIGSEGV"


def test_lines_of_a_process_that_says_nothing() -> None:
    read, write = os.pipe()
    os.write(write, b"one\ntw")
    found = lines(read, 0.05)
    assert next(found) == b"one"
    with pytest.raises(TimeoutError, match=r"^0\.05 s$"):
        next(found)
    os.close(write)
    assert list(lines(read, 60.0)) == []
    os.close(read)


def test_lines_end_with_their_process_though_another_holds_the_pipe() -> None:
    read, write = os.pipe()
    os.write(write, b"one\ntwo\n")
    assert list(lines(read, 60.0, ended=lambda: True)) == [b"one", b"two"]
    os.close(write)
    os.close(read)
