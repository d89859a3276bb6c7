"""The process whose instructions callgrind counts, and its command line; a stand-alone file, so that any commit's
Python can run it with that commit on its path. ``dumps`` reads callgrind's output.

For each feed and variant it first replays a lead without counting, so that books are filled as they are for most of a
feed; then an empty call and the next records with counting on, with a named dump after each. callgrind does not support
AVX-512, so kernels are compiled for a processor that it can simulate.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import importlib.util
import json
import mmap
import os
import platform
import shutil
import struct
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

PROCESSOR = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+bmi,+bmi2,+fma"}
"""Numba's settings for the kernels: a processor that callgrind can simulate."""

RECORDS = 20_000
"""Records that are counted: the count is exact, so few are enough."""

OF_AN_ACTION = 200
"""Records of each kind of action to count separately, if available: the last ones."""
REPLAYS = 5
"""Replays of an engine from outside for each count. Their spread shows the effect of chance: costs may depend on random
keys of a hash table or on memory addresses."""

LEAD = 200_000
"""Most records that are replayed before the counted ones; under valgrind a replay takes ten times as long."""

# Valgrind's and callgrind's requests (valgrind.h, callgrind.h: public, and the same in every version).
_TOOL = (ord("C") << 24) | (ord("T") << 16)
TOGGLE_COLLECT = _TOOL + 2
DUMP_STATS_AT = _TOOL + 3  # also sets the counts to zero
START_INSTRUMENTATION, STOP_INSTRUMENTATION = _TOOL + 4, _TOOL + 5

# f(rdi = address of six words): valgrind on x86-64 recognizes a request by the four rotations and the exchange.
_REQUEST = bytes.fromhex(
    "4889f8"  # mov rax, rdi
    "31d2"  # xor edx, edx: the answer outside valgrind
    "48c1c703" + "48c1c70d" + "48c1c73d" + "48c1c733"  # rol rdi, 3; 13; 61; 51
    "4887db"  # xchg rbx, rbx
    "4889d0"  # mov rax, rdx
    "c3"  # ret
)


class Valgrind:
    """Requests to the valgrind that runs this process; ignored outside of it."""

    def __init__(self) -> None:
        self._code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._code.write(_REQUEST)
        self._page = (ctypes.c_char * 1).from_buffer(self._code)
        self._call = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)(ctypes.addressof(self._page))

    def request(self, number: int, argument: bytes = b"") -> None:
        """Send one request; ``argument`` is a text that it may take."""
        text = ctypes.create_string_buffer(argument)
        words = ctypes.create_string_buffer(struct.pack("6Q", number, ctypes.addressof(text), 0, 0, 0, 0))
        self._call(ctypes.addressof(words))


def part(name: str) -> Any:
    """A module of the commit's code: under ``lobench``, or at the top as in commits before it had one import name."""
    tree = os.environ.get("LOBENCH_TREE")
    under = os.path.isdir(os.path.join(tree, "lobench")) if tree else importlib.util.find_spec("lobench") is not None
    return importlib.import_module(f"lobench.{name}" if under else name)


def replay_class() -> Any:
    """The class that replays a feed, wherever the commit keeps it."""
    try:
        return part("engine.replay").Replay
    except (ImportError, AttributeError):  # commits before Replay had a module of its own
        return part("engine.session").Replay


# f(...): calls the function whose address stands between these bytes, with the same arguments.
_CALL = bytes.fromhex("4883ec08" + "48b8"), bytes.fromhex("ffd0" + "4883c408" + "c3")


class Stub:
    """A function in memory of its own that calls another. libffi, through which Python calls, moves the stack in a way
    that callgrind does not expect: it would take the called function for a part of libffi."""

    def __init__(self, function: int) -> None:
        self._code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._code.write(_CALL[0] + struct.pack("<Q", function) + _CALL[1])
        self._page = (ctypes.c_char * 1).from_buffer(self._code)
        self.address = ctypes.addressof(self._page)


