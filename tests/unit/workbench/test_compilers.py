"""Processes that compile one kernel after another: one that ends costs no other kernel, and none is waited for in vain.

What runs in them here compiles nothing, and does what its job is called.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import pytest

from lobench.workbench import expected, precompile
from lobench.workbench.console import Ticker
from lobench.workbench.processes import compilers
from lobench.workbench.processes.compilers import Job, compiled

SERVES = """
import json, os, sys, time
served = 0
for line in sys.stdin:
    job = json.loads(line)[0]
    if job == "ends" or job == "ends if another was first" and served:
        os._exit(9)
    if job == "ends while another holds its pipe":
        if not os.fork():
            os.read(0, 1)  # until the other end is closed
        os._exit(9)
    if job == "never ends":
        time.sleep(600)
    served += 1
    print("null", flush=True)
    if job == "ends after its answer":
        os._exit(9)
"""


@pytest.fixture(autouse=True)
def _pretended(monkeypatch: pytest.MonkeyPatch) -> None:
    command = {"args": [sys.executable, "-I", "-c", SERVES], "env": dict(os.environ)}
    monkeypatch.setattr(compilers, "helper", lambda name, *files: command)
    monkeypatch.setattr(os, "sched_getaffinity", lambda number: {0})


def problems(*names: str) -> dict[str, str | None]:
    return {done.job.variant: done.problem for done in compiled([job(name) for name in names], ())}


def job(name: str) -> Job:
    return Job(name, "timed", "book")


def test_a_process_that_ends_costs_its_own_kernel_alone() -> None:
    told = problems("a", "ends after its answer", "b", "ends if another was first", "ends", "c")
    assert list(told) == ["a", "ends after its answer", "b", "ends if another was first", "ends", "c"]
    assert "the compiler ended with code 9" in str(told.pop("ends"))
    assert set(told.values()) == {None}


def test_one_that_is_gone_is_not_waited_for() -> None:
    told = problems("a", "ends while another holds its pipe", "b")
    assert (told["a"], told["b"]) == (None, None)
    assert "ended with code 9" in str(told["ends while another holds its pipe"])


def test_one_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilers, "SECONDS", 0.2)
    told = problems("never ends")
    assert "the compiler took longer than" in str(told["never ends"])


def test_an_interrupt_while_an_answer_is_read_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[Any] = []

    def interrupted(compiler: Any, answer: str) -> None:
        met.append(compiler)
        raise KeyboardInterrupt

    monkeypatch.setattr(compilers._Compiler, "problem", interrupted)
    with pytest.raises(KeyboardInterrupt):
        problems("a", "b")
    assert [compiler.ended for compiler in met] == [True]


def test_the_time_left_is_known_of_a_single_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Callable[[], float]] = []

    class Heard(Ticker):
        def left(self, ask: Callable[[], float]) -> None:
            asked.append(ask)

    def compiles(one: Job, files: object) -> None:
        (ask,) = asked
        assert 6.5 < ask() <= 7
        return None

    monkeypatch.setattr(expected, "_seconds", lambda jobs: dict.fromkeys(jobs, 7.0))
    monkeypatch.setattr(precompile, "compile_here", compiles)
    monkeypatch.setattr(precompile, "memory_is_limited", lambda: False)
    assert [done.job for done in precompile._compile([job("a")], (), ["a"], Heard())] == [job("a")]
    assert asked[0]() == 0
