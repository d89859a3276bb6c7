"""A worker's files for a task, without a cluster: shares, symbols, samples, splits, and half-finished work."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from lobench.engine.feeds import spooled
from lobench.workbench.batch import working
from lobench.workbench.batch.feeds import BatchFeed, find_feeds
from lobench.workbench.batch.request import BatchRequest
from lobench.workbench.batch.schedule import tasks_of
from lobench.workbench.batch.task import DONE, FAILED, Task, TaskOutcome
from lobench.workbench.batch.turn import turn
from lobench.workbench.batch.working import perform
from lobench.workbench.rows.formats import told_of
from tests.support.command import busy
from tests.support.datasets import assert_same_rows, plain, read, single, stamps
from tests.support.dbn_files import header, write

pytestmark = pytest.mark.normal


@pytest.fixture
def path(tmp_path: Path) -> str:
    return write(tmp_path / "feed-20231114.dbn", header(), busy(9_000).tobytes())


def tasks(path: str, dataset: Path, **wanted: Any) -> list[Task]:
    request = BatchRequest(**({"features": ("mid_price", "event_number")} | wanted))
    return tasks_of(find_feeds([path], [], []), request, str(dataset), "lobench batch")


def done(found: list[TaskOutcome]) -> list[TaskOutcome]:
    assert [(one.state, one.error) for one in found] == [(DONE, None)] * len(found)
    return found


@pytest.mark.parametrize("sample", [None, "2ms", "40e", "trade", "bbo"])
@pytest.mark.parametrize("files", [1, 3])
def test_files_hold_shares(path: str, tmp_path: Path, sample: str | None, files: int) -> None:
    dataset = tmp_path / "dataset"
    (outcome,) = done([perform(task) for task in tasks(path, dataset, files=files, sample=sample, depth=1)])
    expected = single([path], columns="mid_price,event_number", depth=1, sample=sample)
    assert_same_rows(read(dataset), expected)
    assert [file.rows for file in outcome.files] == [pq.read_metadata(dataset / f.path).num_rows for f in outcome.files]
    assert len(outcome.files) == files
    assert outcome.date == "2023-11-14"


@pytest.mark.parametrize("sample", [None, "40e"])
def test_a_split_feed_has_the_same_rows(path: str, tmp_path: Path, sample: str | None) -> None:
    dataset = tmp_path / "dataset"
    parts = tasks(path, dataset, split=200_000, sample=sample)
    assert len(parts) == 3
    found = done([perform(task) for task in parts])
    assert all(one.events for one in found)
    assert sum(one.events for one in found) == 9_000
    assert_same_rows(read(dataset), single([path], columns="mid_price,event_number", sample=sample))


def test_folders_of_symbols(path: str, tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text("instrument_id,symbol\n7,A/B\n70000,C D\n")
    dataset = tmp_path / "dataset"
    request = BatchRequest(features=("mid_price", "event_number"), partition_by="symbol")
    (task,) = tasks_of(find_feeds([path], [], [f"--symbol-file={names}"]), request, str(dataset), "c")
    (outcome,) = done([perform(task)])
    folders = sorted(Path(file.path).parent.name for file in outcome.files)
    assert folders == ["symbol=4294967295", "symbol=A%2FB", "symbol=C%20D"]
    whole = ds.dataset(dataset, partitioning="hive").to_table()
    assert sorted(set(whole["symbol"].to_pylist())) == ["4294967295", "A/B", "C D"]
    expected = single([path], columns="mid_price,event_number").drop_columns(["symbol"])
    assert_same_rows(plain(whole.drop_columns(["symbol", "date"])), expected)
    before = stamps(dataset)
    done([perform(task)])
    assert stamps(dataset) == before


def test_symbols_that_look_like_numbers_are_read_as_texts(path: str, tmp_path: Path) -> None:
    """As docs/cluster.md says it."""
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    names = tmp_path / "names.csv"
    names.write_text(f"instrument_id,symbol\n7,0700\n70000,0005\n{2**32 - 1},1/2\n")
    dataset = tmp_path / "dataset"
    request = BatchRequest(features=("mid_price",), partition_by="symbol")
    (task,) = tasks_of(find_feeds([path], [], [f"--symbol-file={names}"]), request, str(dataset), "c")
    done([perform(task)])
    files, day = f"{dataset}/**/*.parquet", date(2023, 11, 14)
    expected = {(symbol, day) for symbol in ("0700", "0005", "1/2")}
    types = pa.schema([("date", pa.date32()), ("symbol", pa.string())])
    read = ds.dataset(dataset, partitioning=ds.partitioning(types, flavor="hive")).to_table()
    assert set(zip(read["symbol"].to_pylist(), read["date"].to_pylist(), strict=True)) == expected
    frame = polars.scan_parquet(files, hive_schema={"date": polars.Date, "symbol": polars.String})
    assert set(frame.select("symbol", "date").unique().collect().rows()) == expected
    table = f"read_parquet('{files}', hive_partitioning=true, hive_types={{'date': date, 'symbol': varchar}})"
    assert set(duckdb.sql(f"select distinct symbol, date from {table}").fetchall()) == expected


def test_a_half_written_task_is_completed(path: str, tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    (task,) = tasks(path, dataset, files=3)
    first = perform(task)
    before = stamps(dataset)
    lost = dataset / first.files[1].path
    lost.unlink()
    second = perform(task)
    after = stamps(dataset)
    assert second.files == first.files
    assert {name for name, stamp in after.items() if before[name] == stamp} == set(before) - {str(lost)}
    third = perform(task)
    assert third.found
    assert (third.files, third.events, third.anomalies) == (first.files, first.events, first.anomalies)
    assert third.feed_digest == first.feed_digest is not None
    assert stamps(dataset) == after
    told = told_of(lost) or {}
    assert (told["task"], told["command"], told["complete"]) == (task.key, "lobench batch", "true")


def test_files_of_another_task_are_replaced(path: str, tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    (task,) = tasks(path, dataset, files=1)
    done([perform(task)])
    write(Path(path), header(), busy(4_000, 5).tobytes())
    (other,) = tasks(path, dataset, files=1)
    assert other.key != task.key
    done([perform(other)])
    assert_same_rows(read(dataset), single([path], columns="mid_price,event_number"))


def test_no_file_gets_its_name_once_another_run_has_the_dataset(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = tmp_path / "dataset"
    (dataset / "_lobench").mkdir(parents=True)
    (late,) = tasks(path, dataset, files=2)
    write(Path(path), header(), busy(4_000, 5).tobytes())
    with turn(str(dataset)) as run:
        (task,) = tasks(path, dataset, files=2)
        done([perform(replace(task, run=run))])
        before = stamps(dataset)
        assert len(before) == 2
        with monkeypatch.context() as patch:
            # The task began during its own turn.
            patch.setattr(working, "check_turn", lambda *given: None)
            found = perform(replace(late, run="of before"))
        assert (found.state, "is over" in str(found.error)) == (FAILED, True)
        assert stamps(dataset) == before
        assert list(dataset.glob("**/.*")) == []
    (dataset / before.popitem()[0]).unlink()
    assert "is over" in str(perform(replace(task, run=run)).error)


def test_copies_of_remote_feeds_are_let_go(path: str, tmp_path: Path) -> None:
    import fsspec

    fsspec.filesystem("memory").pipe("/days/feed-20231114.dbn", Path(path).read_bytes())
    dataset = tmp_path / "dataset"
    done([perform(task) for task in tasks("memory://days/feed-20231114.dbn", dataset)])
    assert "memory://days/feed-20231114.dbn" not in spooled._copies
    assert_same_rows(read(dataset), single([path], columns="mid_price,event_number"))


def test_failures_of_a_task_have_a_reason(path: str, tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    none = BatchFeed((str(tmp_path / "none-20231114.dbn"),))
    request = BatchRequest(features=("mid_price",))
    (missing,) = (perform(task) for task in tasks_of([none], request, str(dataset), "c"))
    assert missing.state == FAILED
    assert "no such file" in str(missing.error)
    (other,) = tasks_of([none], request, str(dataset), "c")
    elsewhere = perform(Task(**(vars(other) | {"version": "0"})))
    assert "not 0: install the same" in str(elsewhere.error)
    dataset.write_text("in the way")
    (task,) = tasks(path, dataset)
    (blocked,) = (perform(task),)
    assert "cannot be created: Not a directory" in str(blocked.error)
    assert blocked.seconds < time.monotonic()
    cut = tmp_path / "cut-20231114.dbn"
    cut.write_bytes(Path(path).read_bytes()[:-7])
    dataset.unlink()
    (found,) = (perform(task) for task in tasks(str(cut), dataset))
    assert str(cut) in str(found.error)
    assert list(dataset.glob("date=*/*")) == []
