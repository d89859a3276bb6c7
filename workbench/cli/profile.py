"""Profile a variant in the steady state of a replay with real profilers, down to the source lines of its kernels.

`profile VARIANT [FEED]` profiles one variant, `profile diff A B [FEED]` compares two line by line (A and B may be saved
profile.json files), `profile --calibrate` tests the profilers themselves. The first letters of a variant's name are
enough. docs/profiling.md explains the figures.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

    from lobench.engine.foreign.start import Contestant
    from lobench.workbench.ladder import Ladder
    from lobench.workbench.profile.collect import Profiles
    from lobench.workbench.profile.model.costs import Profile
    from lobench.workbench.tuning.picking import Picked

HELP = "profile a variant, down to the source lines of its kernels"

DEFAULT_FEED = "synth:liquid-future,n=100000"
METHODS = ("callgrind", "ablation", "perf", "py-spy", "scalene", "memray")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words", metavar="VARIANT [FEED]", nargs="*", help=f"variant to profile, and feed: {options.FEED_HELP}"
    )
    options.add_settings(parser)
    parser.add_argument(
        "--with",
        dest="methods",
        action="append",
        choices=(*METHODS, "all"),
        help="method (repeatable, default callgrind): exact counts by callgrind, stage times by ablation, samples by "
        "perf or py-spy, the Python side by scalene or memray, or all",
    )
    parser.add_argument("--calibrate", action="store_true", help="profile workloads with known shares")
    options.add_output(parser, "out/profile")
    options.add_seconds(parser, 5.0, "per sampler")
    parser.add_argument(
        "--warm", type=int, default=65_536, metavar="N", help="records to replay before counting (default 65536)"
    )
    parser.add_argument(
        "--records", type=int, default=32_768, metavar="N", help="records that callgrind counts (default 32768)"
    )
    options.add_ladder(parser)
    options.add_variants_from(parser)
    options.add_tuning(parser)
    options.add_evaluate(parser)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from lobench.engine.errors import UsageError
    from lobench.workbench.ladder import load_ladder

    options.refuse_few("--records", arguments.records, 1)
    options.refuse_few("--warm", arguments.warm, 0)
    folder = Path(arguments.output).absolute()
    words = [*arguments.words, *options.settings_of(arguments)]
    if arguments.calibrate:
        if words or arguments.tuning:
            raise UsageError("--calibrate profiles its own workloads; it takes no variant, feed or tuning")
        return _calibrate(arguments, folder)
    if words[:1] == ["diff"] and len(words) < 3:
        raise UsageError("profile diff takes two variants, and optionally a feed")
    if not words:
        raise UsageError("which variant? `lobench variants` lists them")
    ladder = load_ladder(arguments.ladder, arguments.variants_from)
    otherwise = list(ladder.file.feed) if arguments.ladder else [DEFAULT_FEED]
    if words[0] == "diff":
        return _diff(arguments, folder, ladder, words[1], words[2], words[3:] or otherwise)
    return _profile(arguments, folder, ladder, words[0], words[1:] or otherwise)


def _profile(arguments: argparse.Namespace, folder: Path, ladder: Ladder, name: str, feed: list[str]) -> int:
    from lobench.workbench.console import print_json, stdout
    from lobench.workbench.profile.collect import methods_for
    from lobench.workbench.profile.needs import require_all
    from lobench.workbench.profile.tables import tables

    variant = ladder.named(name)
    chosen = arguments.methods or [methods_for(variant)[0]]
    methods = list(METHODS) if "all" in chosen else [method for method in METHODS if method in chosen]
    if "all" not in chosen:
        _refuse(variant, methods)
    picked = _picked(arguments, feed, [variant])
    if "all" not in chosen:
        require_all(methods)
    profiles = _collected(arguments, folder, ladder, variant, feed, methods, picked, lenient="all" in chosen)
    found = profiles.profiled()
    # Findings of the other tools are kept and shown.
    code = 1 if profiles.failed else 0
    if arguments.json:
        print_json(found.as_json())
        return code
    console = stdout()
    _print(tables(found))
    console.print(f"files: {_shown(folder / variant.name)}", soft_wrap=True)
    return code


def _diff(arguments: argparse.Namespace, folder: Path, ladder: Ladder, before: str, after: str, feed: list[str]) -> int:
    import json

    from lobench.engine.errors import UsageError
    from lobench.workbench.console import print_json, stdout
    from lobench.workbench.profile.difference import difference
    from lobench.workbench.profile.needs import require_all
    from lobench.workbench.profile.tables import difference_tables
    from lobench.workbench.results.conversion import as_json

    methods = arguments.methods or ["callgrind"]
    if len(methods) != 1 or methods[0] not in ("callgrind", "perf", "py-spy"):
        raise UsageError("profile diff compares lines; it takes one of --with callgrind, perf, py-spy")
    variants = {name: ladder.named(name) for name in (before, after) if not name.endswith(".json")}
    for variant in variants.values():
        _refuse(variant, methods)
    picked = _picked(arguments, feed, list(variants.values()))
    sides = {name: _saved(name, methods[0]) for name in (before, after) if name not in variants}
    if variants:
        require_all(methods)
    for name, variant in variants.items():
        profiles = _collected(arguments, folder, ladder, variant, feed, methods, picked, lenient=False)
        sides[name] = profiles.profiled().profiles[methods[0]]
    found = difference(sides[before], sides[after])
    told = as_json(found)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{found.before}-{found.after}.diff.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    if arguments.json:
        print_json(told)
        return 0
    console = stdout()
    _print(difference_tables(found))
    console.print(f"files: {_shown(path)}", soft_wrap=True)
    return 0


def _refuse(variant: Contestant, methods: list[str]) -> None:
    """Raise UsageError for a method that does not apply to an engine."""
    from lobench.engine.errors import UsageError
    from lobench.workbench.profile.collect import refusal

    for method in methods:
        if reason := refusal(variant, method):
            raise UsageError(f"--with {method}: {reason}")


def _saved(name: str, method: str) -> Profile:
    """A method's findings in a saved profile."""
    import json
    from pathlib import Path

    from lobench.engine.errors import UsageError
    from lobench.workbench.profile.model.costs import Profile
    from lobench.workbench.results.conversion import from_json

    try:
        saved = json.loads(Path(name).read_text(encoding="utf-8"))
        return from_json(Profile, saved if saved["kind"] == "profile" else saved["methods"][method])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{name}: not a {method} profile written by `lobench profile`") from error


