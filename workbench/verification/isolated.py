"""A variant in a separate process, with the interface of a ``Machine``.

Whatever a user's variant does there, the command goes on: a crash, an exception, an endless loop, unlimited memory and
printing stay in the process, and are reported as a ``FaultError``.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any

import psutil

from lobench.engine.errors import UsageError
from lobench.engine.feeds import LoadedFeed
from lobench.engine.foreign import engine as foreign
from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.foreign.start import Contestant
from lobench.engine.policy import Variant
from lobench.workbench.measurement.shared_feed import SharedFeed, shared
from lobench.workbench.processes.last_words import LastWords
from lobench.workbench.processes.starting import ending, helper
from lobench.workbench.processes.stopwatch import Stopwatch
from lobench.workbench.verification.machines import MachineSettings, State
from lobench.workbench.verification.proof import Proof

LEAST_SECONDS = 30.0
TIMES_REFERENCE = 20.0
"""Time limit of a replay: at least this many seconds, and at least this multiple of the reference's time."""
LEAST_GROWTH = 1 << 30
TIMES_GROWTH = 8
"""Limit of its memory growth: at least this many bytes, and at least this multiple of the reference's growth."""
COMPILING_SECONDS = 1200.0
STARTING_SECONDS = 120.0
"""Time limit of the first start of a library's engine, in which only lobench's own kernels may have to be compiled."""
LOADING_SECONDS = 60.0
SILENT_SECONDS = 120.0
"""Without a total limit: the longest silence of a process, which reports every finished batch of records."""
_SILENT_RECORD = 20.0
_LOOK = 0.1
_SHARE = 0.8
"""Share of the available memory that one process may take."""

# Fill freed and fresh memory with rubbish, so that a read of it changes the results.
_RUBBISH = {"GLIBC_TUNABLES": "glibc.malloc.perturb=165:glibc.malloc.tcache_count=0"}


FORKED = "leaves processes running (1): their work cannot be timed"
"""Fault of a process that forked, if the copy answers requests, too."""


@dataclass(eq=False)
class FaultError(Exception):
    """A replay ended early. ``kind``: exception, signal, exit, time, memory or compile. ``done``: number of records
    handled before; ``record``: the record at which it ends, if that could be found; ``at``: if it was not handling
    records, when it ended, as words that follow "when"."""

    kind: str
    reason: str
    done: int = 0
    record: int | None = None
    at: str = ""

    def __str__(self) -> str:
        return self.reason


def _ended(kind: str, reason: str, done: int, at: str, note: str = "") -> FaultError:
    when = f", when {at}" if at else ""
    return FaultError(kind, f"{reason}{when}{note}", done, at=at)


@contextmanager
def handed(feeds: Sequence[LoadedFeed]) -> Iterator[list[SharedFeed]]:
    """Within, the feeds as memory that processes can have."""
    with ExitStack() as stack:
        yield [stack.enter_context(shared(feed)) for feed in feeds]


