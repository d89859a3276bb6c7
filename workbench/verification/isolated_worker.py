"""The process of one variant: answers ``lobench.workbench.verification.isolated.Host`` until its parent ends.

Run as ``python -m lobench.workbench.verification.isolated_worker DESCRIPTOR``. The variant's output is discarded.
"""

from __future__ import annotations

import os
import queue
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from lobench.engine.errors import LobenchError
from lobench.engine.feeds import Chunk, LoadedFeed
from lobench.engine.foreign.engine import LIBRARIES, ForeignEngine
from lobench.engine.foreign.start import Contestant, warm
from lobench.engine.policy import Variant
from lobench.engine.records import MBO
from lobench.engine.replay import warm as warm_build
from lobench.variants import discover, load_file, resolve
from lobench.workbench.measurement.shared_feed import receive
from lobench.workbench.verification.machines import MachineSettings, VariantMachine
from lobench.workbench.verification.proof import Questions


def main() -> None:
    """Serve; ends with the parent."""
    # Interrupts are handled by the parent, which ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The C library has read it; a variant need not see it.
    os.environ.pop("GLIBC_TUNABLES", None)
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    connection = Connection(int(sys.argv[1]))
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, requests), daemon=True).start()
    server = _Server(connection, *requests.get())
    while True:
        what, arguments = requests.get()
        try:
            server.tell("done", getattr(server, what)(*arguments))
        except LobenchError as error:
            server.tell("exception", str(error))
        except MemoryError:
            server.tell("memory", "ran out of memory")
        except BaseException as error:
            server.tell(*_told(error))


def _listen(connection: Connection, requests: queue.SimpleQueue[Any]) -> None:
    """Pass on messages; in a thread, so that the process ends with its parent whatever its variant does."""
    while True:
        try:
            requests.put(connection.recv())
        except (EOFError, OSError):
            os._exit(1)


def _told(error: BaseException) -> tuple[str, str]:
    """The exception, and its line."""
    if isinstance(error, SystemExit):
        return "exit", f"ended with code {error.code or 0}"
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})" if frames else ""
    text = str(error).strip()
    return "exception", f"raised {type(error).__name__}{': ' if text else ''}{text[-2000:]}{where}"


class _Server:
    """Handles requests by name: every public method but ``tell`` is a request."""

    def __init__(
        self, connection: Connection, name: str, files: Sequence[str], feeds: Sequence[tuple[int, str, int]]
    ) -> None:
        self._connection = connection
        self._files = files
        self._name = name
        self._known: dict[str, Contestant] | None = None
        self._feeds = [_feed(*feed) for feed in feeds]

    def describe(self) -> list[ForeignEngine]:
        """The engines of the user's files; a class stays here."""
        known = (one for one in discover(self._files).values() if isinstance(one, ForeignEngine))
        return [replace(one, make=None) for one in known]

    def load(self) -> list[ForeignEngine]:
        """Load all files of the user's; returns the engines of libraries."""
        libraries = []
        for file in self._files:
            found = load_file(file)
            if isinstance(found, ForeignEngine) and file.endswith(LIBRARIES):
                libraries.append(found)
            self._advance(1)
        return libraries

    def warm(self, until: str, deep: bool) -> None:
        variant = self._variant(None)
        warm(variant, until, self._at)
        if deep and isinstance(variant, Variant):
            warm_build(variant, observe=True, until=until)

    def replay(self, place: int, settings: MachineSettings, count: int) -> Any:
        machine, feed = self._machine(place, settings)
        return machine.replay(feed, count, self._advance)

    def walk(self, place: int, settings: MachineSettings, start: int) -> None:
        machine, feed = self._machine(place, settings)
        machine.walk(feed, start, self._advance)

    def state(self, place: int, settings: MachineSettings, count: int, instrument_id: int, publisher_id: int) -> Any:
        machine, feed = self._machine(place, settings)
        return machine.state(feed, count, instrument_id, publisher_id)

    def count(self, place: int, settings: MachineSettings) -> Any:
        machine, feed = self._machine(place, settings)
        return machine.count(feed, self._advance)

    def observe(self, take: Any) -> Any:
        """The engine's state at the end of a rule's stream (``conformance.subjects.Take``)."""
        from lobench.workbench.conformance.subjects import subject_of

        return subject_of(self._variant(None)).observe(take, self._advance)

    def _variant(self, parameters: Mapping[str, int] | None) -> Contestant:
        # Only once: an engine may change the working directory, and relative file names depend on it.
        if self._known is None:
            self._known = discover(self._files)
        variant = resolve(self._name, self._known)
        return variant.fitted(variant.parameters_of(parameters))

    def _machine(self, place: int, settings: MachineSettings) -> tuple[VariantMachine, LoadedFeed]:
        feed = self._feeds[place]
        questions = None if settings.seed is None else Questions(feed, settings.seed)
        return VariantMachine(self._variant(settings.workload.parameters), settings, questions, self._at), feed

    def tell(self, kind: str, value: Any) -> None:
        """Send a message with the sender's process id, because a fork of this process shares the connection."""
        self._connection.send((os.getpid(), kind, value))

    def _advance(self, records: int) -> None:
        self.tell("advance", records)

    def _at(self, what: str) -> None:
        """Announce the next call, if it is not one with records."""
        self.tell("at", what)


def _feed(descriptor: int, name: str, count: int) -> LoadedFeed:
    if count:
        return receive(descriptor, name, count)
    nothing = np.zeros(0, MBO)
    return LoadedFeed(name, Chunk(nothing.ctypes.data, MBO.itemsize, 0, nothing), {})


if __name__ == "__main__":
    main()
