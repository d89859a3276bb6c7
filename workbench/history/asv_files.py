"""Results in asv's format (result format 2), which ``asv publish``, ``show`` and ``compare`` read.

Three kinds of series: ``lobench.nanoseconds_per_event`` (measured in turns, with its interval),
``lobench.instructions_per_event``, and one of each mechanism counter.
"""

from __future__ import annotations

import json
import platform
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from lobench.engine.errors import UsageError
from lobench.workbench.atomic_write import write_whole
from lobench.workbench.commits.measuring import INSTRUCTIONS
from lobench.workbench.environment import environment
from lobench.workbench.history.points import Point, Recorded
from lobench.workbench.history.store import REMEDY, History
from lobench.workbench.optional_dependencies import required
from lobench.workbench.plain_names import is_plain_name
from lobench.workbench.processes.file_lock import locked

TIME = "lobench.nanoseconds_per_event"
EXACT = "lobench.{}_per_event"
ENVIRONMENT = "lobench"
"""Takes the place of asv's name of the environment in which a commit is installed."""

_VERSION = "1"
_COLUMNS = (
    *("result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b"),
    *("stats_q_25", "stats_q_75", "stats_number", "stats_repeat", "samples", "profile"),
)


_TO_99, _TO_QUARTILE = 2.576 / 1.960, 0.674 / 1.960
"""asv keeps 99 % intervals and quartiles; both are those of a normal distribution with our 95 % interval."""

_UNCONFIGURED = {"project": "history", "results_dir": ".asv/results", "html_dir": ".asv/html", "dvcs": "git"}


def series_name(kind: str) -> str:
    """asv's name of the series of an exact count."""
    return EXACT.format(kind.replace(" ", "_"))


def configuration(root: Path) -> dict[str, Any]:
    """The repository's ``asv.conf.json``, folders made absolute; without one, the settings that asv needs to publish.

    Raises UsageError if it can't be read.
    """
    path = root / "asv.conf.json"
    read = read_object(path) if path.exists() else dict(_UNCONFIGURED)
    if read is None:
        raise UsageError(f"{path}: not a JSON object; asv reads one with comments at most (JSON5)")
    # asv's own defaults for optional fields.
    read = {"version": 1, "project": root.name, "results_dir": "results", "html_dir": "html", **read}
    for name in ("results_dir", "html_dir"):
        if not isinstance(read[name], str) or "\0" in read[name]:
            raise UsageError(f"{path}: {name} must be the name of a folder, was {json.dumps(read[name])}")
        read[name] = str((root / read[name]).resolve())
    return read


