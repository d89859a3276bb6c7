"""The options that several verbs share: the same spelling, units and words in each, as
tests/unit/workbench/cli/test_options.py checks.

What differs between verbs, as defaults do, stands in brackets at the end of a help text. Values are read by
``workbench.cli.units`` while arguments are parsed.
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
    "mapping": ("NAME", "how to read tables that are not Databento's: bitstamp, coinbase, or a TOML file"),
    "date": (
        "DAY",
        "day of feeds whose times count from midnight (ITCH, LOBSTER): 2019-01-30; else their names say it",
    ),
    "symbol-file": ("FILE", "names of instruments: a CSV with columns instrument_id and symbol, or symbology.json"),
    "symbols": ("LIST", "only instruments of these names, separated by commas; ES* is all that begin with ES"),
    "instruments": ("LIST", "only instruments with these ids, separated by commas"),
    "from": ("WHEN", "only records from then on, as received: 2024-05-08, 2024-05-08T13:30:00 (UTC)"),
    "to": ("WHEN", "only records before then"),
}
"""Options that say how feeds are read (``engine.feeds.settings``)."""


def add_feeds(
    parser: argparse.ArgumentParser, *, required: bool = False, note: str = "", settings: bool = True
) -> None:
    """Positional FEED arguments, together one feed; with ``settings`` also how they are read."""
    parser.add_argument("feeds", metavar="FEED", nargs="+" if required else "*", help=_noted(FEED_HELP, note))
    if settings:
        add_settings(parser)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """How the feeds of a command are read."""
    group = parser.add_argument_group("how feeds are read")
    for name, (metavar, text) in SETTINGS.items():
        group.add_argument(f"--{name}", dest=_destination(name), metavar=metavar, help=text)


def settings_of(arguments: argparse.Namespace) -> list[str]:
    """What was said of how feeds are read, as words that belong to the feed."""
    given = {name: getattr(arguments, _destination(name), None) for name in SETTINGS}
    return [f"--{name}={value}" for name, value in given.items() if value is not None]


def feeds_of(arguments: argparse.Namespace, default: Sequence[str] = ()) -> list[str]:
    """The words of the one feed that a command takes, those of ``default`` without any. Raises UsageError for settings
    without a feed."""
    words = settings_of(arguments)
    if words and not arguments.feeds:
        raise UsageError(f"{words[0]} is about a FEED; name one")
    return [*arguments.feeds, *words] or list(default)


def specs_of(arguments: argparse.Namespace, default: Sequence[str]) -> list[list[str]]:
    """The words of each feed of a command that takes several; how they are read is said once for all."""
    words = settings_of(arguments)
    apart = [[spec, *words] for spec in arguments.separate]
    together = [feeds_of(arguments)] if arguments.feeds or not apart else []
    return [*filter(None, together), *apart] or [list(default)]


def spelled_settings() -> dict[str, str]:
    """What the user writes for each attribute of parsed arguments that ``add_settings`` makes."""
    return {_destination(name): f"--{name}" for name in SETTINGS}


def _destination(name: str) -> str:
    return f"feed_{name.replace('-', '_')}"


def add_feed(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """``--feed``: each is a feed by itself; ``default`` says which there is without any."""
    parser.add_argument(
        "--feed",
        dest="separate",
        metavar="FEED",
        action="append",
        default=[],
        help=_noted("a feed that is measured by itself, repeatable", default and f"default {default}"),
    )


def add_json(parser: argparse._ActionsContainer, **default: Any) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object on stdout, progress on stderr", **default
    )


def add_markdown(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--markdown", metavar="FILE", help="also write a summary as Markdown; - prints it in place of the answer"
    )


def add_outlets(parser: argparse.ArgumentParser, *, junit: bool = False) -> None:
    """Where a summary of the answer goes beside the terminal (``workbench.summaries.outlets``)."""
    add_markdown(parser)
    parser.add_argument(
        "--github",
        metavar="FILE",
        help="in a hosted CI: write the text of one comment, add to the step's summary, annotate source lines",
    )
    if junit:
        parser.add_argument("--junit", metavar="FILE", help="also write a test report as JUnit XML")


def add_variants_from(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--variants-from",
        metavar="FILE",
        action="append",
        default=[],
        help="also use the variant that this Python file defines, or the engine that it or this shared library defines "
        "(repeatable; see docs/adding-a-variant.md, docs/engine-abi.md)",
    )


def add_steps_from(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--steps-from",
        metavar="FILE",
        action="append",
        default=[],
        help="also do the step that this Python file defines, after all others (repeatable; see docs/adding-a-step.md)",
    )


def add_ladder(parser: argparse.ArgumentParser, *, note: str = "docs/ladder.md", **default: Any) -> None:
    parser.add_argument(
        "--ladder",
        metavar="FILE",
        help=_noted("a ladder of your own: its steps, reference, predictions and feed in place of lobench's", note),
        **default,
    )


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """``--ladder`` of verbs that measure commits."""
    add_ladder(
        parser, note="it says how commits become engines; default: lobench.toml or pyproject.toml, if one says it"
    )


def add_variants(parser: argparse.ArgumentParser, note: str, default: str | None = None) -> None:
    """``--variants``: ``note`` says what is taken without it, and which other words a verb knows."""
    parser.add_argument(
        "--variants",
        metavar="LIST",
        default=default,
        help=_noted(
            "which variants, separated by spaces: names, first letters of names, and combinations as `lobench "
            "variants` explains them; or ladder for every step there is",
            note,
        ),
    )


def add_chosen(parser: argparse.ArgumentParser) -> None:
    """What ``run``, ``measure`` and ``verify`` ask: which variants, and at which records they evaluate."""
    add_variants(
        parser,
        "or factorial for the 16 combinations, or from-top for the last phase, and it without one phase at a time; "
        "those of --variants-from take part, named or not; default ladder",
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
        help="which records are evaluated: the last of each event, or every one (default last)",
    )


def add_until(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--until",
        metavar="STAGE",
        type=units.stage,
        default=STAGES[-1],
        help="the last stage that is computed, with all before it: decode, book, features or strategies (default "
        "strategies, that is all)",
    )


def workload_of(arguments: argparse.Namespace, files: Sequence[str] = ()) -> Workload:
    """What each replay of a command is to do; ``files``: the user's own variants."""
    from lobench.engine.workload import Workload

    until = getattr(arguments, "until", STAGES[-1])
    return Workload(evaluate=arguments.evaluate, until=until, files=tuple(files))


