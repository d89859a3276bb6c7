"""Shared by all tests: the three tiers, and the handling of signals.

A test's tier is the nearest of its marks ``fast``, ``normal`` and ``long``, on the test, its class or its module.
Without a mark a test is fast in ``tests/unit`` and normal elsewhere. A fast test that compiles a kernel fails.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support import made_once

FAST, NORMAL, LONG = TIERS = ("fast", "normal", "long")
UNIT = Path(__file__).parent / "unit"

# Processes of a shell's background job ignore interrupts and pass that on to their children; nohup adds hang-ups.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# As the command does for itself, so that a test that calls it in this process changes nothing for later tests.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


_chosen = [LONG]


def pytest_configure(config: pytest.Config) -> None:
    _chosen[:] = [config.getoption("--tier")]
    settings.register_profile("tier", max_examples=examples(100))
    settings.load_profile("tier")


def examples(count: int) -> int:
    """Examples of a property: ``count`` in the long tier, a third of them in those before it."""
    return count if _chosen == [LONG] else count // 3


@pytest.fixture(scope="session", autouse=True)
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        made_once.keep_in(tmp_path_factory.getbasetemp().parent)


@pytest.fixture(autouse=True)
def same_environment() -> Iterator[None]:
    """Variables that a command sets in this process, as for OpenBLAS, are gone after the test."""
    before = dict(os.environ)
    yield
    for name in before.keys() | os.environ.keys():
        if name == "PYTEST_CURRENT_TEST" or before.get(name) == os.environ.get(name):
            continue
        if name in before:
            os.environ[name] = before[name]
        else:
            del os.environ[name]


def tier(item: pytest.Item) -> str:
    """The tier of a test."""
    marks = (mark.name for mark in item.iter_markers() if mark.name in TIERS)
    return next(marks, FAST if UNIT in item.path.parents else NORMAL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tier", choices=TIERS, default=LONG, help="run the tests of this tier and of those before it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = TIERS[: TIERS.index(config.getoption("--tier")) + 1]
    left_out = [item for item in items if tier(item) not in wanted]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if tier(item) in wanted]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Fixtures of a fast test, of any scope, may compile nothing either."""
    with ExitStack() as stack:
        if tier(item) == FAST:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setenv("LOBENCH_CACHE_DIR", _empty_cache().name)
            if "numba" in sys.modules:
                stack.enter_context(_no_compiler())
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Kernels that its processes compiled are in the cache."""
    yield
    if tier(item) == FAST:
        kernels = list(Path(_empty_cache().name, "kernels").glob("*.kernel"))
        for kernel in kernels:
            kernel.unlink()
        assert not kernels, "a process of a fast test compiled a kernel: mark the test normal"


@cache
def _empty_cache() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="lobench-fast-")


def _no_compiler() -> Any:
    from numba.core import event

    class Refusing(event.Listener):
        def on_start(self, event: Any) -> None:
            raise AssertionError("a fast test compiles a function: mark it normal")

        def on_end(self, event: Any) -> None:
            pass

    return event.install_listener("numba:compile", Refusing())
