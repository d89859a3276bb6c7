"""The process whose instructions callgrind counts, its command line and what callgrind wrote of it; a file that
stands alone, so that any commit's Python can run it with that commit on its path.

For each feed and variant it replays most of the feed, then an empty call and the feed's last records with counting
on, each ended by a dump under a name of its own: books are full by then, as they are for most of a feed. callgrind
knows no AVX-512, so kernels are compiled for a processor that it can play.
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
import re
import shutil
import struct
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

PROCESSOR = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+bmi,+bmi2,+fma"}
"""What kernels must be compiled for."""

RECORDS = 20_000
"""That are counted: the count is exact, so few are enough."""

LEAD = 200_000
"""Most records that are replayed before those; under valgrind they take ten times as long as without."""

# Valgrind's and callgrind's requests (valgrind.h, callgrind.h: public, and the same in every version).
_TOOL = (ord("C") << 24) | (ord("T") << 16)
TOGGLE_COLLECT = _TOOL + 2
DUMP_STATS_AT = _TOOL + 3  # it also begins anew
START_INSTRUMENTATION, STOP_INSTRUMENTATION = _TOOL + 4, _TOOL + 5

# f(rdi = address of six words): the four rotations and the exchange are what valgrind takes for a request on x86-64.
_REQUEST = bytes.fromhex(
    "4889f8"  # mov rax, rdi
    "31d2"  # xor edx, edx: the answer outside of valgrind
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
    except (ImportError, AttributeError):  # commits before it had a module of its name
        return part("engine.session").Replay


def count(valgrind: Valgrind, replay: Any, chunk: Any, name: str) -> None:
    """Run one chunk with counting on and dump what was counted under ``name``."""
    valgrind.request(START_INSTRUMENTATION)
    replay.run(chunk.address, chunk.stride, chunk.count)
    valgrind.request(DUMP_STATS_AT, name.encode())
    valgrind.request(STOP_INSTRUMENTATION)


def count_variant(
    valgrind: Valgrind, variant: Any, feed: Any, task: Mapping[str, Any], label: str, ended: list[threading.Event]
) -> None:
    """Count one variant on one feed, tell the first of ``ended``, stay until the second.

    ``label`` takes the number of records and what was counted.
    """
    try:
        wanted = task.get("records", RECORDS)
        begin = max(0, min(LEAD, feed.count - wanted))
        lead, records = feed.slice(0, begin), feed.slice(begin, min(begin + wanted, feed.count))
        until = {"until": task["until"]} if "until" in task else {}
        replay = replay_class()(variant, evaluate=task["evaluate"], observe=False, **until)
        replay.run(lead.address, lead.stride, lead.count)
        # The first dump holds what is done once, when a thread calls for the first time.
        for kind, chunk in (("first", feed.slice(0, 0)), ("empty", feed.slice(0, 0)), ("whole", records)):
            count(valgrind, replay, chunk, "lobench " + label.format(records.count, kind))
        replay.close()
    finally:
        ended[0].set()
    ended[1].wait()


def missing() -> str | None:
    """Why instructions can't be counted here; None if they can."""
    if platform.machine() != "x86_64":
        return f"instructions are counted on x86-64 only, not on {platform.machine()}"
    return None if shutil.which("valgrind") else "valgrind is not installed"


def variables() -> dict[str, str]:
    """What the counted process needs in its environment."""
    return {**PROCESSOR, "GLIBC_TUNABLES": "glibc.malloc.arena_max=1000"}


def command(counted: Sequence[str], folder: str) -> list[str]:
    """The command that counts; it needs ``variables`` in its environment and leaves its dumps in ``folder``.

    ``counted`` is the command that runs this file on a task. Addresses are the same in every run; what a user has set
    for valgrind, in its environment or in a ``.valgrindrc``, is not asked.
    """
    return [
        *(["setarch", platform.machine(), "-R"] if shutil.which("setarch") else []),
        *("valgrind", "--command-line-only=yes", "--tool=callgrind", "--instr-atstart=no"),
        *("--smc-check=all-non-file", "-q", f"--callgrind-out-file={folder}/out", *counted),
    ]


_NAME = re.compile(r"^desc: Trigger: .*lobench (\d+) (\d+) (empty|whole) (.+)$", re.MULTILINE)
# Not its "summary": with threads that is a difference of two threads' counts.
_TOTAL = re.compile(r"^totals: (\d+)", re.MULTILINE)


def read(files: Iterable[Path]) -> dict[tuple[int, str], float]:
    """(feed, variant) to instructions per event: those of the records without those of an empty call."""
    totals: dict[tuple[int, str, str], tuple[int, int]] = {}
    for file in files:
        text = file.read_text(errors="replace", encoding="utf-8")
        name, total = _NAME.search(text), _TOTAL.search(text)
        if name and total:
            feed, records, kind, variant = name.groups()
            totals[int(feed), variant, kind] = (int(total[1]), int(records))
    return {
        (feed, variant): (total - totals[feed, variant, "empty"][0]) / records
        for (feed, variant, kind), (total, records) in totals.items()
        if kind == "whole"
    }


def main() -> None:
    """Count what the JSON object in the first argument says: feeds (lists of specs), variants, evaluate."""
    reading, variants = part("engine.feeds"), part("variants")
    task = json.loads(sys.argv[1])
    known = variants.discover()
    valgrind = Valgrind()
    gc.disable()
    done = threading.Event()
    for place, specs in enumerate(task["feeds"]):
        feed = reading.load(reading.open_feed(specs))
        for name in task["variants"]:
            # A new thread allocates from an arena of its own: what the allocator does is then not a matter of what
            # Python, whose sources are others in each commit, has left in the first one. The threads stay to the end,
            # or the next would have the arena of one that has gone, and its counts subtracted.
            counted = threading.Event()
            label = f"{place} {{}} {{}} {name}"
            work = (valgrind, variants.resolve(name, known), feed, task, label, [counted, done])
            threading.Thread(target=count_variant, args=work).start()
            counted.wait()
    done.set()


if __name__ == "__main__":
    main()
