"""Options shared by several verbs, with the same spelling, units and help text in each.

tests/unit/workbench/cli/test_options.py checks that. Differences between verbs, such as defaults, go in brackets at the
end of a help text. ``workbench.cli.units`` parses the values.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lobench.engine.errors import UsageError
from lobench.engine.stages import STAGES
from lobench.workbench.cli import units

if TYPE_CHECKING:
    from lobench.engine.workload import Workload

FEED_HELP = (
    "a DBN, CSV, Parquet, ITCH or LOBSTER file, or synth:NAME[,n=…,seed=…,anomalies=…]; several are replayed as one "
    "feed"
)

SETTINGS = {
    "mapping": ("NAME", "column mapping for tables not in Databento's format: bitstamp, coinbase, or a TOML file"),
    "date": (
        "DAY",
        "date of feeds whose times count from midnight (ITCH, LOBSTER), such as 2019-01-30; default: from the file "
        "name",
    ),
    "symbol-file": ("FILE", "instrument names: a CSV file with columns instrument_id and symbol, or symbology.json"),
    "symbols": ("LIST", "only these symbols, comma-separated; ES* matches all that start with ES"),
    "instruments": ("LIST", "only these instrument ids, comma-separated"),
    "from": ("WHEN", "only records received at or after this time: 2024-05-08, 2024-05-08T13:30:00 (UTC)"),
    "to": ("WHEN", "only records received before this time"),
}
"""Options for reading feeds (``engine.feeds.settings``)."""


def add_feeds(
    parser: argparse.ArgumentParser, *, required: bool = False, note: str = "", settings: bool = True
) -> None:
    """Positional FEED arguments that form one feed; with ``settings`` also the options for reading it."""
    parser.add_argument("feeds", metavar="FEED", nargs="+" if required else "*", help=_noted(FEED_HELP, note))
    if settings:
        add_settings(parser)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Options for reading a command's feeds."""
    group = parser.add_argument_group("reading feeds")
    for name, (metavar, text) in SETTINGS.items():
        group.add_argument(f"--{name}", dest=_destination(name), metavar=metavar, help=text)


def settings_of(arguments: argparse.Namespace) -> list[str]:
    """The given options for reading feeds, as words that belong to the feed."""
    given = {name: getattr(arguments, _destination(name), None) for name in SETTINGS}
    return [f"--{name}={value}" for name, value in given.items() if value is not None]


def feeds_of(arguments: argparse.Namespace, default: Sequence[str] = ()) -> list[str]:
    """The words of a command's one feed, or ``default``. Raises UsageError for settings without a feed."""
    words = settings_of(arguments)
    if words and not arguments.feeds:
        raise UsageError(f"{words[0]} applies to a FEED; name one")
    return [*arguments.feeds, *words] or list(default)


def specs_of(arguments: argparse.Namespace, default: Sequence[str]) -> list[list[str]]:
    """The words of each feed of a command that takes several; settings apply to all."""
    words = settings_of(arguments)
    apart = [[spec, *words] for spec in arguments.separate]
    together = [feeds_of(arguments)] if arguments.feeds or not apart else []
    return [*filter(None, together), *apart] or [list(default)]


def spelled_settings() -> dict[str, str]:
    """The option as typed for each attribute that ``add_settings`` adds."""
    return {_destination(name): f"--{name}" for name in SETTINGS}


def _destination(name: str) -> str:
    return f"feed_{name.replace('-', '_')}"


def add_feed(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """``--feed``, repeatable, each measured separately; ``default`` describes the feed used without any."""
    parser.add_argument(
        "--feed",
        dest="separate",
        metavar="FEED",
        action="append",
        default=[],
        help=_noted("measure this feed separately, repeatable", default and f"default {default}"),
    )


def add_json(parser: argparse._ActionsContainer, **default: Any) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object to stdout, progress to stderr", **default
    )


def add_markdown(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--markdown", metavar="FILE", help="also write a Markdown summary; - prints it instead of the usual output"
    )


def add_outlets(parser: argparse.ArgumentParser, *, junit: bool = False) -> None:
    """Further destinations of the summary beside the terminal (``workbench.summaries.outlets``)."""
    add_markdown(parser)
    parser.add_argument(
        "--github",
        metavar="FILE",
        help="in hosted CI: write a comment body to FILE, append to the step summary, annotate source lines",
    )
    if junit:
        parser.add_argument("--junit", metavar="FILE", help="also write a JUnit XML test report")


def add_variants_from(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--variants-from",
        metavar="FILE",
        action="append",
        default=[],
        help="also use the variant or engine that this Python file or shared library defines (repeatable; see "
        "docs/adding-a-variant.md, docs/engine-abi.md)",
    )


def add_steps_from(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--steps-from",
        metavar="FILE",
        action="append",
        default=[],
        help="also run the step that this Python file defines, after all others (repeatable; see "
        "docs/adding-a-step.md)",
    )


def add_ladder(parser: argparse.ArgumentParser, *, note: str = "docs/ladder.md", **default: Any) -> None:
    parser.add_argument(
        "--ladder",
        metavar="FILE",
        help=_noted("your own ladder: its steps, reference, predictions and feed replace lobench's", note),
        **default,
    )


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """``--ladder`` of verbs that measure commits."""
    add_ladder(
        parser, note="it says how to build engines from commits; default: lobench.toml or pyproject.toml, if one does"
    )


def add_variants(parser: argparse.ArgumentParser, note: str, default: str | None = None) -> None:
    """``--variants``: ``note`` names the default and the verb's other keywords."""
    parser.add_argument(
        "--variants",
        metavar="LIST",
        default=default,
        help=_noted(
            "variants, separated by spaces: names, their first letters, or combinations (see `lobench variants`); "
            "ladder for all steps",
            note,
        ),
    )


