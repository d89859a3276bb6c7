"""Compare two results in time: what each variant gained or lost since.

Speed-ups over the reference of the same session are compared, which cancels most of what changed on the machine.
That is weaker evidence than variants measured side by side: `lobench cmp` does that. Exit code 1 if a variant
became slower for certain, 2 if the two cannot be compared.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from workbench.cli.options import add_json, add_tolerance

if TYPE_CHECKING:
    from workbench.changes import Change

HELP = "compare two results in time"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", metavar="OLD", help="the earlier result.json, or its folder")
    parser.add_argument("new", metavar="NEW", help="the later one")
    add_tolerance(parser)
    parser.add_argument("--force", action="store_true", help="compare even if the machine or Numba's target differ")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from engine.errors import UsageError
    from workbench.changes import changes, machine_differences, remarks, work_differences
    from workbench.cli.options import fraction
    from workbench.console import print_json
    from workbench.results import read

    tolerance = fraction("--tolerance", arguments.tolerance)
    old, new = read(arguments.old), read(arguments.new)
    different = work_differences(old, new)
    if different:
        raise UsageError(f"the two results cannot be compared: {'; '.join(different)}")
    machines = machine_differences(old, new)
    if machines and not arguments.force:
        raise UsageError(f"the two results cannot be compared: {'; '.join(machines)}; --force compares them anyway")
    found = changes(old, new, tolerance)
    notes = [*(f"compared all the same: {text}" for text in machines), *remarks(old, new)]
    regressions = [change for change in found if change.regression]
    if arguments.json:
        print_json(
            {
                "old": {"created": old["created"], "source_digest": old["source_digest"]},
                "new": {"created": new["created"], "source_digest": new["source_digest"]},
                "tolerance": tolerance,
                "changes": [change.as_json() for change in found],
                "regressions": [{"feed": change.feed, "variant": change.variant} for change in regressions],
                "notes": notes,
            }
        )
    else:
        _show(found, regressions, notes, tolerance)
    return 1 if regressions else 0


def _show(found: list[Change], regressions: list[Change], notes: list[str], tolerance: float) -> None:
    from rich.table import Table

    from workbench.console import stdout

    console = stdout()
    for feed in dict.fromkeys(change.feed for change in found):
        table = Table(title=feed, caption="new / old: above 1 is faster")
        for heading in ("variant", "against reference", "95 % interval", "verdict", "events/s", "95 % interval"):
            table.add_column(heading, justify="left" if heading in ("variant", "verdict") else "right")
        for change in found:
            if change.feed == feed:
                absolute = change.absolute
                table.add_row(
                    change.variant,
                    f"{change.relative['value']:.4f}" if change.relative else "",
                    f"{change.relative['low']:.4f} to {change.relative['high']:.4f}" if change.relative else "",
                    change.verdict or "",
                    f"{absolute['value']:.4f}",
                    f"{absolute['low']:.4f} to {absolute['high']:.4f}",
                )
        console.print(table)
    for text in notes:
        console.print(f"note        {text}", markup=False, soft_wrap=True)
    beyond = f" by more than {tolerance:.3g} of its speed" if tolerance else ""
    for change in regressions:
        console.print(f"SLOWER      {change.variant} on {change.feed}{beyond}", markup=False, soft_wrap=True)
    if not regressions:
        console.print(f"No variant became slower{beyond} for certain.")
    console.print("Two sessions of different times: `lobench cmp` compares side by side.", markup=False)
