"""The text of an issue about regressions: commit, slowdown, source lines, and the command to reproduce it.

Its first line is the title; the rest is Markdown.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence

from lobench.workbench.commits.measuring import BY_ACTION
from lobench.workbench.history.regressions import Regression
from lobench.workbench.results.numbers import ends
from lobench.workbench.summaries.github import unmentioned
from lobench.workbench.summaries.markdown import escaped, fenced, places_table, tabled
from lobench.workbench.summaries.model import Place, Table

LinesOf = Callable[[Regression], Sequence[Place]]
"""The source lines that a regression is about."""


def issue(found: Sequence[Regression], lines_of: LinesOf) -> str:
    """An issue about all of them, which must be some, one part for each commit."""
    return unmentioned("\n\n".join(_parts(found, lines_of)) + "\n")


def title(found: Sequence[Regression]) -> str:
    """The worst of them in a line."""
    worst = max(found, key=lambda one: one.size)
    others = len({one.commit for one in found}) - 1
    more = f" and {others} more commit{'s' * (others != 1)}" if others else ""
    return f"Performance: {told(worst)} since {worst.commit[:8]}{more}"


def told(one: Regression) -> str:
    """The regression and its size."""
    if one.of == "time":
        return f"{one.variant} takes {one.size:.1%} longer on {one.feed}"
    return f"{one.variant} executes {one.size:.1%} more {one.of} on {one.feed}"


def _parts(found: Sequence[Regression], lines_of: LinesOf) -> Iterator[str]:
    yield title(found)
    for commit in dict.fromkeys(one.commit for one in found):
        own = sorted((one for one in found if one.commit == commit), key=lambda one: -one.size)
        yield f"### {commit[:12]} {escaped(own[0].subject)}"
        yield from tabled(_table(own))
        lines = lines_of(own[0])
        if lines:
            yield from tabled(places_table(lines))
        yield "How to reproduce it:"
        yield fenced(_commands(own), "sh")
    yield (
        "If a rise is meant, write it with its reason into `benchmarks/acknowledged.toml`: it then stays listed, and "
        "nobody is asked to look at it again."
    )


def _table(found: Sequence[Regression]) -> Table:
    rows = [[one.variant, one.feed, *figures(one), ", ".join(one.found_by)] for one in found]
    headings = ("variant", "feed", "speed, 95 % interval", "instructions", "counters moved", "found by")
    return Table(headings, rows, words=(0, 1, 4, 5))


def figures(one: Regression) -> list[str]:
    """Its speed against the commit before, its instructions, and other moved counters."""
    speed = f"{ends(one.paired)}x" if one.paired else "not paired"
    counts = "not counted" if one.instructions is None else f"{one.instructions:+.2%}"
    actions = " ".join(name.removeprefix(BY_ACTION) for name in one.counters if name.startswith(BY_ACTION))
    moved = [name for name in one.counters if not name.startswith(BY_ACTION)]
    moved += [f"{BY_ACTION}{actions}"] if actions else []
    return [speed, counts, ", ".join(moved) or "none"]


def _commands(found: Sequence[Regression]) -> str:
    """The command that compares the commit with the one before."""
    commit, before = found[0].commit[:12], (found[0].against or f"{found[0].commit}~1")[:40]
    how = found[0].how
    feeds = [
        word for feed in dict.fromkeys(one.feed for one in found) for word in ("--feed", how.feeds.get(feed, feed))
    ]
    more = ["--ladder", how.ladder] if how.ladder else []
    more += ["--evaluate", how.evaluate] if how.evaluate != "last" else []
    variants = " ".join(dict.fromkeys(one.variant for one in found))
    before = before if "~" in before else before[:12]
    check = ["lobench", "check", f"{before}..{commit}", *feeds, "--variants", variants, *more, "--lines"]
    return f"{shlex.join(check)}\ngit log -p {before}..{commit}"