def _picked(arguments: argparse.Namespace, feed: list[str], chosen: list[Contestant]) -> Picked | None:
    """The tuning of these variants on the feed."""
    from lobench.engine.policy import Variant

    variants = [variant for variant in chosen if isinstance(variant, Variant)]
    if not variants and not arguments.tuning:
        return None
    from lobench.engine.feeds import open_feed
    from lobench.workbench.tuning.picking import pick

    return pick(open_feed(feed), arguments.tuning, variants)


def _collected(
    arguments: argparse.Namespace,
    folder: Path,
    ladder: Ladder,
    variant: Contestant,
    feed: list[str],
    methods: list[str],
    picked: Picked | None,
    *,
    lenient: bool,
) -> Profiles:
    from lobench.workbench.console import progress
    from lobench.workbench.profile.collect import Collector
    from lobench.workbench.profile.task import Task

    variant = variant.fitted(picked.parameters if picked else None)
    task = Task.of(
        variant,
        feed,
        options.workload_of(arguments, ladder.files),
        warm=arguments.warm,
        records=arguments.records,
    )
    own = folder / variant.name
    with progress(f"{variant.name}: starting", len(methods)) as ticker:
        began: list[str] = []

        def report(method: str) -> None:
            if began:
                ticker.advance()
            began.append(method)
            ticker.label(f"{variant.name}: {method}")

        tuning = picked.as_json() if picked else None
        collector = Collector(variant, task, own, seconds=arguments.seconds, lenient=lenient, tuning=tuning)
        return collector.collect(methods, report)


def _calibrate(arguments: argparse.Namespace, folder: Path) -> int:
    import json

    from lobench.workbench.console import print_json, progress, stdout
    from lobench.workbench.optional_dependencies import anywhere
    from lobench.workbench.profile.calibration import STEPS, calibrate
    from lobench.workbench.profile.card import card_tables
    from lobench.workbench.profile.needs import require
    from lobench.workbench.results.conversion import as_json

    # The unprofiled workload reports the addresses of its code, too.
    require("pyelftools")

    with progress("calibrating", STEPS) as ticker:

        def report(label: str) -> None:
            ticker.label(label)
            ticker.advance()

        card = calibrate(folder / "calibration", arguments.seconds, report)
    path = folder / "calibration.json"
    path.write_text(anywhere(json.dumps(as_json(card), indent=2)), encoding="utf-8")
    if arguments.json:
        print_json(as_json(card))
        return 0
    console = stdout()
    _print(card_tables(card))
    console.print(f"card: {_shown(path)}", soft_wrap=True)
    return 0


def _shown(path: Path) -> str:
    import os

    return os.path.relpath(path)


def _print(parts: Iterable[Table | str]) -> None:
    """Print tables and the text between them."""
    from rich.table import Table

    from lobench.workbench.console import print_table, stdout

    for part in parts:
        if isinstance(part, Table):
            print_table(part)
        else:
            stdout().print(part, soft_wrap=True)
