"""The report of a regression: its size, its state, whether a later commit undid it, the text of an issue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lobench.workbench.dashboard import pages
from lobench.workbench.history.issue import issue, title, told
from lobench.workbench.history.regressions import Regression, regressions
from lobench.workbench.history.series import all_series
from lobench.workbench.history.store import History
from lobench.workbench.summaries.model import Place
from tests.unit.workbench.history.test_regressions import history, levels


def found(times: list[float], counts: Sequence[float | None], **more: Any) -> tuple[list[str], list[Regression]]:
    made, order = history(times, counts, **more)
    return order, regressions(made, all_series(made, order))


FLAT = levels(30, {}, noise=0.001)


def test_a_rise_that_a_later_commit_undid_is_recovered() -> None:
    order, (one,) = found(FLAT, [100.0] * 10 + [104.0] * 10 + [100.0] * 10)
    assert (one.commit, one.recovered, one.counts) == (order[10], order[20], False)
    assert one.state == f"recovered by {order[20][:8]}"
    assert one.as_json()["recovered_by"] == order[20]
    order, (one,) = found(FLAT, [100.0] * 10 + [104.0] * 10 + [90.0] * 10)
    assert one.recovered == order[20]
    # A partial recovery is none.
    _, (one,) = found(FLAT, [100.0] * 10 + [104.0] * 10 + [102.0] * 10)
    assert (one.recovered, one.counts, one.state) == (None, True, "to look at")


def test_a_step_in_time_recovers_too() -> None:
    order, rows = found(levels(40, {15: 1.1, 27: 1 / 1.1}, noise=0.001), [100.0] * 40)
    assert [(one.commit, one.recovered) for one in rows] == [(order[15], order[27])]


def test_the_headline_names_the_larger_rise() -> None:
    _, (one,) = found(levels(30, {10: 2.4}, noise=0.001), [100.0] * 10 + [142.0] * 20)
    assert told(one) == "v executes 42.0% more instructions on f"
    slower = replace(one, size=1.4, of="time")
    assert told(slower) == "v takes 140.0% longer on f"
    assert told(replace(one, size=1.0, of="instructions of T")) == "v executes 100.0% more instructions of T on f"
    assert title([one, slower]) == f"Performance: {told(slower)} since {one.commit[:8]}"


def test_the_first_sentence_of_the_site() -> None:
    order, (first, second) = found(FLAT, [100.0] * 10 + [104.0] * 10 + [110.0] * 10)
    made = History(Path("none"), "here")
    made.points |= {commit: {"time": place * 86_400} for place, commit in enumerate(order)}
    assert pages._words(made, [second, first], 1) == (
        f"2 to look at: v executes 5.8% more instructions on f since 21 Jan 1970 ({order[20][:8]}), and 1 more."
    )
    assert pages._words(made, [], 2) == (
        "Nothing to look at: what got slower is acknowledged, recovered or disputed (2)."
    )
    assert pages._words(made, [], 0) == (
        "Nothing to look at: no recorded commit made a variant slower than it had been."
    )


def test_the_text_of_an_issue() -> None:
    order, rows = found(FLAT, [100.0] * 10 + [104.0] * 10 + [110.0] * 10)
    first, second = rows
    lines = [Place("variants/v.py", 7, "@x_y = 1", "+4.0 instructions an event")]
    text = issue(rows, lambda one: lines if one is second else [])
    assert (
        text.splitlines()[0]
        == title(rows)
        == (f"Performance: v executes 5.8% more instructions on f since {order[20][:8]} and 1 more commit")
    )
    assert f"### {order[10][:12]} commit 10" in text
    assert f"lobench check {order[19][:12]}..{order[20][:12]} --feed f --variants v --lines" in text
    assert f"git log -p {order[9][:12]}..{order[10][:12]}" in text
    assert "| variants/v.py:7 | \\+4.0 instructions an event | @\u200bx_y = 1 |" in text
    assert "benchmarks/acknowledged.toml" in text
    assert first.against == order[9]