class Applied:
    """An engine from outside during its replay: only its own work is counted, none of lobench's."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.close = engine.close

    def run(self, address: int, stride: int, count: int) -> None:
        self._engine.apply(address, stride, count)


def find(name: str, task: Mapping[str, Any], known: Any) -> Any:
    """The variant of a task: of the commit, or the engine in one of its ``engines`` (name to file)."""
    file = task.get("engines", {}).get(name)
    if file is None:
        return part("variants").resolve(name, known)
    if file.endswith(".so"):
        library = part("engine.foreign.library").Library(file)
        library.stub = Stub(library.table.apply)
        library.table = part("engine.foreign.abi").Table.from_buffer_copy(library.table)
        library.table.apply = library.stub.address
        return library.make
    return part("variants").load_file(file).start


def start(variant: Any, task: Mapping[str, Any], feed: Any) -> Any:
    """A replay from the first record on, in the build that is timed."""
    if "engines" not in task:
        until = {"until": task["until"]} if "until" in task else {}
        return replay_class()(variant, evaluate=task["evaluate"], observe=False, **until)
    every = task["evaluate"] == "every"
    told = {"expected_orders": feed.orders, "expected_instruments": feed.instruments}
    options = part("engine.foreign.abi").Options(stage=task["stage"], evaluate_every=every, workers=1, **told)
    return Applied(variant(options))


def warm(variant: Any, task: Mapping[str, Any], feed: Any) -> None:
    """Load all that a replay needs, in the calling thread."""
    replay = start(variant, task, feed)
    run(replay, feed.slice(0, 0))
    replay.close()


def count(valgrind: Valgrind, replay: Any, chunk: Any, name: str) -> None:
    """Run one chunk with counting on and dump the counts under ``name``."""
    valgrind.request(START_INSTRUMENTATION)
    replay.run(chunk.address, chunk.stride, chunk.count)
    valgrind.request(DUMP_STATS_AT, name.encode())
    valgrind.request(STOP_INSTRUMENTATION)


def count_variant(
    valgrind: Valgrind, variant: Any, feed: Any, task: Mapping[str, Any], label: str, ended: list[threading.Event]
) -> None:
    """Count one variant on one feed, an engine from outside in several replays; signal the first of ``ended``, stay
    until the second.

    ``label`` takes the number of records and the kind of count.
    """
    try:
        wanted = task.get("records", RECORDS)
        begin = max(0, min(LEAD, feed.count - wanted))
        lead, records = feed.slice(0, begin), feed.slice(begin, min(begin + wanted, feed.count))
        replay = start(variant, task, feed)
        replay.run(lead.address, lead.stride, lead.count)
        # The first dump holds the one-time work of a thread's first call.
        for kind, chunk in (("first", feed.slice(0, 0)), ("empty", feed.slice(0, 0)), ("whole", records)):
            count(valgrind, replay, chunk, "lobench " + label.format(records.count, kind))
        replay.close()
        if isinstance(feed, Records):
            for _ in range(REPLAYS - 1):
                replay = start(variant, task, feed)
                replay.run(lead.address, lead.stride, lead.count)
                count(valgrind, replay, records, "lobench " + label.format(records.count, "whole"))
                replay.close()
            count_actions(valgrind, variant, feed, task, label)
    finally:
        ended[0].set()
    ended[1].wait()


def count_actions(valgrind: Valgrind, variant: Any, feed: Any, task: Mapping[str, Any], label: str) -> None:
    """Count each kind of action separately: its last records up to the end of those that ``count_variant`` counts. Each
    kind has its own replays.

    Each record is a call of its own, and a call costs more than a record. So empty calls are counted as well.
    """
    begin = max(0, min(LEAD, feed.count - RECORDS))
    actions = feed.actions(0, min(begin + RECORDS, feed.count))
    idle = [begin] * OF_AN_ACTION
    # The first calls include one-time work.
    alone(valgrind, start(variant, task, feed), feed, idle, 0, label, ("settling", "idle"))
    for kind in sorted(set(actions)):
        places = places_of(kind, actions)
        for _ in range(REPLAYS):
            alone(valgrind, start(variant, task, feed), feed, places, 1, label, (f"action-{chr(kind)}",))


def places_of(kind: int, actions: bytes) -> list[int]:
    """Indices of the last ``OF_AN_ACTION`` records of a kind, in order."""
    places: list[int] = []
    place = actions.rfind(kind)
    while place >= 0 and len(places) < OF_AN_ACTION:
        places.append(place)
        place = actions.rfind(kind, 0, place)
    return places[::-1]


def alone(
    valgrind: Valgrind,
    replay: Any,
    feed: Any,
    places: Sequence[int],
    count: int,
    label: str,
    names: Sequence[str],
) -> None:
    """Count calls of ``count`` records at each of these places, and dump the sum; repeat for each of ``names``. End
    the replay."""
    done = places[0]
    run(replay, feed.slice(0, done))
    valgrind.request(START_INSTRUMENTATION)
    valgrind.request(TOGGLE_COLLECT)
    for name in names:
        for place in places:
            if place > done:
                run(replay, feed.slice(done, place))
            collected(valgrind, replay, feed.slice(place, place + count))
            done = place + count
        valgrind.request(DUMP_STATS_AT, f"lobench {label.format(len(places), name)}".encode())
    valgrind.request(TOGGLE_COLLECT)
    valgrind.request(STOP_INSTRUMENTATION)
    replay.close()


def run(replay: Any, chunk: Any) -> None:
    """Run one chunk."""
    replay.run(chunk.address, chunk.stride, chunk.count)


def collected(valgrind: Valgrind, replay: Any, chunk: Any) -> None:
    """Run one chunk and collect its counts."""
    valgrind.request(TOGGLE_COLLECT)
    replay.run(chunk.address, chunk.stride, chunk.count)
    valgrind.request(TOGGLE_COLLECT)


def missing() -> str | None:
    """Why instructions can't be counted here; None if they can."""
    if platform.machine() != "x86_64":
        return f"instructions are counted on x86-64 only, not on {platform.machine()}"
    return None if shutil.which("valgrind") else "valgrind is not installed"


