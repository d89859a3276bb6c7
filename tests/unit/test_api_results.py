"""The results of ``lobench.run``, ``compare`` and ``read_result``, in a laboratory that takes no time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import lobench
from tests.support.dbn_files import header, records, write
from tests.support.pretend import NANOSECONDS, Laboratory
from tests.support.replays import LADDER

pytestmark = pytest.mark.normal


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LOBENCH_TUNING_DIR", os.devnull)
    monkeypatch.chdir(tmp_path)
    Laboratory().install(monkeypatch)
    return write(tmp_path / "day.dbn", header(), records(9_000).tobytes())


def test_a_run_is_tables(feed: str, tmp_path: Path) -> None:
    result = lobench.run(feed, quick=True, budget=20, output=tmp_path / "kept", progress=False)
    assert result.agree
    assert result.feeds == [feed]
    assert result.comparison is None
    assert result.path.is_relative_to(tmp_path / "kept")
    assert result.report is not None
    assert result.report.is_file()
    ladder = result.ladder()
    names = ladder["variant"].to_pylist()
    assert [name[:2] for name in names] == [f"p{phase}" for phase in range(len(LADDER))]
    assert ladder["phase"].to_pylist() == list(range(len(LADDER)))
    speeds = ladder["events_per_second"].to_pylist()
    assert speeds[4] == pytest.approx(1e9 / NANOSECONDS[4], rel=0.05)
    assert ladder["step"].to_pylist()[0] is None
    totals = ladder["total"].to_pylist()
    assert totals[7] == pytest.approx(NANOSECONDS[0] / NANOSECONDS[7], rel=0.05)
    assert all(low <= value <= high for low, value, high in interval_of(ladder, "total"))
    samples = result.samples()
    assert set(names) <= set(samples["variant"].to_pylist())
    session = result.document.feeds[0].session
    assert session is not None
    assert samples.num_rows == len(session.samples.rows)
    shown = result._repr_html_()
    assert all(f"<td>{name}</td>" in shown for name in names)
    assert result.as_json()["feeds"][0]["events"] == 9_000
    again = lobench.read_result(result.path.parent)
    assert again.ladder().equals(ladder)
    assert again.report == result.report
    with pytest.raises(lobench.UsageError, match="there is no feed 1"):
        result.ladder(1)


def interval_of(ladder: Any, name: str) -> list[tuple[float, float, float]]:
    columns = [ladder[f"{name}{end}"].to_pylist() for end in ("_low", "", "_high")]
    return [row for row in zip(*columns, strict=True) if None not in row]


def test_a_comparison_has_a_verdict(feed: str) -> None:
    result = lobench.compare("p4", "p5", feed, budget=40, tolerance="50%", progress=False)
    comparison = result.comparison
    assert comparison is not None
    assert (comparison.base, comparison.variant) == ("p4_hash_lookup", "p5_memory_pool")
    assert comparison.ratio.value == pytest.approx(NANOSECONDS[4] / NANOSECONDS[5], rel=0.05)
    assert comparison.tolerance == 0.5
    assert lobench.read_result(result.path).comparison == comparison


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"budget": "soon"}, "'soon' is not a duration"),
        ({"until": "now"}, "--until takes a stage"),
        ({"evaluate": "never"}, "invalid choice: 'never'"),
        ({"variants": "p99"}, "no variant named"),
    ],
)
def test_refuses_in_the_commands_words(feed: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(lobench.UsageError, match=said):
        lobench.run(feed, **options)


def test_other_files_are_no_results(tmp_path: Path) -> None:
    with pytest.raises(lobench.UsageError, match=r"give a result\.json"):
        lobench.read_result(tmp_path)
    (tmp_path / "result.json").write_text("{}")
    with pytest.raises(lobench.LobenchError, match="was not written by lobench as a result"):
        lobench.read_result(tmp_path)
