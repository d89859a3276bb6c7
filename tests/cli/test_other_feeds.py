"""Commands with a FEED accept tables, ITCH and LOBSTER as well as DBN."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lobench.engine.feeds import load, open_feed
from lobench.engine.feeds.dates import midnight, parse_date
from lobench.workbench.converting.convert import convert
from lobench.workbench.converting.schemas import SCHEMAS
from tests.support.command import answer, lobench
from tests.support.equities import events_of
from tests.support.itch_files import framed, messages_of
from tests.support.typed import read

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("other-feeds")]

DAY = "2024-01-02"
PAIR = ("--variants", "p3_indexed_features p4_hash_lookup")
COUNT = 20_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One venue's records as ITCH, CSV and Parquet, by ending."""
    folder = tmp_path_factory.mktemp("feeds")
    records = load(open_feed([f"synth:equity-universe,n={COUNT}"])).records
    venue = records[records["publisher_id"] == 2][:10_000]
    while chr(venue["action"][-1]) in "TF" or not venue["flags"][-1] & 2:
        venue = venue[:-1]
    itch = folder / f"{DAY}.itch"
    itch.write_bytes(framed(*messages_of(events_of(venue), midnight(parse_date(DAY)))))
    paths = {"itch": str(itch), "csv": str(folder / "day.csv"), "parquet": str(folder / "day.parquet")}
    for ending in ("csv", "parquet"):
        convert(open_feed([paths["itch"]]), paths[ending], SCHEMAS["mbo"])
    return paths


def test_measure(files: dict[str, str], tmp_path: Path) -> None:
    """The three files hold the same records."""
    words = [word for path in files.values() for word in ("--feed", path)]
    answer("measure", *words, *PAIR, "--budget", "6s", "--processes", 2, "-o", tmp_path)
    (path,) = tmp_path.glob("*/result.json")
    result = read(path)
    assert result["status"] == "complete"
    assert [feed["specs"] for feed in result["feeds"]] == [[path] for path in files.values()]
    assert len({feed["digest"] for feed in result["feeds"]}) == 1
    assert all(feed["session"]["complete"] for feed in result["feeds"])


def test_run(files: dict[str, str], tmp_path: Path) -> None:
    words = ("--quick", "--budget", "6", "--processes", "2", "--json")
    done = lobench("run", files["parquet"], *PAIR, *words, "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("*/result.json")
    result = read(path)
    assert (result["kind"], result["status"]) == ("run", "complete")
    assert [feed["specs"] for feed in result["feeds"]] == [[files["parquet"]]]


def test_tune(files: dict[str, str], tmp_path: Path) -> None:
    done = lobench("tune", files["itch"], "--budget", "4s", "--json", LOBENCH_TUNING_DIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    told: Any = json.loads(done.stdout)
    assert Path(told["tuning_file"]).is_file()
    assert told["feed"]["digest"] == load(open_feed([files["itch"]])).digest


def test_profile(files: dict[str, str], tmp_path: Path) -> None:
    words = ("--with", "callgrind", "--warm", "2048", "--records", "2048", "--json")
    done = lobench("profile", "p4_hash_lookup", files["csv"], *words, "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    told: Any = json.loads(done.stdout)
    assert "callgrind" in told["methods"]


@pytest.mark.parametrize("kind", ["itch", "csv", "parquet"])
def test_latency(files: dict[str, str], tmp_path: Path, kind: str) -> None:
    done = lobench("latency", files[kind], *PAIR, "--json", "-o", tmp_path)
    assert done.returncode == 0, done.stderr
