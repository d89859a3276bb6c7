"""Arguments that several verbs share."""

from __future__ import annotations

import argparse

FEED_HELP = "a .dbn or .dbn.zst file, or synth:NAME[,n=…,seed=…,anomalies=…]; several are replayed as one feed"


def add_feeds(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Positional FEED arguments."""
    parser.add_argument("feeds", metavar="FEED", nargs="+" if required else "*", help=FEED_HELP)


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout, progress on stderr")


def add_variants_from(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--variants-from",
        metavar="FILE.py",
        action="append",
        default=[],
        help="also use the variant that this file defines (repeatable; see docs/adding-a-variant.md)",
    )


def add_variants(parser: argparse.ArgumentParser) -> None:
    """What ``run`` and ``verify`` ask: which variants, and at which records they evaluate."""
    parser.add_argument(
        "--variants",
        metavar="LIST",
        default="ladder",
        help="ladder (default: every variant found), factorial (the 16 combinations), from-top (the last phase, and it "
        "without one phase at a time), or names and combinations separated by spaces",
    )
    add_variants_from(parser)
    add_evaluate(parser)


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--evaluate", choices=("last", "every"), default="last", help="which records are evaluated")


def add_until(parser: argparse.ArgumentParser, *stages: str) -> None:
    """The stage after which each record is done with; ``stages`` are those of ``engine.policy.STAGES`` that make
    sense here."""
    parser.add_argument(
        "--until",
        choices=stages,
        default="strategies",
        help="the last stage that is computed, with all before it (default: strategies, that is all)",
    )


def add_tuned(parser: argparse.ArgumentParser, *names: str) -> None:
    """Which tuning profile the variants that take one replay with; ``names`` are further spellings of the option."""
    parser.add_argument(
        "--tuned",
        *names,
        dest="tuned",
        metavar="FILE",
        help="tuning profile of p8_profile_guided: a file that `lobench tune` wrote, or none (default: the one that it "
        "wrote for this feed, if it did)",
    )


def add_workers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="threads that share the instruments (default 1)"
    )


def add_time_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--time-limit",
        metavar="TIME",
        help="what verifying one variant may take before it is given up: 90, 90s, 2m (default: 30 s, or 40 times what "
        "the reference takes)",
    )


def time_limit(arguments: argparse.Namespace) -> float | None:
    """Seconds of ``--time-limit``, None if it was not given. Raises UsageError for what is no duration."""
    from lobench.workbench.experiment.plan import seconds_of

    return None if arguments.time_limit is None else seconds_of(arguments.time_limit)


def add_tolerance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tolerance", metavar="X", default="0", help="slowdown that is accepted: 1%% or 0.01 (default none)"
    )


def fraction(option: str, text: str) -> float:
    """``1%`` or ``0.01`` as 0.01. Raises UsageError for anything but a fraction from 0 to below 1."""
    from lobench.engine.errors import UsageError

    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise UsageError(f"{option} takes a fraction like 1% or 0.01, was '{text}'")
    return value
