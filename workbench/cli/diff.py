"""Compare two results in time: what each variant gained or lost since.

Speed-ups over the reference of the same session are compared, which cancels most of what changed on the machine. How
much sessions differ all the same is learned from variants whose sources are the same in both, or in a further result
(--control); intervals hold that, and without it there is no verdict. That is weaker evidence than variants measured
side by side: `lobench cmp` does that. Exit code 1 if a variant became slower for certain, 2 if the two cannot be
compared.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lobench.workbench.cli import options

if TYPE_CHECKING:
    from lobench.workbench.comparison.diff import FeedChanges

HELP = "compare two results in time"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", metavar="OLD", help="the earlier result.json, or its folder")
    parser.add_argument("new", metavar="NEW", help="the later one")
    options.add_tolerance(parser)
    parser.add_argument(
        "--control",
        metavar="RESULT",
        action="append",
        default=[],
        help="a further result of the same sources as OLD or NEW, measured at another time: it tells how much sessions "
        "differ (repeatable)",
    )
    parser.add_argument(
        "--force",
        dest="anyway",
        action="store_true",
        help="compare even if the machine or Numba's target differ, and show figures that nothing can judge",
    )
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.engine.errors import UsageError
    from lobench.workbench.comparison.diff import changes, machine_differences, remarks, work_differences
    from lobench.workbench.console import print_json
    from lobench.workbench.results import read

    old, new = read(arguments.old), read(arguments.new)
    different = work_differences(old, new)
    if different:
        raise UsageError(f"the two results cannot be compared: {'; '.join(different)}")
    machines = machine_differences(old.environment, new.environment)
    if machines and not arguments.anyway:
        raise UsageError(f"the two results cannot be compared: {'; '.join(machines)}; --force compares them anyway")
    found = changes(old, new, arguments.tolerance, [read(path) for path in arguments.control])
    unknown = [part.feed for part in found if not part.sessions.count]
    if unknown and not arguments.anyway:
        raise UsageError(f"the two results cannot be compared: {_unjudged(unknown)}; --force shows figures, no verdict")
    notes = [*(f"compared all the same: {text}" for text in machines), *remarks(old, new)]
    regressions = [change for part in found for change in part.changes if change.regression]
    if arguments.json:
        print_json(
            {
                "old": {"created": old.created, "source_digest": old.source_digest},
                "new": {"created": new.created, "source_digest": new.source_digest},
                "tolerance": arguments.tolerance,
                "sessions": [part.as_json() for part in found],
                "changes": [change.as_json() for part in found for change in part.changes],
                "regressions": [{"feed": change.feed, "variant": change.variant} for change in regressions],
                "notes": notes,
            }
        )
    else:
        _show(found, notes, arguments.tolerance)
    return 1 if regressions else 0


def _unjudged(feeds: list[str]) -> str:
    return (
        f"no variant of {', '.join(feeds)} has the same sources in both, so how much sessions differ is not known; "
        "--control RESULT takes a further result of the same sources as one of them"
    )


def _show(found: list[FeedChanges], notes: list[str], tolerance: float) -> None:
    from lobench.workbench.console import stdout

    console = stdout()
    for part in found:
        _show_feed(part)
    for text in notes:
        console.print(f"note        {text}", markup=False, soft_wrap=True)
    beyond = f" by more than {tolerance:.3g} of its speed" if tolerance else ""
    changes = [change for part in found for change in part.changes]
    regressions = [change for change in changes if change.regression]
    for change in regressions:
        console.print(f"SLOWER      {change.variant} on {change.feed}{beyond}", markup=False, soft_wrap=True)
    if not regressions and any(change.verdict for change in changes):
        console.print(f"No variant became slower{beyond} for certain.")
    console.print("Two sessions of different times: `lobench cmp` compares side by side.", markup=False)


def _show_feed(part: FeedChanges) -> None:
    from rich.table import Table

    from lobench.workbench.console import stdout

    table = Table(title=part.feed, caption="new / old: above 1 is faster")
    for heading in (
        "variant",
        "speed-up, new / old",
        "95 % interval",
        "verdict",
        "events/s, new / old",
        "95 % interval",
    ):
        table.add_column(heading, justify="left" if heading in ("variant", "verdict") else "right")
    for change in part.changes:
        relative, absolute = change.relative, change.absolute
        table.add_row(
            change.variant,
            f"{relative.value:.4f}" if relative else "",
            f"{relative.low:.4f} to {relative.high:.4f}" if relative else "",
            change.verdict or ("same sources" if change.same else ""),
            f"{absolute.value:.4f}",
            f"{absolute.low:.4f} to {absolute.high:.4f}",
        )
    stdout().print(table)
    stdout().print(_sessions(part), markup=False, soft_wrap=True)


def _sessions(part: FeedChanges) -> str:
    """What is known of the difference between sessions."""
    count, fraction = part.sessions.count, part.sessions.fraction
    if fraction is None:
        return "sessions    how much they differ is not known: intervals do not hold it, and nothing is judged"
    rest = (
        "all is of the same sources: this is a control, and nothing is judged" if part.control else "intervals hold it"
    )
    several = "variant" if count == 1 else "variants"
    return f"sessions    differ by {fraction:.2%} in the speed-ups of {count} {several} of the same sources; {rest}"
