"""Shared by the benchmarks: parameters, feeds, compiled kernels, exact counts, made once for each commit.

asv runs the working tree's version of these files against each commit's installed code. So parameters come from the
working tree, and only code that every commit has is used; missing features raise SkipNotImplemented, a
NotImplementedError that asv takes for "skip" within a benchmark as well as in its set-up. Nothing is imported from the
engine before it is needed: asv starts a process for each value.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from asv_runner.benchmarks.mark import SkipNotImplemented

ROOT = Path(__file__).resolve().parent.parent

PHASES = [*(ROOT / "variants").glob("p*_*.py"), *(path.parent for path in (ROOT / "variants").glob("p*_*/__init__.py"))]
VARIANTS = sorted((path.stem for path in PHASES), key=lambda name: int(name[1:].split("_")[0]))
"""The ladder, as the working tree has it."""

FEEDS = ["synth:liquid-future,n=100000", "synth:equity-universe,n=100000"]
"""The feed of exact counts. Short, so that the quick run is; not to be changed, only added to."""

TIMED = ["synth:liquid-future,n=100000", "synth:auction-open,n=100000"]
"""That replays are timed on: feeds that fit into a core's own caches. asv times commits minutes apart, and on a larger
feed the same code then takes up to a fifth more or less."""

TASKS = ROOT / "workbench" / "commits"
"""Stand-alone files that run with any commit's Python."""

REPLAYS = 9
"""That a tracked speed is the median of."""


def counters_of(text: str) -> tuple[str, ...]:
    """Names of the mechanism counters, from the source text that defines them."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "COUNTERS" and node.value is not None:
            return tuple(ast.literal_eval(node.value))
    raise ValueError("engine/counters.py defines no COUNTERS")


COUNTERS = counters_of((ROOT / "engine" / "counters.py").read_text(encoding="utf-8"))
"""The mechanism counters that the working tree has."""


def task(name: str) -> Any:
    """A stand-alone file of the workbench as a module."""
    spec = importlib.util.spec_from_file_location(f"lobench_{name}", TASKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def part(name: str) -> Any:
    """A module of the commit's code, whichever layout it has."""
    return task("worker").part(name)


def found(name: str) -> Any:
    """The commit's variant of that name; NotImplementedError if it has none."""
    variants = part("variants").discover()
    if name not in variants:
        raise SkipNotImplemented(f"this commit has no {name}")
    return variants[name]


def loaded(path: str) -> Any:
    """A feed in memory, its pages touched."""
    reading = part("engine.feeds")
    feed = reading.load(reading.open_feed([path]))
    feed.records["order_id"].sum()
    return feed


def new_replay(variant: str, until: str | None = None) -> Any:
    """A replay of the commit's variant, timed build, from a fresh start; NotImplementedError if there is none."""
    return task("worker").new_replay(found(variant), "last", until=until)


def speed(fresh: Callable[[], Any], whole: Any) -> float:
    """Events per second of CPU time, the median of ``REPLAYS`` from a fresh start: asv takes a tracked number once and
    judges it by its size alone, so one replay that was disturbed would be a step in the series."""
    times = []
    for _ in range(REPLAYS):
        replay = fresh()
        replay.run(0, 0, 0)
        began = time.thread_time()
        replay.run(whole.address, whole.stride, whole.count)
        times.append(time.thread_time() - began)
        replay.close()
    return float(whole.count / statistics.median(times))


def settle() -> None:
    """Date the installed sources by their content.

    Numba finds a cached kernel by its source's path and date, and pip dates files by when it installs them: commits
    with the same engine would be compiled again and again.
    """
    for package in ("engine", "variants"):
        spec = importlib.util.find_spec(task("worker").full_name(package))
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin).resolve()
        if ROOT not in origin.parents or ".asv" in origin.parts:
            for path in origin.parent.rglob("*.py"):
                date = 1_000_000_000 + zlib.crc32(path.read_bytes()) % 500_000_000
                os.utime(path, (date, date))


def written(endings: tuple[str, ...]) -> dict[str, str]:
    """Write all feeds, of either kind, into the present folder; spec and ending to file."""
    settle()
    synthetic = part("engine.synthetic")
    files = {}
    for place, spec in enumerate(dict.fromkeys([*FEEDS, *TIMED])):
        for ending in endings:
            file = Path(f"feed{place}{ending}").resolve()
            synthetic.generate(synthetic.open_synthetic(spec), file, lambda records: None)
            files[spec + ending] = str(file)
    return files


