"""Compare two results measured at different times: the gain or loss of each variant.

The compared figures are speed-ups over the reference of the same session, which cancels most changes of the machine.
The remaining difference between sessions is estimated from variants with the same sources in both results, or from
further results (--control). Intervals include it; without it there is no verdict. This is weaker evidence than
measuring variants side by side with `lobench cmp`. Exit code 1 if a variant is shown to have become slower, 2 if the
two results cannot be compared.
"""

from __future__ import annotations

import argparse

from lobench.workbench.cli import options

HELP = "compare two results measured at different times"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", metavar="OLD", help="the earlier result.json, or its folder")
    parser.add_argument("new", metavar="NEW", help="the later result.json, or its folder")
    options.add_tolerance(parser)
    parser.add_argument(
        "--control",
        metavar="RESULT",
        action="append",
        default=[],
        help="another result of the same sources as OLD or NEW, measured at another time, to estimate the difference "
        "between sessions (repeatable)",
    )
    parser.add_argument(
        "--force",
        dest="anyway",
        action="store_true",
        help="compare even if the machine or Numba's target differs, and show figures without a verdict",
    )
    options.add_outlets(parser)
    options.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from lobench.engine.errors import UsageError
    from lobench.workbench.comparison.diff import changes, machine_differences, remarks, work_differences
    from lobench.workbench.console import print_json
    from lobench.workbench.results import read
    from lobench.workbench.summaries import outlets
    from lobench.workbench.summaries.diff import summary

    outlets.check(arguments)

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
        raise UsageError(
            f"the two results cannot be compared: {_unjudged(unknown)}; --force shows figures without a verdict"
        )
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
    said = summary(found, notes, arguments.tolerance, (arguments.old, arguments.new), outlets.command())
    outlets.deliver(said, arguments)
    return 1 if regressions else 0


def _unjudged(feeds: list[str]) -> str:
    return (
        f"no variant of {', '.join(feeds)} has the same sources in both, so the difference between sessions is "
        "unknown; --control RESULT adds another result of the same sources as one of them"
    )
