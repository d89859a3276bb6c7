"""The front page and one comparison report for each commit, from what the history recorded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from lobench.workbench.commits.measuring import INSTRUCTIONS
from lobench.workbench.dashboard import charts
from lobench.workbench.dashboard.publishing import APPLICATION
from lobench.workbench.history.asv_files import TIME
from lobench.workbench.history.regressions import Regression
from lobench.workbench.history.series import Series
from lobench.workbench.history.store import History
from lobench.workbench.history.told import essence

_TEMPLATES = Path(__file__).with_name("templates")


def write(
    site: Path, history: History, order: Sequence[str], series: Sequence[Series], found: list[Regression]
) -> None:
    """Write ``index.html`` and ``commits/*.html`` into a published site."""
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters.update(percent=_percent, number=_number, page=charts.page, essence=essence)
    pages.globals.update(application=APPLICATION, time_series=TIME, machine=history.machine)
    recorded = [commit for commit in order if commit in history.points]
    feeds = dict.fromkeys(one.feed for one in series)
    ladders = {feed: charts.ladder([one for one in series if one.feed == feed], recorded) for feed in feeds}
    (site / "commits").mkdir(exist_ok=True)
    for commit in recorded:
        content = _commit(history, commit)
        text = pages.get_template("commit.html").render(found=[one for one in found if one.commit == commit], **content)
        (site / charts.page(commit)).write_text(text, encoding="utf-8")
    broken = {commit: reason for commit, reason in history.broken.items() if commit in order}
    front = pages.get_template("front.html").render(
        ladders=ladders,
        commits=[(commit, history.points[commit]) for commit in reversed(recorded)],
        last=_commit(history, recorded[-1]),
        found=found,
        broken=broken,
    )
    (site / "index.html").write_text(front, encoding="utf-8")


def _commit(history: History, commit: str) -> dict[str, Any]:
    """What the templates show of one commit."""
    point = history.points[commit]
    against = point["against"]
    session = next((one for one in history.sessions if one["name"] == point["session"]), None)
    return {
        "commit": commit,
        "point": point,
        "against": against,
        "before": history.points.get(against["commit"]) if against else None,
        "rows": [_row(finding) for finding in against["findings"]] if against else [],
        "session": session,
        "anchors": history.anchors,
    }


def _row(finding: dict[str, Any]) -> dict[str, Any]:
    """A finding with what moved put apart."""
    exact = finding["exact"]
    moved = {kind: exact[kind] for kind in finding["moved"] if kind != INSTRUCTIONS}
    return {**finding, "instructions": exact.get(INSTRUCTIONS), "counters": moved}


def _percent(ratio: float) -> str:
    return f"{ratio:+.2%}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:,.4g}" if value < 1000 else f"{value:,.1f}"
