"""`lobench batch` on a cluster of two processes: the dataset equals single replays; output and messages."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import lobench
from tests.support.command import answer, busy, refused
from tests.support.command import lobench as command
from tests.support.datasets import assert_same_rows, read, read_everywhere, single, stamps
from tests.support.dbn_files import header, write, zstd

pytest.importorskip("distributed")


@pytest.fixture
def feeds(tmp_path: Path) -> list[str]:
    """Three days of three kinds."""
    (tmp_path / "days").mkdir()
    plain = write(tmp_path / "days/a-20231114.dbn", header(), busy(9_000, 1).tobytes())
    packed = write(tmp_path / "days/b-20231115.dbn.zst", zstd(header() + busy(6_000, 2).tobytes()))
    table = tmp_path / "days/c-20231115.csv"
    made = busy(3_000, 3)
    made["ts_recv"] = made["ts_event"]  # a table cannot hold times after 2262
    lobench.convert(write(tmp_path / "c.dbn", header(), made.tobytes()), table)
    return [plain, packed, str(table)]


@pytest.mark.long
def test_a_dataset_equals_single_replays(feeds: list[str], tmp_path: Path) -> None:
    bad = tmp_path / "days/bad-20231116.dbn"
    bad.write_bytes(b"DBN\x03 what is this")
    dataset = tmp_path / "dataset"
    words = ("batch", tmp_path / "days/*", "-o", dataset, "--features", "--depth", 2, "--files", 2, "--scheduler", 2)

    planned = answer(*words, "--dry-run")
    assert planned["tasks"][0]["feed"] == max(feeds, key=lambda path: Path(path).stat().st_size)
    assert (planned["feeds"], planned["done"], len(planned["tasks"])) == (4, 0, 4)
    assert not dataset.exists()

    done = command(*words, "--json")
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert list(told["failed"]) == [str(bad)]
    assert "dashboard http" in done.stderr
    assert f"lobench: {bad}: " in done.stderr
    expected = single(feeds, depth=2)
    assert_same_rows(read(dataset), expected)
    assert told["rows"] == expected.num_rows
    assert told["memory"] > 2**26

    manifest = json.loads((dataset / "_lobench/manifest.json").read_text())
    entries = {entry["feed"]: entry for entry in manifest["tasks"]}
    assert {feed: entry["outcome"]["state"] for feed, entry in entries.items()} == {
        **dict.fromkeys(feeds, "done"),
        str(bad): "failed",
    }
    for feed in feeds:
        outcome = entries[feed]["outcome"]
        alone = lobench.replay(feed, features=tmp_path / "alone.parquet")
        kept = pq.read_metadata(tmp_path / "alone.parquet").metadata
        assert outcome["anomalies"] == alone.anomalies
        assert outcome["feed_digest"] == kept[b"lobench.feed_digest"].decode()
        assert len(outcome["files"]) == 2
        ranges = []
        for file in outcome["files"]:
            found = pq.read_metadata(dataset / file["path"])
            assert found.num_rows == file["rows"]
            column = found.schema.names.index("instrument_id")
            statistics = [found.row_group(group).column(column).statistics for group in range(found.num_row_groups)]
            ranges.append((min(one.min for one in statistics), max(one.max for one in statistics)))
            assert sorted(file["symbols"]) == file["symbols"] != []
        assert ranges[0][1] < ranges[1][0], "statistics say which file holds an instrument"

    bad.unlink()
    write(tmp_path / "days/bad-20231116.dbn", header(), busy(2_000, 4).tobytes())
    before = stamps(dataset)
    again = answer(*words)
    assert (again["complete"], again["done_before"], len(again["tasks"])) == (True, 3, 1)
    assert before.items() <= stamps(dataset).items(), "no finished file is written again"
    expected = single([*feeds, str(bad)], depth=2)
    assert_same_rows(read(dataset), expected)
    read_everywhere(dataset, expected)

    assert answer(*words)["done_before"] == 4
    said = refused(2, *words, "--sample", "trade")
    assert "was begun with sample None" in said


@pytest.mark.normal
def test_a_small_dataset(feeds: list[str], tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    words = (
        "batch",
        *feeds[:2],
        "-o",
        dataset,
        "--columns",
        "mid_price,event_number",
        "--sample",
        "40e",
        "--scheduler",
        1,
    )
    assert answer(*words)["complete"]
    assert_same_rows(read(dataset), single(feeds[:2], columns="mid_price,event_number", sample="40e"))


@pytest.mark.normal
def test_a_plan_does_not_take_a_missing_file_for_an_empty_one(tmp_path: Path) -> None:
    day = write(tmp_path / "day.dbn", header(), busy(3_000).tobytes())
    done = command("batch", tmp_path / "gone.dbn", day, "-o", tmp_path / "rows", "--sample", "1s", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path / 'gone.dbn'}, of unknown size" in done.stdout
    assert f"{day}, 0.2 MiB" in done.stdout


@pytest.mark.normal
def test_refused_before_any_work(tmp_path: Path) -> None:
    assert "no file matches" in refused(2, "batch", tmp_path / "*.dbn", "-o", tmp_path / "d")
    assert "-o DATASET" in refused(2, "batch", "synth:liquid-future,n=10")
    words = ("batch", "synth:liquid-future,n=10", "-o", tmp_path / "d")
    assert "no scheduler answers" in refused(2, *words, "--scheduler", "nowhere")
    assert "'much' is not a size" in refused(2, *words, "--memory", "much")
