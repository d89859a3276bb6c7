"""Processes that compile one kernel after another: if one ends, the other kernels are still compiled, and nothing waits
for it in vain.

The processes here compile nothing; the name of each job says what its process does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from lobench.engine.workload import Workload
from lobench.variants import discover
from lobench.workbench import precompile
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
    return {done.variant: problem for done, problem in compiled([job(name) for name in names], ())}


def job(name: str) -> Job:
    return Job(name, "timed", "book")


def test_a_process_that_ends_costs_its_own_kernel_alone() -> None:
    told = problems("a", "ends after its answer", "b", "ends if another was first", "ends", "c")
    assert list(told) == ["a", "ends after its answer", "b", "ends if another was first", "ends", "c"]
    assert "the compiler ended with code 9" in str(told.pop("ends"))
    assert set(told.values()) == {None}


def test_a_compiler_that_ended_is_not_waited_for() -> None:
    told = problems("a", "ends while another holds its pipe", "b")
    assert (told["a"], told["b"]) == (None, None)
    assert "ended with code 9" in str(told["ends while another holds its pipe"])


def test_a_compiler_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.mark.parametrize(("limited", "files"), [(False, ()), (True, ()), (False, ("mine.py",))])
def test_a_single_kernel_is_compiled_in_this_process_where_that_is_safe(
    limited: bool, files: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precompile, "memory_is_limited", lambda: limited)
    monkeypatch.setattr(precompile, "compile_here", lambda one, given: "compiled here")
    monkeypatch.setattr(precompile, "compiled", lambda *given, alone: iter([(job("a"), "compiled elsewhere")]))
    place = "elsewhere" if limited or files else "here"
    assert list(precompile._compile([job("a")], files, ["a"])) == [(job("a"), f"compiled {place}")]


def test_progress_is_the_number_of_compiled_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    @contextmanager
    def progress(label: str, total: int, *, even: bool) -> Iterator[Any]:
        steps: list[None] = []
        yield SimpleNamespace(advance=lambda: steps.append(None))
        seen.append((label, total, even, len(steps)))

    def done(jobs: Sequence[Job], files: object, known: object) -> Generator[tuple[Job, str | None], None, None]:
        return ((one, None) for one in jobs)

    variants = list(discover().values())[:3]
    monkeypatch.setattr(precompile, "kernel_folder", lambda: "somewhere")
    monkeypatch.setattr(precompile, "not_kept", lambda variants, noted, until: variants)
    monkeypatch.setattr(precompile, "progress", progress)
    monkeypatch.setattr(precompile, "_compile", done)
    assert precompile.compile_all(variants, ["timed", "observed"], Workload()) == {}
    assert seen == [("compiling kernels (once)", 6, False, 6)]