_Function = TypeVar("_Function", bound=Callable[..., object])


def attributes(**given: object) -> Callable[[_Function], _Function]:
    """Give a function attributes that asv reads: its unit, its name on pages, its time limit."""

    def with_attributes(function: _Function) -> _Function:
        for name, value in given.items():
            setattr(function, name, value)
        return function

    return with_attributes


class Prepared:
    """A benchmark with the objects prepared once for the commit: ``cache["feeds"]`` maps a feed to its file.

    Kernels are compiled, and counts taken, when a benchmark first asks for them: with ``--bench``, only those that are
    needed.
    """

    param_names: tuple[str, ...] = ("variant", "feed")
    params: tuple[list[str], ...] = (VARIANTS, TIMED)
    timer = staticmethod(time.process_time)
    """Other activity of the machine is not timed."""
    timeout = 1200

    @attributes(timeout=1800)
    def setup_cache(self) -> dict[str, Any]:
        """Write the feeds."""
        feeds = {name.removesuffix(".dbn"): file for name, file in written((".dbn",)).items()}
        return {"feeds": feeds, "folder": os.getcwd()}


def counts(cache: dict[str, Any], variant: str, feed: str, kind: str) -> dict[str, float]:
    """Exact counts per event of a variant on a feed: ``instructions``, or the mechanism counters; nothing where there
    are none. Taken once for the commit, on all feeds together."""
    counting = task("counting")
    instructed = kind == "instructions"
    file = Path(cache["folder"], f"{'instructions' if instructed else 'counters'}-{variant}.json")
    if not file.exists():
        files = [cache["feeds"][spec] for spec in FEEDS]
        found: dict[tuple[int, str], dict[str, float]] = {}
        if not instructed and compile_one(("counted", variant, {})):
            compile_one(("timed", variant, {}))
            found = counters([variant], files)
        elif instructed and counting.missing() is None and compile_one(("timed", variant, counting.PROCESSOR)):
            found = instructions(counting, [variant], files)
        file.write_text(json.dumps({FEEDS[place]: one for (place, _), one in found.items()}), encoding="utf-8")
    taken: dict[str, float] = json.loads(file.read_text(encoding="utf-8")).get(feed, {})
    return taken


def compile_one(job: tuple[str, str, dict[str, str]], until: str | None = None) -> bool:
    """Compile one build of one variant, the one that ends after stage ``until`` if that is given; False if the commit
    lacks it."""
    build, name, variables = job
    worker = TASKS / "worker.py"
    command = [sys.executable, "-P", str(worker), "compile", build, name, *([until] if until else [])]
    done = subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, encoding="utf-8", errors="replace"
    )
    if done.returncode not in (0, 3):
        raise RuntimeError(f"{name}: the {build} kernel does not compile:\n{done.stderr[-2000:]}")
    return done.returncode == 0


def counters(variants: list[str], files: list[str]) -> dict[tuple[int, str], dict[str, float]]:
    """Mechanism counters per event, from the build that counts; nothing for a commit whose engine cannot."""
    process = [sys.executable, "-P", str(TASKS / "worker.py"), "serve"]
    opened = {"do": "open", "feeds": [[file] for file in files], "variants": variants, "evaluate": "last"}
    pairs = [(feed, name) for feed in range(len(files)) for name in variants]
    asked = [{"do": "count", "variant": name, "feed": feed, "records": 10**9} for feed, name in pairs]
    text = "".join(json.dumps(request) + "\n" for request in [opened, *asked])
    done = subprocess.run(
        process, input=text, stdout=subprocess.PIPE, text=True, check=True, encoding="utf-8", errors="replace"
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()][1:]
    return {
        pair: {kind: amount / answer["events"] for kind, amount in answer["counters"].items()}
        for pair, answer in zip(pairs, answers, strict=True)
        if "counters" in answer
    }


def instructions(counting: Any, variants: list[str], files: list[str]) -> dict[tuple[int, str], dict[str, float]]:
    """Instructions per event, counted by callgrind."""
    with tempfile.TemporaryDirectory() as folder:
        work = {"feeds": [[file] for file in files], "variants": variants, "evaluate": "last"}
        counted = [sys.executable, "-P", counting.__file__, json.dumps(work)]
        command = counting.command(counted, folder)
        subprocess.run(command, env={**os.environ, **counting.variables()}, check=True, stdout=subprocess.DEVNULL)
        counts: dict[tuple[int, str], dict[str, float]] = task("dumps").read(Path(folder).iterdir())
        return counts