class Host:
    """One variant's process: started at its first request, and again after a fault. Close it, or use it as a context.
    Threads may share it.

    ``growth``: the largest growth of its memory, bytes; ``allowed``: the permitted growth, None for no limit but the
    machine's.
    """

    def __init__(
        self, name: str, files: Sequence[str] = (), feeds: Sequence[SharedFeed] = (), allowed: int | None = None
    ) -> None:
        self.name = name
        self.growth = 0
        self.allowed = allowed
        self._turn = Lock()
        self._ended = False
        self._files = list(files)
        self._feeds = list(feeds)
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._base = 0
        self._limit = 0
        self._bounded = True

    def ask(
        self,
        what: str,
        arguments: Sequence[Any] = (),
        *,
        seconds: float | None = None,
        silent: float = SILENT_SECONDS,
        advance: Callable[[int], None] | None = None,
        allowance: str = "",
        bounded: bool = True,
    ) -> Any:
        """The process's answer. It may take ``seconds`` in all, and be silent for ``silent`` if that is None;
        ``allowance`` explains the limit. ``bounded``: its memory may grow only by ``allowed``. Raises FaultError."""
        with self._turn:
            connection = self._started()
            done, at = 0, ""
            try:
                connection.send((what, list(arguments)))
                self._take_base(bounded)
                watch = Stopwatch()
                heard = looked = 0.0
                while True:
                    if connection.poll(_LOOK):
                        process, kind, value = connection.recv()
                        heard = watch.seconds()
                        if process != self._process_id:
                            raise _ended("exception", FORKED, done, at)
                        if kind == "at":
                            at = value
                        elif kind == "advance":
                            done, at = done + value, ""
                            if advance is not None:
                                advance(value)
                        elif kind == "done":
                            return value
                        else:
                            raise _ended(kind, value, done, at)
                    elif self._ended_alone():
                        raise EOFError
                    now = watch.seconds()
                    if now - looked > _LOOK:
                        looked = now
                        self._look_at_memory(done, at)
                    if seconds is not None and now > seconds:
                        raise _ended("time", f"did not end within {seconds:,.0f} s", done, at, allowance)
                    if seconds is None and now - heard > silent:
                        raise _ended("time", f"made no progress within {silent:,.0f} s", done, at)
            except (EOFError, ConnectionError, pickle.UnpicklingError):
                kind, reason = self._end()
                raise _ended(kind, reason, done, at) from None
            except BaseException:
                self.close()
                raise

    def end(self) -> None:
        """End the process and all waiting for it, for good."""
        self._ended = True
        self.close()

    def close(self) -> None:
        """End the process, and all processes that it started."""
        if self._process is not None:
            # The group exists as long as any of its processes, even after its first one has ended.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
            self._said.close()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _started(self) -> Connection:
        if self._ended:
            raise InterruptedError(f"{self.name} was ended")
        if self._connection is not None:
            return self._connection
        ours, theirs = _pipe()
        with theirs:
            descriptors = [theirs.fileno(), *(feed.descriptor for feed in self._feeds)]
            self._process = subprocess.Popen(
                **helper("lobench.workbench.verification.isolated_worker", str(theirs.fileno()), changes=_RUBBISH),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=descriptors,
                process_group=0,
            )
        self._said = LastWords(self._process.stderr)
        self._connection = ours
        self._base = 0
        feeds = [(feed.descriptor, feed.name, feed.count) for feed in self._feeds]
        ours.send((self.name, self._files, feeds))
        return ours

    def _ended_alone(self) -> bool:
        """Whether the process has ended and all its messages were read. A fork of it may keep the connection open."""
        assert self._process is not None
        assert self._connection is not None
        return self._process.poll() is not None and not self._connection.poll()

    def _end(self) -> tuple[str, str]:
        """How the process ended: the kind of fault, and the reason with its last words."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        code = self._process.returncode
        words = self._said.text().strip().splitlines()
        self.close()
        if code is None:
            return "exit", "closed its connection"
        # An abort prints its reason, as the C library's heap checks do.
        last = f": {words[-1]}" if words and code in (1, -signal.SIGABRT) else ""
        return "exit" if code >= 0 else "signal", f"{ending(code)}{last}"

    @property
    def _process_id(self) -> int:
        assert self._process is not None
        return self._process.pid

    def _memory(self) -> int:
        """Bytes of the process's private memory."""
        assert self._process is not None
        try:
            found = psutil.Process(self._process.pid).memory_info()
            # Without the feed's pages, which are shared.
            return int(found.rss - getattr(found, "shared", 0))
        except psutil.Error:
            return self._base

    def _take_base(self, bounded: bool) -> None:
        self._base = self._memory()
        self._bounded = bounded
        room = int(psutil.virtual_memory().available * _SHARE)
        self._limit = min(room, self.allowed) if bounded and self.allowed is not None else room

    def _look_at_memory(self, done: int, at: str) -> None:
        growth = self._memory() - self._base
        if self._bounded:
            self.growth = max(self.growth, growth)
        if growth > self._limit:
            reason = f"took {growth / 1e6:,.0f} MB of memory, {self._limit / 1e6:,.0f} are allowed"
            raise _ended("memory", reason, done, at)


def _pipe() -> tuple[Connection, Connection]:
    import socket

    one, other = socket.socketpair()
    return Connection(one.detach()), Connection(other.detach())


