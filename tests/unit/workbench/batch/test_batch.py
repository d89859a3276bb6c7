"""The schedule of a batch: feeds, tasks, files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lobench
from lobench import _batch
from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.feeds import Chunk, Feed, load, open_feed
from lobench.engine.feeds.selection import SelectedFeed, Selection
from lobench.engine.records import MBO
from lobench.workbench.batch import driving, layout
from lobench.workbench.batch.cluster import connected, lanes, outcomes
from lobench.workbench.batch.feeds import BatchFeed, _expanded, find_feeds
from lobench.workbench.batch.layout import (
    check_symbols,
    day_of_feed,
    files_of,
    place_of_share,
    place_of_symbol,
    selected_symbols,
    shares_of,
)
from lobench.workbench.batch.manifest import Manifest
from lobench.workbench.batch.request import BatchRequest
from lobench.workbench.batch.schedule import Schedule, schedule_of, tasks_of
from lobench.workbench.batch.task import DONE, FAILED, TaskOutcome
from lobench.workbench.cli import _parser
from lobench.workbench.cli.batch import asked
from tests.support.dbn_files import header, records, write

pytestmark = pytest.mark.normal

REQUEST = BatchRequest(features=("mid_price",))
HOUR = 3_600 * 10**9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b-20240507.dbn", "a-20240506.dbn", "other.txt"):
        (tmp_path / name).write_bytes(b"DBN" + name.encode())
    return tmp_path


def test_feeds_by_name_glob_and_list(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    days = [(str(folder / name),) for name in ("a-20240506.dbn", "b-20240507.dbn")]
    assert [feed.words for feed in find_feeds(["*.dbn"], [], [])] == days
    assert [feed.words for feed in find_feeds(["b-20240507.dbn", "*.dbn"], [], [])] == days[::-1], "each once"
    (folder / "list").mkdir()
    lines = (
        "# two of one day\n../a-20240506.dbn ../other.txt --mapping=bitstamp\n\n../b*.dbn\nsynth:liquid-future,n=9\n"
    )
    (folder / "list/days.txt").write_text(lines)
    found = find_feeds([], ["list/days.txt"], ["--from=2024-05-06"])
    assert [feed.paths for feed in found] == [
        (str(folder / "a-20240506.dbn"), str(folder / "other.txt")),
        (str(folder / "b-20240507.dbn"),),
        ("synth:liquid-future,n=9",),
    ]
    assert [feed.words[-1] for feed in found] == ["--mapping=bitstamp", "--from=2024-05-06", "--from=2024-05-06"]
    assert [feed.size for feed in found] == [17 + 12, 17, 9 * 56]
    assert len({feed.stem for feed in found}) == 3
    assert found[1].stem.startswith("b-20240507-")


def test_settings_of_a_list_are_from_its_folder_and_count_as_content(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "list").mkdir()
    (folder / "list/days.txt").write_text("../a-20240506.dbn --symbol-file=names.csv\n")
    (folder / "names.csv").write_text("of another folder")
    names = folder / "list/names.csv"
    names.write_text("1,A\n")
    (before,) = find_feeds([], ["list/days.txt"], [])
    assert before.words[1] == f"--symbol-file={names}"
    names.write_text("1,B\n")
    (after,) = find_feeds([], ["list/days.txt"], [])
    assert after.words == before.words
    assert after.stamp != before.stamp


def test_a_query_of_an_address_is_no_glob() -> None:
    for address in ("https://host/day.dbn?signature=a", "http://host/day.dbn?x"):
        assert _expanded([address], "") == [[address]]


def test_a_full_disk_beside_the_manifest_ends_no_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = tasks_of([BatchFeed((name,), 1, "1") for name in "abc"], REQUEST, str(tmp_path), "c")
    manifest = Manifest(str(tmp_path), REQUEST)
    manifest.plan(tasks)
    monkeypatch.setattr(driving, "outcomes", lambda client, tasks: [(one, TaskOutcome(state=DONE)) for one in tasks])
    saves = iter([UsageError("no space left"), UsageError("no space left"), None])
    save = manifest.save

    def failing() -> None:
        if (problem := next(saves)) is not None:
            raise problem
        save()

    monkeypatch.setattr(manifest, "save", failing)
    said: list[str] = []
    found: dict[str, TaskOutcome] = {}
    driving._perform(None, schedule_of(tasks, 3, manifest), manifest, found, said.append)
    assert said == ["no space left; the batch continues"]
    assert list(found) == ["a", "b", "c"]
    again = Manifest(str(tmp_path), REQUEST)
    assert [again.is_done(task) for task in tasks] == [True, True, True], "the last one kept them all"


def test_each_run_marks_its_tasks_and_clears_its_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = tmp_path / "dataset"
    held: list[tuple[set[str], str]] = []

    def performs(client: object, schedule: Schedule, *rest: object) -> None:
        held.append(({task.run for task in schedule.tasks}, (dataset / "_lobench/run").read_text()))

    monkeypatch.setattr(driving, "_client", lambda *given: nullcontext())
    monkeypatch.setattr(driving, "_perform", performs)
    for _ in range(2):
        driving.run_batch([BatchFeed((name,), 1, "1") for name in "ab"], REQUEST, str(dataset))
    assert [runs for runs, _ in held] == [{now} for _, now in held]
    assert len({"", *(now for _, now in held)}) == 3
    assert (dataset / "_lobench/run").read_text() == ""


def test_rows_of_other_sources_are_counted(tmp_path: Path) -> None:
    tasks = tasks_of([BatchFeed((name,), 1, "1") for name in "abc"], REQUEST, str(tmp_path), "c")
    manifest = Manifest(str(tmp_path), REQUEST)
    for task, digest in zip(tasks, ("1", "2", "1"), strict=True):
        manifest.note(task, TaskOutcome(state=DONE, source_digest=digest))
    assert (manifest.of_other_sources("1"), manifest.of_other_sources("2")) == (1, 2)


def test_python_arguments_that_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="features=False writes only levels"):
        lobench.batch("synth:liquid-future,n=9", tmp_path / "d", features=False)
    with pytest.raises(UsageError, match="--memory applies to processes on this machine"):
        lobench.batch("synth:liquid-future,n=9", tmp_path / "d", scheduler="tcp://127.0.0.1:1", memory="1GB")


def test_a_list_of_symbols_from_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[BatchFeed] = []
    monkeypatch.setattr(_batch, "run_batch", lambda feeds, *more, **others: given.extend(feeds))
    lobench.batch("synth:liquid-future,n=9", tmp_path / "d", symbols=["AAPL", "MSFT"], instruments=[1, 2])
    assert given[0].words[1:] == ("--symbols=AAPL,MSFT", "--instruments=1,2")


def test_feeds_of_other_systems() -> None:
    import fsspec

    system = fsspec.filesystem("memory")
    for name in ("2.dbn", "1.dbn"):
        system.pipe(f"/days/{name}", b"DBN")
    found = find_feeds(["memory://days/*.dbn"], [], [])
    assert [(feed.paths, feed.size) for feed in found] == [
        (("memory:///days/1.dbn",), 3),
        (("memory:///days/2.dbn",), 3),
    ]
    assert find_feeds(["memory://days/none.dbn"], [], [])[0].size == 0, "its task will tell"


@pytest.mark.parametrize(
    ("names", "said"),
    [([], "no feed given"), (["none*.dbn"], "no file matches"), (["-"], "standard input")],
)
def test_feeds_that_there_are_not(names: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        find_feeds(names, [], [])


def test_a_list_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--feeds-from .*none: No such file"):
        find_feeds([], [str(tmp_path / "none")], [])
    (tmp_path / "list").write_text("--date=2024-05-06\n")
    with pytest.raises(UsageError, match="names no file"):
        find_feeds([], [str(tmp_path / "list")], [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"features": ()}, "nothing to write"),
        ({"depth": 101}, "--depth must be 1 to 100"),
        ({"compression": "gzip"}, "--compression is one of zstd, lz4, snappy, none"),
        ({"partition_by": "year"}, "--partition-by is one of date, symbol"),
        ({"files": 0}, "--files is a number"),
        ({"files": 1001}, "1 to 1000, was 1001"),
        ({"files": 3, "partition_by": "symbol"}, "symbols have one each"),
        ({"sample": "1x"}, "--sample takes a time"),
    ],
)
def test_requests_that_make_no_sense(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        BatchRequest(**({"features": ("mid_price",)} | arguments))


def test_features_and_depth_of_a_request(folder: Path) -> None:
    def request(*words: str) -> BatchRequest:
        return asked(_parser().parse_args(["batch", str(folder / "*.dbn"), "-o", "d", *words]))[1]

    assert len(request().features) == 24
    assert (request("--depth", "5").features, request("--depth", "5").depth) == ((), 5)
    assert len(request("--depth", "5", "--features").features) == 24
    assert request("--columns", "mid_price", "--depth", "5", "--sample", "1s") == BatchRequest(
        features=("mid_price",), depth=5, sample="1s"
    )
    assert request("--split-above", "2G").split == 2 * 2**30
    with pytest.raises(UsageError, match="-o DATASET"):
        asked(_parser().parse_args(["batch", str(folder / "*.dbn")]))


def feed_of(tmp_path: Path, counts: dict[int, int]) -> Feed:
    """Records of instruments, in turns as long as each has some."""
    made = records(sum(counts.values()))
    ids = [number for number, count in counts.items() for _ in range(count)]
    made["instrument_id"] = np.random.default_rng(0).permutation(ids)
    return load(open_feed([write(tmp_path / "feed.dbn", header(), made.tobytes())]))


@pytest.mark.parametrize("files", [1, 3, 8])
@pytest.mark.parametrize("parts", [1, 2, 20])
def test_shares_hold_each_instrument_once(tmp_path: Path, files: int, parts: int) -> None:
    feed = feed_of(tmp_path, {number: 10 + 90 * (number == 5) for number in range(1, 13)})
    request = BatchRequest(features=("mid_price",), files=files)
    shares = [shares_of(feed, request, part, parts) for part in range(parts)]
    assert len({share.starts for share in shares}) == 1
    assert list(shares[0].starts) == sorted(set(shares[0].starts))
    assert len(shares[0].starts) + 1 == min(max(files, parts), 12)
    bounds = [(share.first, share.stop) for share in shares]
    assert bounds[0][0] == 0
    assert bounds[-1][1] == len(shares[0].starts) + 1
    assert all(one[1] == other[0] for one, other in pairwise(bounds))
    seen = 0
    for share in shares:
        if share.first < share.stop:
            part = SelectedFeed(feed, Selection(keys=share.keys), {})
            numbers = {number for chunk in part for number in chunk.array()["instrument_id"].tolist()}
            assert all(share.first <= share.of(f"{number:010d}") < share.stop for number in numbers)
            seen += sum(chunk.count for chunk in part)
    assert seen == sum(chunk.count for chunk in feed)


def test_shares_are_as_even_as_the_instruments(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, dict.fromkeys(range(100, 164), 50))
    shares = shares_of(feed, REQUEST, 0, 1)
    assert len(shares.starts) + 1 == 4, "one file for 16 instruments"
    sizes = np.bincount([shares.of(f"{number:010d}") for number in range(100, 164)])
    assert sizes.max() - sizes.min() <= 2
    assert shares_of(feed_of(tmp_path, {}), REQUEST, 0, 1).starts == ()


def test_a_narrow_selection_is_not_read_to_its_end_for_shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_BEGINNING", 2_500)
    made = records(1_000)
    made["instrument_id"] = np.arange(1_000) % 50
    whole = load(open_feed([write(tmp_path / "feed.dbn", header(), made.tobytes())]))
    read: list[int] = []

    class Long:
        """A thousand times the same, an hour later each time."""

        name, expected, symbols, other_records = "long", None, dict[int, str](), dict[int, int]()

        def __iter__(self) -> Iterator[Chunk]:
            for hour in range(1_000):
                part = made.copy()
                part["ts_recv"] = hour * HOUR
                read.append(hour)
                yield Chunk(part.ctypes.data, MBO.itemsize, len(part), part)

    none = SelectedFeed(Long(), Selection(instruments=frozenset({99})), {})
    assert shares_of(none, REQUEST, 0, 1).starts == ()
    assert read == [0, 1, 2]
    read.clear()
    weights = layout._weights(SelectedFeed(Long(), Selection(start=5 * HOUR, instruments=frozenset({3, 49})), {}))
    assert read == [0, 1, 2, 3, 4, 5, 6, 7]
    # The selected half of the third chunk counts, too.
    assert weights == {f"{3:010d}": 1 + 50, f"{49:010d}": 1 + 50}
    assert len(layout._weights(whole)) == 50


def test_the_day_of_a_feed(tmp_path: Path) -> None:
    made = records(3)
    made["ts_event"] = 1_715_000_000 * 10**9
    path = write(tmp_path / "feed.dbn", header(), made.tobytes())
    named = write(tmp_path / "day-20240509.dbn", header(), made.tobytes())
    empty = write(tmp_path / "empty.dbn", header())
    assert str(day_of_feed([path], open_feed([path]))) == "2024-05-06"
    assert str(day_of_feed([named], open_feed([named]))) == "2024-05-09"
    words = [named, "--date=2024-05-10"]
    assert str(day_of_feed(words, open_feed(words))) == "2024-05-10"
    with pytest.raises(LobenchError, match=r"empty.dbn: holds no record"):
        day_of_feed([empty], open_feed([empty]))


def test_places(tmp_path: Path) -> None:
    feed = BatchFeed(("/days/ES 1.dbn.zst",))
    day = date(2024, 5, 6)
    share = place_of_share(str(tmp_path), day, feed, 3)
    assert share.relative_to(tmp_path).as_posix() == f"date=2024-05-06/ES_1-{feed.stem[-8:]}-003.parquet"
    symbol = place_of_symbol(str(tmp_path), day, feed, "A/B C")
    assert symbol.parent.name == "symbol=A%2FB%20C"
    for place in (share, symbol, share.with_name("other-00000000-000.parquet")):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    assert files_of(str(tmp_path), feed) == sorted([share, symbol])


def test_few_symbols_only() -> None:
    by_symbol = BatchRequest(features=("mid_price",), partition_by="symbol")
    check_symbols({number: f"S{number}" for number in range(100)}, by_symbol)
    many = {number: f"S{number}" for number in range(101)}
    check_symbols(many, REQUEST)
    with pytest.raises(LobenchError, match="101 symbols: --partition-by symbol allows 100 at most"):
        check_symbols(many, by_symbol)


def test_symbols_that_are_not_selected_do_not_count(tmp_path: Path) -> None:
    names = {number: f"S{number:03d}" for number in range(200)}
    feed = feed_of(tmp_path, {5: 10, 150: 10})
    some = SelectedFeed(feed, Selection(symbols=("S005", "S15?")), names)
    assert sorted(selected_symbols(some).values()) == ["S005", *(f"S15{digit}" for digit in range(10))]
    check_symbols(selected_symbols(some), BatchRequest(features=("mid_price",), partition_by="symbol"))
    assert shares_of(some, REQUEST, 0, 1).starts == (), "one file for 16 instruments"
    assert len(shares_of(SelectedFeed(feed, Selection(), names), REQUEST, 0, 1).starts) == 7


def test_a_task_whose_workers_ended_is_retried_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")

    class Future:
        def __init__(self, result: Any) -> None:
            self._result = result
            self.status = "error" if isinstance(result, Exception) else "finished"

        def exception(self) -> Any:
            return self._result

        def result(self) -> Any:
            if isinstance(self._result, Exception):
                raise self._result
            return self._result

        def release(self) -> None: ...

    killed, done = distributed.KilledWorker("task", None, 3), TaskOutcome(state=DONE)
    results = {("a", False): done, ("b", False): killed, ("c", False): killed, ("b", True): done, ("c", True): killed}

    class Client:
        status, loop = "closed", None

        def submit(self, work: Any, task: Any, key: str, **more: Any) -> Future:
            keys.append(key)
            return Future(results[task.feed.words[0], "again" in key])

    keys: list[str] = []
    monkeypatch.setattr(distributed, "as_completed", lambda futures, loop: iter(futures))
    tasks = tasks_of([BatchFeed((name,)) for name in "abc"], REQUEST, "d", "c")
    found = [(task.name, one.state, one.error) for task, one in outcomes(Client(), tasks)]
    gone = "its workers ended, 4 times (out of memory?)"
    assert found == [("a", DONE, None), ("b", DONE, None), ("c", FAILED, gone)]
    assert len(set(keys)) == 5
    list(outcomes(Client(), tasks))
    assert len(set(keys)) == 10, "no other batch on the same scheduler has one of them"


def test_tasks_are_ordered_by_size_and_large_feeds_are_split(tmp_path: Path) -> None:
    feeds = [BatchFeed((name,), size) for name, size in (("small", 10), ("large", 250), ("middle", 100))]
    request = BatchRequest(features=("mid_price",), split=100)
    tasks = tasks_of(feeds, request, str(tmp_path), "c")
    assert [task.name for task in tasks] == ["middle", *(f"large (part {part} of 3)" for part in (1, 2, 3)), "small"]
    assert len({task.key for task in tasks}) == 5
    timed = BatchRequest(features=("mid_price",), split=100, sample="1s")
    assert len(tasks_of(feeds, timed, str(tmp_path), "c")) == 3, "a sample by time looks at the whole feed's clock"


def test_processes_of_this_machine() -> None:
    assert lanes(None) == len(os.sched_getaffinity(0))
    assert (lanes("3"), lanes("tcp://host:8786")) == (3, None)
    with pytest.raises(UsageError, match="number of processes, was 0"):
        lanes("0")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"lobench\[cluster\]"), connected("1"):
        pass
