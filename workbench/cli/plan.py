"""Show the prediction ledger: the gains predicted for each phase before it was measured.

`score` grades the predictions against a measured result, `predict` records one for a phase that does not exist yet.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from lobench.workbench.cli import options, plan_predict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lobench.workbench.ladder import LadderFile
    from lobench.workbench.plan import Grade, Prediction

HELP = "show predictions, score them against a result, record new ones"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _add_common(parser)
    parser.set_defaults(action=_show)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    score = actions.add_parser(
        "score",
        help="grade each prediction against a measured result",
        description="Grade each prediction against a measured result: hit if the step's effect is shown and its "
        "interval lies within the predicted range, under or over if the interval lies wholly below or above it, open "
        "otherwise.",
    )
    score.add_argument("document", metavar="RESULT", help="a result.json, or its folder")
    score.set_defaults(action=_score)
    predict = actions.add_parser("predict", help=plan_predict.HELP, description=plan_predict.__doc__)
    plan_predict.add_arguments(predict)
    predict.set_defaults(action=plan_predict.run)
    for sub in (score, predict):
        _add_common(sub, default=argparse.SUPPRESS)


def _add_common(parser: argparse.ArgumentParser, **typed_only: Any) -> None:
    """Options accepted before and after an action; after it, only typed ones override those before."""
    text = "use this ledger instead of lobench's own (variants/plan.toml)"
    parser.add_argument("--ledger", metavar="FILE", help=text, **typed_only)
    options.add_ladder(parser, **typed_only)
    options.add_json(parser, **typed_only)


def run(arguments: argparse.Namespace) -> int:
    from lobench.engine.errors import UsageError

    if arguments.ledger and arguments.ladder:
        raise UsageError("--ledger and --ladder both name predictions; leave out one of them")
    code: int = arguments.action(arguments)
    return code


def _show(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from rich.table import Table

    from lobench.workbench.console import print_json, print_table

    ladder, entries = _ledger(arguments)
    if arguments.json:
        print_json({"predictions": [asdict(entry) for entry in entries]})
        return 0
    keys = ladder.keys if ladder else ()
    feeds = any(entry.feed for entry in entries)
    whose = f" of {ladder.name}" if ladder else ""
    table = Table(
        title=f"{len(entries)} predictions{whose}", caption="gain: speed-up of the step over the phase before"
    )
    for heading in ("phase", "bottleneck", "gain", "M events/s", *(["feed"] if feeds else []), "source", "date"):
        table.add_column(heading, justify="right" if heading in ("phase", "gain", "M events/s") else "left")
    for entry in sorted(entries, key=lambda entry: entry.phase):
        throughput = "{:g}-{:g}".format(*entry.throughput) if entry.throughput else ""
        feed = [entry.feed[0] if entry.feed else "all"] if feeds else []
        phase = f"{entry.phase} {keys[entry.phase]}" if entry.phase < len(keys) else str(entry.phase)
        table.add_row(phase, entry.bottleneck, entry.gain, throughput, *feed, _source(entry), entry.date)
    print_table(table)
    return 0


def _ledger(arguments: argparse.Namespace) -> tuple[LadderFile | None, list[Prediction]]:
    """The user's ladder, and the requested predictions."""
    from lobench.workbench.ladder.file import read_file
    from lobench.workbench.plan import read_ledger

    if arguments.ladder is None:
        return None, read_ledger(arguments.ledger)
    ladder = read_file(arguments.ladder)
    return ladder, list(ladder.predictions)


def _source(entry: Prediction) -> str:
    if entry.share is None:
        return entry.source
    share = " to ".join(dict.fromkeys(f"{value:.3g}" for value in entry.share))
    return f"{entry.source} (share {share})"


def _score(arguments: argparse.Namespace) -> int:
    from collections import Counter

    from lobench.workbench.console import print_json
    from lobench.workbench.plan import score
    from lobench.workbench.results import read
    from lobench.workbench.results.model.ladder import of_feed

    document = read(arguments.document)
    # A result stores its own ladder's predictions; later ones are used only on request.
    named = arguments.ledger or arguments.ladder
    entries: Sequence[Prediction]
    entries = document.ladder.predictions if document.ladder and not named else _ledger(arguments)[1]
    grades = [found for feed in document.feeds for found in score(document, feed, of_feed(entries, feed.digest))]
    counts = Counter(found.score for found in grades)
    summary = {name: counts[name] for name in ("hit", "under", "over", "open")}
    if arguments.json:
        print_json({"grades": [found.as_json() for found in grades], "summary": summary})
        return 0
    _print_grades(grades)
    print(", ".join(f"{count} {name}" for name, count in summary.items()))
    return 0


def _print_grades(grades: list[Grade]) -> None:
    from rich.table import Table

    from lobench.workbench.console import print_table
    from lobench.workbench.results.numbers import ends, estimate

    for feed in dict.fromkeys(found.feed for found in grades):
        table = Table(title=feed)
        for heading in ("phase", "bottleneck", "predicted", "measured", "95 % interval", "score", "note"):
            table.add_column(heading, justify="left" if heading in ("bottleneck", "score", "note") else "right")
        for found in grades:
            if found.feed != feed:
                continue
            measured = found.measured
            table.add_row(
                str(found.prediction.phase),
                found.prediction.bottleneck,
                found.prediction.gain,
                estimate(measured, "x") if measured else "",
                ends(measured) if measured else "",
                found.score,
                "; ".join(found.notes),
            )
        print_table(table)
