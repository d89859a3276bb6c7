"""Two results of different times."""

from __future__ import annotations

from collections.abc import Sequence

from lobench.workbench.comparison.diff import Change, FeedChanges
from lobench.workbench.results.numbers import ends, estimate
from lobench.workbench.summaries.model import Fact, Summary, Table

WEAKER = "These are two sessions of different times; `lobench cmp` compares side by side."


def summary(
    found: Sequence[FeedChanges], notes: Sequence[str], tolerance: float, names: tuple[str, str], command: str
) -> Summary:
    """The changes from the first of ``names`` to the second."""
    changes = [change for part in found for change in part.changes]
    slower = [change for change in changes if change.regression]
    beyond = f" by more than {tolerance:.3g} of its speed" if tolerance else ""
    verdict = "No verdict."
    if slower:
        verdict = f"{len(slower)} slower{beyond}: {', '.join(f'{one.variant} on {one.feed}' for one in slower)}."
    elif any(change.verdict for change in changes):
        verdict = f"No variant is shown to be slower{beyond}."
    facts: list[Fact] = [("sessions", _sessions(part)) for part in found]
    facts += [("note", text) for text in notes]
    facts += [("SLOWER", f"{one.variant} on {one.feed}{beyond}") for one in slower]
    return Summary(
        verb="diff",
        title=f"{names[0]}, then {names[1]}",
        verdict=f"{verdict} {WEAKER}",
        ok=not slower,
        command=command,
        tables=[_table(part) for part in found],
        facts=facts,
    )


def _table(part: FeedChanges) -> Table:
    return Table(
        ("variant", "speed-up, new / old", "95 % interval", "verdict", "events/s, new / old", "95 % interval"),
        [_row(change) for change in part.changes],
        title=part.feed,
        note="new / old: above 1 is faster",
        words=(0, 3),
    )


def _row(change: Change) -> list[str]:
    relative, absolute = change.relative, change.absolute
    return [
        change.variant,
        estimate(relative, "x") if relative else "",
        ends(relative) if relative else "",
        change.verdict or ("same sources" if change.same else ""),
        estimate(absolute, "x"),
        ends(absolute),
    ]


def _sessions(part: FeedChanges) -> str:
    """The known difference between sessions."""
    count, fraction = part.sessions.count, part.sessions.fraction
    if fraction is None:
        return "their difference is unknown: intervals do not include it, and there is no verdict"
    rest = "all sources are the same: this is a control, without verdicts" if part.control else "intervals include it"
    several = "variant" if count == 1 else "variants"
    return f"differ by {fraction:.2%} in the speed-ups of {count} {several} of the same sources; {rest}"