class RemoteMachine:
    """``VariantMachine`` in a ``Host``'s process, on the ``place``-th of its feeds.

    ``seconds``: limit for a replay of the whole feed, None for no limit while it advances; ``allowance`` explains it.
    Faults are raised with the record at which they begin, if a second run finds it.
    """

    def __init__(
        self,
        host: Host,
        variant: Contestant,
        place: int,
        settings: MachineSettings,
        *,
        seconds: float | None = None,
        allowance: str = "",
    ) -> None:
        self.variant = variant
        self.workers = settings.workers
        self._host = host
        self._place = place
        self._seconds = seconds
        self._allowance = allowance
        workload = replace(settings.workload, parameters=variant.fitted_values)
        self._settings = replace(settings, workload=workload)

    @property
    def name(self) -> str:
        return self.variant.name

    def warm(self) -> None:
        """Compile the kernels for a replay, or load them; start an engine from outside once. Raises FaultError, of kind
        ``compile`` if it does not compile."""
        try:
            asked = [self._settings.scope.until, self._settings.deep]
            library = isinstance(self.variant, ForeignEngine) and self.variant.make is None
            seconds = STARTING_SECONDS if library else COMPILING_SECONDS
            self._host.ask("warm", asked, seconds=seconds, bounded=False)
        except FaultError as fault:
            if not isinstance(self.variant, Variant):
                raise FaultError(fault.kind, f"does not start: {fault.reason}", at=fault.at) from None
            raise FaultError("compile", f"does not compile: {fault.reason}") from None

    def replay(self, feed: LoadedFeed, count: int, advance: Callable[[int], None] | None = None) -> Proof:
        try:
            proof: Proof = self._ask("replay", [count], advance)
        except FaultError as fault:
            fault.record = self._find(feed, fault)
            raise
        return proof

    def state(self, feed: LoadedFeed, count: int, instrument_id: int, publisher_id: int) -> State:
        found: State = self._ask("state", [count, instrument_id, publisher_id])
        return found

    def count(self, advance: Callable[[int], None] | None = None) -> dict[str, int]:
        """Mechanism counters of the whole feed. Raises FaultError."""
        counted: dict[str, int] = self._ask("count", [], advance)
        return counted

    def _ask(self, what: str, arguments: Sequence[Any], advance: Callable[[int], None] | None = None) -> Any:
        return self._host.ask(
            what,
            [self._place, self._settings, *arguments],
            seconds=self._seconds,
            advance=advance,
            allowance=self._allowance,
        )

    def _find(self, feed: LoadedFeed, fault: FaultError) -> int | None:
        """The record at which a fault begins: the unfinished batch is repeated one record at a time."""
        if fault.kind == "compile":
            return None
        if fault.at:
            return None
        handled = 0

        def note(records: int) -> None:
            nonlocal handled
            handled += records

        try:
            self.warm()
            self._host.ask("walk", [self._place, self._settings, fault.done], silent=_SILENT_RECORD, advance=note)
        except FaultError as again:
            return handled if again.kind == fault.kind and not again.at else None
        return None


def described(files: Sequence[str]) -> list[ForeignEngine]:
    """The engines that users' files hold, without loading any here: a Python one has no class in this process. Raises
    UsageError for a file that cannot be used."""
    with Host("", files) as host:
        _check_loads(host, files)
        try:
            found: list[ForeignEngine] = host.ask("describe", seconds=LOADING_SECONDS)
        except FaultError as fault:
            raise UsageError(fault.reason) from None
    return found


def check_loads(files: Sequence[str]) -> None:
    """Load users' files in a separate process first, and note the content of libraries, so that they need not be loaded
    here. Raises UsageError for one that ends the process or never returns; other faults of a Python file are reported
    where it is used."""
    if files:
        with Host("", files) as host:
            _check_loads(host, files)


def _check_loads(host: Host, files: Sequence[str]) -> None:
    loaded = 0

    def note(count: int) -> None:
        nonlocal loaded
        loaded += count

    try:
        for library in host.ask("load", seconds=LOADING_SECONDS, advance=note):
            foreign.note(library)
    except FaultError as fault:
        file = files[min(loaded, len(files) - 1)]
        if fault.kind != "exception":
            raise UsageError(f"{file}: when loaded, {fault.reason}") from None
        if file.endswith(foreign.LIBRARIES):
            raise UsageError(fault.reason) from None