def add_columns(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--columns", metavar="LIST", type=units.columns, help="only these features, separated by commas (default all)"
    )


def add_depth(parser: argparse.ArgumentParser, note: str | None = None) -> None:
    parser.add_argument("--depth", type=int, metavar="N", help=_noted("levels of the book on each side", note))


def add_sample(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sample",
        metavar="STEP",
        type=units.sample,
        help="only some rows: of each book the last of every interval (1s, 100ms), the next after so many events "
        "(1000e) or units traded (10000v), after each trade, or where the best prices change (bbo) (default every "
        "evaluation)",
    )


def add_compression(parser: argparse.ArgumentParser, note: str) -> None:
    parser.add_argument("--compression", metavar="NAME", help=_noted("zstd, lz4, snappy or none", note))


def add_tuning(parser: argparse.ArgumentParser) -> None:
    """With which fitted parameters the variants that take some replay."""
    parser.add_argument(
        "--tuning",
        metavar="FILE",
        help="parameters of p8_profile_guided: a tuning file that `lobench tune` wrote, or none (default: the one that "
        "it wrote for this feed, if it did)",
    )


def add_workers(parser: argparse.ArgumentParser, note: str = "default 1") -> None:
    parser.add_argument(
        "--workers", metavar="N", type=units.workers, help=_noted("threads that share the instruments", note)
    )


def add_budget(parser: argparse.ArgumentParser, default: str) -> None:
    """``--budget``, seconds; ``default`` says what there is without it, which is up to the verb."""
    parser.add_argument(
        "--budget",
        metavar="TIME",
        type=units.duration,
        help=f"time for measuring (verifying and compiling come on top): 90, 90s, 2m (default {default})",
    )


def add_seconds(parser: argparse.ArgumentParser, default: float, whose: str) -> None:
    """``--seconds``: the time of one out of several measurements of a command; ``whose`` that is."""
    parser.add_argument(
        "--seconds",
        metavar="TIME",
        type=units.duration,
        default=default,
        help=f"time of each single measurement: 90, 90s, 2m ({whose}; default {default:g}s)",
    )


def add_precision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--precision",
        metavar="WIDTH",
        type=units.precision,
        help="stop when the half-width of every interval is below this: 0.5%% or 0.005",
    )


def add_processes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--processes", type=int, metavar="N", help="fresh processes to measure in (default: as fits)")


def add_time_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--time-limit",
        metavar="TIME",
        type=units.duration,
        help="what verifying one variant may take before it is given up: 90, 90s, 2m (default: 30 s, or 40 times what "
        "the reference takes)",
    )


def add_tolerance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tolerance",
        metavar="X",
        type=units.tolerance,
        default=0.0,
        help="slowdown that is accepted: 1%% or 0.01 (default none)",
    )


def add_output(parser: argparse.ArgumentParser, default: str | None = None, *, note: str = "") -> None:
    """``-o DIR``; ``note`` says what there is without it, where that is no fixed folder."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        default=default,
        help=f"folder that is written to (default {default or note})",
    )


def add_output_file(parser: argparse.ArgumentParser, note: str) -> None:
    """``-o FILE``, of verbs that write one file."""
    parser.add_argument("-o", "--output", dest="output_file", metavar="FILE", help=_noted("file that is written", note))


def add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="replace existing files, other than market data")


def add_list(parser: argparse.ArgumentParser, note: str) -> None:
    parser.add_argument("--list", action="store_true", help=_noted("list what there is", note))


def add_history(parser: argparse.ArgumentParser) -> None:
    """Where recorded history is kept."""
    parser.add_argument("--results", metavar="DIR", help="folder of asv's results (default: that of asv.conf.json)")
    parser.add_argument(
        "--machine", metavar="NAME", help="name that results are kept under (default: that of this machine)"
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