def variables() -> dict[str, str]:
    """Environment variables of the counted process."""
    return {**PROCESSOR, "GLIBC_TUNABLES": "glibc.malloc.arena_max=1000"}


def command(counted: Sequence[str], folder: str) -> list[str]:
    """The command that counts; it needs ``variables`` in its environment and leaves its dumps in ``folder``.

    ``counted`` is the command that runs this file on a task. Addresses are the same in every run; a user's valgrind
    settings, in the environment or in a ``.valgrindrc``, are ignored.
    """
    # Write out all names and lines, because the reader (``lines``) keeps no table of earlier ones.
    return [
        *(["setarch", platform.machine(), "-R"] if shutil.which("setarch") else []),
        *("valgrind", "--command-line-only=yes", "--tool=callgrind", "--instr-atstart=no"),
        *("--smc-check=all-non-file", "-q", "--compress-strings=no", "--compress-pos=no"),
        *(f"--callgrind-out-file={in_options(folder)}/out", *counted),
    ]


def in_options(path: object) -> str:
    """A path for valgrind's options, in which a per cent sign begins a field."""
    return str(path).replace("%", "%%")


_ACTION = 38
"""Byte of a record that holds its action."""


class Part:
    """Records that follow each other, as ``engine.feeds.Chunk``."""

    __slots__ = ("address", "count", "stride")

    def __init__(self, address: int, stride: int, count: int) -> None:
        self.address, self.stride, self.count = address, stride, count


class Records:
    """A feed of raw MBO records in a file, as ``LoadedFeed``, with the expectations for an engine; a process that only
    runs an engine loads no compiler."""

    stride = 56

    def __init__(self, file: str, orders: int, instruments: int) -> None:
        self.orders, self.instruments = orders, instruments
        with open(file, "rb") as opened:
            self._memory = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_COPY)
        self.count = len(self._memory) // self.stride
        self._page = (ctypes.c_char * len(self._memory)).from_buffer(self._memory)
        self._address = ctypes.addressof(self._page)

    def slice(self, start: int, stop: int) -> Part:
        return Part(self._address + start * self.stride, self.stride, stop - start)

    def actions(self, start: int, stop: int) -> bytes:
        """The actions of these records."""
        return self._memory[start * self.stride + _ACTION : stop * self.stride : self.stride]


def main() -> None:
    """Count as the JSON object in the first argument says: feeds (lists of specs), variants, evaluate; for engines from
    outside (``engines``) feeds are the arguments of ``Records``, and ``stage`` is the number of the last one."""
    task = json.loads(sys.argv[1])
    engines = "engines" in task
    known = None if engines else part("variants").discover()
    valgrind = Valgrind()
    gc.disable()
    done = threading.Event()
    for place, specs in enumerate(task["feeds"]):
        if engines:
            feed: Any = Records(*specs)
        else:
            reading = part("engine.feeds")
            feed = reading.load(reading.open_feed(specs))
        for name in task["variants"]:
            # A new thread allocates from an arena of its own, so its allocations do not depend on the state in which
            # Python, with each commit's own sources, and the loader of kernels left the main arena. Threads stay
            # alive until the end: otherwise the next one would inherit the arena of a finished thread, and that
            # thread's counts would be subtracted.
            variant = find(name, task, known)
            warm(variant, task, feed)
            counted = threading.Event()
            label = f"{place} {{}} {{}} {name}"
            work = (valgrind, variant, feed, task, label, [counted, done])
            threading.Thread(target=count_variant, args=work).start()
            counted.wait()
    done.set()


if __name__ == "__main__":
    main()