def add_chosen(parser: argparse.ArgumentParser) -> None:
    """The choice of variants and evaluated records, for ``run``, ``measure`` and ``verify``."""
    add_variants(
        parser,
        "factorial for the 16 combinations, from-top for the last phase complete and without one phase at a time; "
        "those of --variants-from are always included; default ladder",
        default="ladder",
    )
    add_ladder(parser)
    add_variants_from(parser)
    add_evaluate(parser)


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--evaluate",
        choices=("last", "every"),
        default="last",
        help="evaluate at the last record of each event, or at every record (default last)",
    )


def add_until(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--until",
        metavar="STAGE",
        type=units.stage,
        default=STAGES[-1],
        help="stop after this stage: decode, book, features or strategies (default strategies, the whole pipeline)",
    )


def workload_of(arguments: argparse.Namespace, files: Sequence[str] = ()) -> Workload:
    """The workload of each replay of a command; ``files``: the user's own variants."""
    from lobench.engine.workload import Workload

    until = getattr(arguments, "until", STAGES[-1])
    return Workload(evaluate=arguments.evaluate, until=until, files=tuple(files))


def add_columns(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--columns", metavar="LIST", type=units.columns, help="only these features, comma-separated (default all)"
    )


def add_depth(parser: argparse.ArgumentParser, note: str | None = None) -> None:
    parser.add_argument("--depth", type=int, metavar="N", help=_noted("book levels per side", note))


def add_sample(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sample",
        metavar="STEP",
        type=units.sample,
        help="keep fewer rows of each book: the last in every interval (1s, 100ms), the next after N events (1000e) "
        "or N units traded (10000v), after each trade (trade), or at each change of the best prices (bbo) (default "
        "every evaluation)",
    )


def add_compression(parser: argparse.ArgumentParser, note: str) -> None:
    parser.add_argument("--compression", metavar="NAME", help=_noted("zstd, lz4, snappy or none", note))


def add_tuning(parser: argparse.ArgumentParser) -> None:
    """Fitted parameters for the variants that take them."""
    parser.add_argument(
        "--tuning",
        metavar="FILE",
        help="parameters of p8_profile_guided: a tuning file written by `lobench tune`, or none (default: the file "
        "tuned for this feed, if there is one)",
    )


def add_workers(parser: argparse.ArgumentParser, note: str = "default 1") -> None:
    parser.add_argument(
        "--workers", metavar="N", type=units.workers, help=_noted("threads to divide the instruments among", note)
    )


def add_budget(parser: argparse.ArgumentParser, default: str) -> None:
    """``--budget``, seconds; ``default`` describes the verb's own default."""
    parser.add_argument(
        "--budget",
        metavar="TIME",
        type=units.duration,
        help=f"measuring time, without verification and compilation: 90, 90s, 2m (default {default})",
    )


def add_seconds(parser: argparse.ArgumentParser, default: float, whose: str) -> None:
    """``--seconds``: the time of one of several measurements of a command; ``whose``: describes one measurement."""
    parser.add_argument(
        "--seconds",
        metavar="TIME",
        type=units.duration,
        default=default,
        help=f"time per measurement: 90, 90s, 2m ({whose}; default {default:g}s)",
    )


def add_precision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--precision",
        metavar="WIDTH",
        type=units.precision,
        help="stop once the half-width of every interval is below this: 0.5%% or 0.005",
    )


def add_processes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--processes",
        type=int,
        metavar="N",
        help="number of fresh processes to measure in (default: chosen for the feed)",
    )


def add_time_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--time-limit",
        metavar="TIME",
        type=units.duration,
        help="time limit for verifying one variant: 90, 90s, 2m (default: 30 s, or 40 times the reference's time if "
        "that is longer)",
    )


def add_tolerance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tolerance",
        metavar="X",
        type=units.tolerance,
        default=0.0,
        help="accepted slowdown: 1%% or 0.01 (default none)",
    )


def add_output(parser: argparse.ArgumentParser, default: str | None = None, *, note: str = "") -> None:
    """``-o DIR``; ``note`` takes the place of a fixed ``default`` in the help text."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        default=default,
        help=_noted("output folder", f"default {default}" if default else note),
    )


def add_output_file(parser: argparse.ArgumentParser, note: str) -> None:
    """``-o FILE``, of verbs that write one file."""
    parser.add_argument("-o", "--output", dest="output_file", metavar="FILE", help=_noted("output file", note))


def add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="overwrite existing files, except market data")


def add_list(parser: argparse.ArgumentParser, note: str) -> None:
    parser.add_argument("--list", action="store_true", help=_noted("print the list and exit", note))


def add_history(parser: argparse.ArgumentParser) -> None:
    """Location of the recorded history."""
    parser.add_argument("--results", metavar="DIR", help="folder of asv's results (default: from asv.conf.json)")
    parser.add_argument(
        "--machine",
        type=units.machine,
        metavar="NAME",
        help="machine name to store results under (default: this machine's)",
    )


def refuse_few(option: str, value: int | None, least: int) -> None:
    """Raise UsageError for a number below ``least``."""
    if value is not None and value < least:
        raise UsageError(f"{option} must be at least {least}, was {value}")


def one_of(workers: Sequence[int] | None) -> int:
    """The number of workers of a command that takes one. Raises UsageError for several."""
    if workers is not None and len(workers) > 1:
        raise UsageError(f"--workers takes one number here, was {','.join(map(str, workers))}")
    return workers[0] if workers else 1


def _noted(text: str, note: str | None) -> str:
    return f"{text} ({note})" if note else text
