"""The front page and one comparison report for each commit, from the recorded history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from lobench.workbench.commits.findings import WORSE
from lobench.workbench.commits.measuring import INSTRUCTIONS
from lobench.workbench.commits.repository import Commit
from lobench.workbench.dashboard import charts
from lobench.workbench.dashboard.publishing import APPLICATION
from lobench.workbench.history.asv_files import TIME
from lobench.workbench.history.issue import told
from lobench.workbench.history.points import Against, Change, Compared, Recorded, SessionFacts
from lobench.workbench.history.regressions import Regression
from lobench.workbench.history.series import Series
from lobench.workbench.history.store import History
from lobench.workbench.results.model.verdict import FASTER
from lobench.workbench.results.numbers import ends, estimate
from lobench.workbench.summaries.model import Place

_TEMPLATES = Path(__file__).with_name("templates")

Changes = Mapping[str, Sequence[Place]]
"""Commit to the lines that it changed."""


@dataclass(frozen=True)
class Panel:
    """A series on the front page: its last point, the change since its first, and its chart (SVG)."""

    variant: str
    ns: float
    change: float
    looked: bool
    picture: str


@dataclass(frozen=True)
class Listed:
    """A row of the list of all commits: ``why`` it could not be measured, or its most important findings."""

    commit: Commit
    why: str | None = None
    against: Against | None = None
    verdicts: tuple[Compared, ...] = ()


@dataclass(frozen=True)
class Shown:
    """A commit's page: the commit's record, and the record of the commit ``before`` that it is compared with."""

    commit: str
    point: Recorded
    against: Against | None
    before: Recorded | None
    session: SessionFacts | None


def write(
    site: Path,
    history: History,
    commits: Sequence[Commit],
    series: Sequence[Series],
    found: Sequence[Regression],
    changes: Changes,
) -> None:
    """Write ``index.html`` and ``commits/*.html`` into a published site. ``commits``: those that were measured or
    tried, oldest first."""
    pages = _environment()
    pages.filters.update(percent=_percent, number=_number, page=charts.page, date=charts.date, told=told)
    pages.filters.update(estimate=estimate, ends=ends)
    pages.globals.update(time_series=TIME, machine=history.machine, moved=moved)
    recorded = [commit.hash for commit in commits if commit.hash in history.points]
    looked = sorted((one for one in found if one.counts), key=lambda one: -one.size)
    others = [one for one in found if not one.counts]
    lines = {(one.commit, one.variant, one.feed): one.lines or changes.get(one.commit, ()) for one in found}
    (site / "commits").mkdir(exist_ok=True)
    for place, commit in enumerate(recorded):
        around = {
            "earlier": recorded[place - 1] if place else None,
            "later": recorded[place + 1] if place + 1 < len(recorded) else None,
        }
        own = [one for one in found if one.commit == commit]
        text = pages.get_template("commit.html").render(found=own, lines=lines, shown=_shown(history, commit), **around)
        (site / charts.page(commit)).write_text(text, encoding="utf-8")
    front = pages.get_template("front.html").render(
        panels=_panels(history, commits, series, found),
        commits=[_listed(history, commit) for commit in reversed(commits)],
        last=_shown(history, recorded[-1]),
        looked=looked,
        sentence=_words(history, looked, len(others)),
        others=others,
        lines=lines,
    )
    (site / "index.html").write_text(front, encoding="utf-8")


def write_plain(site: Path) -> None:
    """Write ``index.html`` into a published site of asv's results alone."""
    (site / "index.html").write_text(_environment().get_template("plain.html").render(), encoding="utf-8")


def _environment() -> jinja2.Environment:
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.globals.update(application=APPLICATION)
    return pages


def _panels(
    history: History, commits: Sequence[Commit], series: Sequence[Series], found: Sequence[Regression]
) -> dict[str, list[Panel]]:
    """Feed to the view of each of its series; series with regressions to look at come first."""
    tried = [commit for commit in commits if commit.hash in history.points or commit.hash in history.broken]
    axis = charts.Axis(
        [commit.hash for commit in tried],
        {commit.hash: commit.time for commit in tried},
        {commit.hash: commit.subject for commit in tried},
        {commit.hash: history.why(commit.hash) for commit in tried if commit.hash not in history.points},
    )
    panels: dict[str, list[Panel]] = {}
    for one in series:
        own = [each for each in found if (each.feed, each.variant) == (one.feed, one.variant)]
        first, last = one.points[0], one.points[-1]
        panels.setdefault(one.feed, []).append(
            Panel(
                variant=one.variant,
                ns=last.ns,
                change=last.ns / first.ns - 1,
                looked=any(each.counts for each in own),
                picture=charts.picture(one, axis, own),
            )
        )
    return {feed: sorted(own, key=lambda panel: not panel.looked) for feed, own in panels.items()}


def _listed(history: History, commit: Commit) -> Listed:
    """A row of the list of all commits."""
    recorded = history.at(commit.hash)
    if recorded is None:
        return Listed(commit, why=history.why(commit.hash))
    findings = recorded.against.findings if recorded.against else ()
    # The largest of each kind, not all.
    worse = [one for one in findings if one.verdict in WORSE]
    faster = [one for one in findings if one.verdict == FASTER]
    return Listed(commit, against=recorded.against, verdicts=(*worse, *faster))


def _shown(history: History, commit: str) -> Shown:
    """The template's view of one recorded commit."""
    recorded = history.at(commit)
    assert recorded is not None
    against = recorded.against
    return Shown(
        commit=commit,
        point=recorded,
        against=against,
        before=history.at(against.commit) if against else None,
        session=history.session(recorded.session),
    )


def moved(finding: Compared) -> dict[str, Change]:
    """The mechanism counters that changed; instructions are shown elsewhere."""
    kinds = (kind for kind in finding.moved if kind != INSTRUCTIONS)
    return {kind: finding.exact[kind] for kind in kinds if kind in finding.exact}


def _words(history: History, found: Sequence[Regression], others: int) -> str:
    """A sentence about the regressions to look at and their dates; ``others`` were found but need no attention."""
    if not found and others:
        return f"Nothing to look at: what got slower is acknowledged, recovered or disputed ({others})."
    if not found:
        return "Nothing to look at: no recorded commit made a variant slower than it had been."
    (first, *rest) = found
    recorded = history.at(first.commit)
    assert recorded is not None
    since = f"{charts.date(recorded.time)} ({first.commit[:8]})"
    return f"{len(found)} to look at: {told(first)} since {since}{f', and {len(rest)} more' if rest else ''}."


def _percent(change: float) -> str:
    return f"{change:+.1%}" if abs(change) >= 0.01 else f"{change:+.2%}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:,.4g}" if value < 1000 else f"{value:,.1f}"
