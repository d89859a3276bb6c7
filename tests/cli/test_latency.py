"""`lobench latency`: output, result and files, for variants and engines from outside."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

import lobench as api
from lobench.engine.errors import UsageError
from lobench.workbench.cli.calling import arguments_of
from lobench.workbench.experiment.steps import verification
from lobench.workbench.latency.histograms import decoded
from lobench.workbench.results import read
from tests.support.c_engines import FOREIGN, Build, building_in
from tests.support.command import answer, lobench, refused
from tests.support.dbn_files import header, records, write

pytestmark = [pytest.mark.normal, pytest.mark.xdist_group("latency")]

FEED = "synth:liquid-future,n=20000"
SHORT = ("--passes", "1", "--speeds", "1,16", "--variants", "p4 p7")
NAMES = ["p0_baseline", "p4_hash_lookup", "p7_cache_layout"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("latency")


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return building_in(tmp_path_factory.mktemp("engines"))


@pytest.fixture(scope="module")
def result(folder: Path) -> Path:
    """A result that a user keeps."""
    return folder / answer("latency", FEED, *SHORT, folder=folder)["result_file"]


def test_every_event_is_counted(result: Path) -> None:
    """The file keeps to its schema, and each histogram holds as many events as queue."""
    document = read(result)
    (feed,) = document.feeds
    found = feed.latency
    assert document.kind == "latency"
    assert document.status == "complete"
    assert found is not None
    assert found.events + found.opening == feed.events
    assert [entry.variant for entry in found.variants] == NAMES
    for entry in found.variants:
        assert [load.speed for load in entry.loads] == [1, 16]
        for load in entry.loads:
            assert load.response.count == decoded(load.response.hdr).get_total_count() == found.events
            assert load.response.p50 <= load.response.p99_9 <= load.response.max
        assert entry.replay > 0
        assert entry.probe > 0
        if entry.block == 1:
            assert entry.service is not None
            assert sum(times.count for times in entry.actions.values()) == entry.service.count == found.events
            assert [load.blocks for load in entry.loads] == [found.events] * 2
            # A response takes at least as long as the service.
            assert entry.loads[0].response.p50 >= entry.service.p50
            assert entry.loads[1].response.mean >= entry.loads[0].response.mean
        else:
            assert entry.service is None
            assert entry.costs[0].least == 1
            assert entry.loads[1].blocks <= entry.loads[0].blocks <= found.events
    assert [entry.block for entry in found.variants] == [1, 1, 4096]


def test_histogram_files_equal_the_result(result: Path) -> None:
    files = {path.name: path for path in (result.parent / "latency").rglob("*.hgrm")}
    assert {"p4_hash_lookup-service.hgrm", "p4_hash_lookup-response-16x.hgrm", "p7_cache_layout-response-1x.hgrm"} <= {
        *files
    }
    assert "p7_cache_layout-service.hgrm" not in files
    (feed,) = read(result).feeds
    assert feed.latency is not None
    text = files["p4_hash_lookup-service.hgrm"].read_text()
    assert f"TotalCount     = {feed.latency.events:12.3f}]" in text


def test_the_page_has_a_latency_section(result: Path) -> None:
    done = lobench("report", result)
    assert done.returncode == 0, done.stderr
    text = (result.parent / "report.md").read_text()
    assert "## Latency" in text
    assert "Response time that one event in a thousand exceeds" in text
    assert (result.parent / "charts" / "latency.svg").is_file()
    assert "p7_cache_layout" in text.partition("## Latency")[2]


def test_python_reads_it(result: Path) -> None:
    table = api.read_result(result).latency()
    assert table.column_names[:3] == ["variant", "speed", "utilization"]
    assert table["variant"].to_pylist() == [name for name in NAMES for _ in range(2)]


@pytest.mark.long
def test_a_person_sees_tables(folder: Path) -> None:
    done = lobench("latency", FEED, "--passes", "1", "--speeds", "1,4", "--variants", "p4", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "p99.9 within 100 µs" in " ".join(done.stdout.split())
    assert "replays agree to the last bit" in done.stdout
    assert "lobench report out/" in done.stdout


@pytest.mark.long
def test_several_feeds_make_several_tables(folder: Path) -> None:
    feeds = ("--feed", FEED, "--feed", "synth:every-rule,n=20000")
    done = lobench("latency", *feeds, "--passes", "1", "--variants", "p4", "--markdown", "-", folder=folder)
    assert done.returncode == 0, done.stderr
    tables = [part for part in done.stdout.split("\n\n") if part.startswith("|")]
    assert len(tables) == 2
    for table in tables:
        head, rule, *rows = table.strip().splitlines()
        assert len({line.count("|") for line in (head, rule, *rows)}) == 1
        assert [row.split("|")[1].strip() for row in rows] == ["p0_baseline", "p4_hash_lookup"]


@pytest.mark.long
def test_engines_from_outside(build: Build, folder: Path) -> None:
    """One behind the C ABI is called from compiled code, by one record and by blocks; one in Python from Python."""
    library, python = build("latent"), FOREIGN / "textbook.py"
    files = ("--variants-from", library, "--variants-from", python)
    asked = ("--variants", "latent textbook", "--passes", "1", "--speeds", "1", "--until", "book", *files)
    for block in (1, 64):
        content = answer("latency", "synth:every-rule,n=9000", *asked, "--block", block, folder=folder)
        (feed,) = content["feeds"]
        assert all(outcome["agrees"] for outcome in feed["verification"])
        found = {entry["variant"]: entry for entry in feed["latency"]["variants"]}
        assert {name: entry["block"] for name, entry in found.items()} == {
            "p0_baseline": 1,
            "latent": block,
            "textbook": block,
        }
        for entry in found.values():
            assert entry["loads"][0]["response"]["count"] == feed["latency"]["events"]


@pytest.mark.long
def test_engines_that_work_when_they_are_asked_have_no_figures(build: Build, folder: Path) -> None:
    """One does nothing before, one works every 64 records; beside them one that works at once, and one that leaves a
    thread."""
    ways = {
        "working": [],
        "later": ["LATER"],
        "dozens": ["LATER", "EVERY=64"],
        "threaded": ["LEAVES_A_THREAD", "MEASURED"],
    }
    files = [word for name, defines in ways.items() for word in ("--variants-from", build(name, *defines))]
    asked = ("--variants", " ".join(ways), "--passes", "1", "--speeds", "1", "--until", "book", *files, "--json")
    done = lobench("latency", "synth:every-rule,n=9000", *asked, folder=folder)
    assert done.returncode == 1, done.stderr
    (feed,) = json.loads(done.stdout)["feeds"]
    assert [entry["variant"] for entry in feed["latency"]["variants"]] == ["p0_baseline", "working"]
    refuted = {entry["name"]: entry["difference"] for entry in feed["verification"] if not entry["agrees"]}
    assert set(refuted) == {"later", "dozens", "threaded"}
    for name in ("later", "dozens"):
        assert refuted[name].startswith("when its calls were timed, it does ")
        assert refuted[name].endswith(" of its work only when it is asked for results")
    assert "it leaves threads running (1;" in refuted["threaded"]


@pytest.mark.parametrize(("verb", "place"), [("latency", 0), ("latency", 1), ("run", 0)])
def test_a_feed_without_times_is_refused_before_anything_is_verified(
    verb: str, place: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def verify(*_: Any, **__: Any) -> None:
        raise AssertionError("verified first")

    monkeypatch.setattr(verification, "verify_all", verify)
    made = records(300)
    made["ts_recv"] = made["ts_event"] = 0
    path = write(tmp_path / "timeless.dbn", header(), made.tobytes())
    feeds = [*["synth:every-rule,n=300"] * place, path]
    more: dict[str, Any] = {"feed": feeds} if verb == "latency" else {"latency": True}
    module = importlib.import_module(f"lobench.workbench.cli.{verb}")
    words = [path] if verb == "run" else []
    arguments = arguments_of(verb, words, variants="p4", output=str(tmp_path / "out"), **more)
    with pytest.raises(UsageError, match="records without ts_recv and ts_event: their arrival times are unknown"):
        module.conducted(arguments)
    assert not list(tmp_path.rglob("result.json"))


@pytest.mark.long
def test_a_run_shows_it_too(folder: Path) -> None:
    asked = ("--variants", "p4", "--until", "book", "--budget", "4", "--processes", "2", "--latency")
    done = lobench("run", "--quick", FEED, *asked, folder=folder)
    assert done.returncode == 0, done.stderr
    assert "response times at the market's own speed" in " ".join(done.stdout.split())
    (where,) = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("histograms")]
    names = {path.name for path in (folder / where).rglob("*.hgrm")}
    assert {"p4_hash_lookup-service.hgrm", "p0_baseline-response-16x.hgrm"} <= names


@pytest.mark.long
def test_python_writes_the_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    found = api.latency(FEED, variants="p4", speeds=[1], passes=1, output="called", progress=False)
    assert list(Path("called").rglob("p4_hash_lookup-service.hgrm"))
    assert found.latency().num_rows == 2


def test_wrong_arguments_are_refused(folder: Path) -> None:
    assert refused(2, "latency", FEED, "--block", "0").endswith("--block must be at least 1, was 0")
    assert refused(2, "latency", FEED, "--passes", "0").endswith("--passes must be at least 1, was 0")
    assert "--speeds takes positive numbers" in refused(2, "latency", FEED, "--speeds", "0")
    assert not list(folder.glob("none/*"))


@pytest.mark.long
def test_json_is_one_object(folder: Path) -> None:
    done = lobench("latency", FEED, *SHORT[:4], "--variants", "p4", "--json", folder=folder)
    assert json.loads(done.stdout)["feeds"][0]["latency"]["clock"] == "ts_recv"


def test_json_and_markdown_exclude_each_other() -> None:
    done = lobench("latency", FEED, "--markdown", "-", "--json")
    assert done.returncode == 2
    assert "--markdown - and --json both print to standard output" in done.stderr