def read_object(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file, also with comments and trailing commas, as asv reads its own; None for anything else.

    Raises UsageError for a file that cannot be opened.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    for loads in (json.loads, _json5):
        try:
            found = loads(text)
        except (ValueError, RecursionError):
            continue
        return found if isinstance(found, dict) else None
    return None


def _json5(text: str) -> Any:
    return required("json5").loads(text)


def machine_name() -> str:
    """asv's name for this machine, if it has one; else one that does not reveal its owner."""
    return _named_by_asv() or described_machine()


def _named_by_asv() -> str | None:
    """As asv looks it up: by the host's name, or the only one there is."""
    file = Path("~/.asv-machine.json").expanduser()
    known = (read_object(file) if file.is_file() else None) or {}
    names = {name: one for name, one in known.items() if isinstance(one, dict)}
    found = names.get(platform.node()) or (next(iter(names.values())) if len(names) == 1 else {})
    name = found.get("machine")
    return name if isinstance(name, str) and is_plain_name(name) else None


def described_machine() -> str:
    """A name made of the processor's."""
    cpu = environment().cpu
    model = re.sub(r"[^a-z0-9]+", "-", (cpu.model or platform.machine()).lower()).strip("-")
    return f"{model}-{cpu.usable_threads}"


def result_files(results: Path) -> list[Path]:
    """The files of asv's that hold results of a commit."""
    return [path for path in sorted(results.glob("*/*.json")) if path.name != "machine.json"]


def write(history: History, results: Path) -> None:
    """Write or replace all files of this history below ``results``, beside asv's own files.

    Raises UsageError where that cannot be.
    """
    # Histories of several machines share a file there.
    with locked(results.parent / "lobench" / "lock", REMEDY, wait=True):
        _write(history, results)


def _write(history: History, results: Path) -> None:
    folder = results / history.machine
    facts = _facts(history.machine)
    machine = folder / "machine.json"
    if not machine.exists() or (read_object(machine) or {}).get("machine") != history.machine:
        _put(machine, {**facts, "version": 1})
    benchmarks, live = _benchmarks(history), _live(history)
    for commit, kept in history.points.items():
        result = _result(commit, Recorded.of(kept), facts, benchmarks, live)
        _put(folder / f"{commit[:8]}-{ENVIRONMENT}.json", result)
    index = results / "benchmarks.json"
    known = (read_object(index) if index.exists() else None) or {"version": 2}
    # asv writes only its own suite's benchmarks to this file; add lobench's.
    others = {name: one for name, one in known.items() if isinstance(one, dict) and not name.startswith("lobench.")}
    _put(index, {"version": known.get("version", 2), **others, **benchmarks})


def _facts(machine: str) -> dict[str, str]:
    memory = psutil.virtual_memory().total
    cpu = environment().cpu
    return {
        "arch": platform.machine(),
        "cpu": str(cpu.model),
        "machine": machine,
        "num_cpu": str(cpu.threads),
        "os": f"{platform.system()} {platform.release()}",
        "ram": str(memory),
    }


def _benchmarks(history: History) -> dict[str, Any]:
    """asv's description of each series; parameters are all variants and feeds ever recorded."""
    points = [recorded.feeds for recorded in _all(history)]
    feeds = sorted({feed for one in points for feed in one})
    variants = sorted({variant for one in points for feed in one.values() for variant in feed})
    kinds = sorted({kind for _, _, kind in _live(history)})
    names = {TIME: ("ns/event", "CPU time of one event, measured in turns with other commits")}
    for kind in kinds:
        unit = "instructions" if kind.startswith(INSTRUCTIONS) else "per event"
        names[series_name(kind)] = (unit, f"{kind.replace('_', ' ')} of one event, an exact count")
    return {
        name: {
            "name": name,
            "pretty_name": name.removeprefix("lobench.").replace("_", " "),
            "type": "track",
            "unit": unit,
            "code": f"# {about}\n# recorded by: lobench history record",
            "param_names": ["variant", "feed"],
            "params": [[repr(variant) for variant in variants], [repr(feed) for feed in feeds]],
            "version": _VERSION,
            "timeout": 60,
        }
        for name, (unit, about) in names.items()
    }


def _all(history: History) -> list[Recorded]:
    return [Recorded.of(kept) for kept in history.points.values()]


def _live(history: History) -> set[tuple[str, str, str]]:
    """(Feed, variant, kind) of the exact counts that are not always zero: an unused mechanism makes no series."""
    return {
        (feed, variant, kind)
        for recorded in _all(history)
        for feed, variants in recorded.feeds.items()
        for variant, point in variants.items()
        for kind, amount in point.exact.items()
        if amount
    }


def _result(
    commit: str,
    recorded: Recorded,
    facts: dict[str, str],
    benchmarks: dict[str, Any],
    live: set[tuple[str, str, str]],
) -> dict[str, Any]:
    results = {}
    for name, benchmark in benchmarks.items():
        variants, feeds = ([text[1:-1] for text in values] for values in benchmark["params"])
        cells = [_living(recorded, feed, variant, live) for variant in variants for feed in feeds]
        values, lows, highs = (list(column) for column in zip(*(_cell(name, cell) for cell in cells), strict=True))
        if any(value is not None for value in values):
            ones = [None if value is None else 1 for value in values]
            started = recorded.measured * 1000
            # An exact count has no interval to weight it by.
            wide = [_spread(values, ends, _TO_99) if name == TIME else None for ends in (lows, highs)]
            narrow = [_spread(values, ends, _TO_QUARTILE) for ends in (lows, highs)]
            results[name] = [values, benchmark["params"], _VERSION, started, 0.0, *wide, *narrow, ones, ones]
    versions = environment().packages
    return {
        "commit_hash": commit,
        "env_name": ENVIRONMENT,
        "date": recorded.time * 1000,
        "params": {**facts, "python": ".".join(platform.python_version_tuple()[:2])},
        "python": ".".join(platform.python_version_tuple()[:2]),
        "requirements": {"numba": versions["numba"], "numpy": versions["numpy"]},
        "env_vars": {},
        "result_columns": list(_COLUMNS),
        "results": results,
        "durations": {},
        "version": 2,
    }


def _living(recorded: Recorded, feed: str, variant: str, live: set[tuple[str, str, str]]) -> Point | None:
    """A point without the counts that are no series."""
    found = recorded.feeds.get(feed, {}).get(variant)
    if found is None:
        return None
    return replace(found, exact={kind: n for kind, n in found.exact.items() if (feed, variant, kind) in live})


def _cell(series: str, point: Point | None) -> tuple[float | None, float | None, float | None]:
    """Value and interval of one series of a point."""
    if point is None:
        return None, None, None
    if series == TIME:
        return point.ns, point.low, point.high
    value = next((amount for kind, amount in point.exact.items() if series_name(kind) == series), None)
    return value, value, value


def _spread(values: list[float | None], ends: list[float | None], part: float) -> list[float | None]:
    """A point this far along the way from each value to its interval's end, or beyond it."""
    pairs = zip(values, ends, strict=True)
    return [None if value is None or end is None else value + (end - value) * part for value, end in pairs]


def _put(path: Path, content: dict[str, Any]) -> None:
    write_whole(path, json.dumps(content), REMEDY, folders=True)


def now() -> int:
    """Seconds since the epoch, as points are stamped."""
    return int(time.time())
