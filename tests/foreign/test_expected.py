"""The expectations that an engine gets at creation for a feed in memory: most orders at a time, and instruments."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lobench.engine.errors import LobenchError
from lobench.engine.feeds import load, open_feed
from lobench.engine.feeds.most_orders import most_orders
from lobench.engine.records import F_TOB, MBO
from lobench.engine.workload import Workload
from lobench.variants import load_file
from lobench.workbench.measurement import process
from lobench.workbench.measurement.protocol import SessionMessage
from lobench.workbench.measurement.shared_feed import shared
from lobench.workbench.measurement.task import Task
from lobench.workbench.profile.beginning import keep, kept
from lobench.workbench.profile.kept import About
from lobench.workbench.profile.runner import TARGET, run, target
from lobench.workbench.profile.task import Task as Profiled
from tests.foreign import textbook
from tests.support.command import lobench
from tests.support.tables import feed_of

pytestmark = pytest.mark.xdist_group("foreign")

_TELLS = """
class ENGINE(Engine):
    def __init__(self, options):
        super().__init__(options)
        self.told = options.expected_orders, options.expected_instruments

    def apply(self, records):
        # It is started once without a feed.
        if len(records) and self.told != ({orders}, {instruments}):
            raise ValueError(f"expected {{self.told}}")
        super().apply(records)
"""


@pytest.mark.fast
def test_orders_at_a_time_are_adds_less_cancels() -> None:
    made = np.zeros(6, MBO)
    made["action"] = [ord(action) for action in "RAACAT"]
    made["instrument_id"] = [7, 7, 7, 7, 9, 7]
    feed = feed_of(made)
    assert (feed.most_orders, feed.instruments) == (2, 2)


@pytest.mark.fast
def test_a_clear_takes_the_orders_of_its_book_alone() -> None:
    made = np.zeros(12, MBO)
    made["action"] = [ord(action) for action in "AAACRACCRAAA"]
    made["instrument_id"] = [7, 7, 9, 7, 7, 7, 7, 7, 7, 7, 7, 7]
    made["publisher_id"] = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]
    # The first clear takes one order; the second undoes one cancel too many. At the end there are one order of 9, two
    # of the cleared book, and one of another publisher.
    assert feed_of(made).most_orders == 4
    made["flags"][-1] = F_TOB
    assert feed_of(made).most_orders == 3
    made["publisher_id"][8] = 2
    assert feed_of(made).most_orders == 3


@pytest.mark.fast
@pytest.mark.parametrize("seed", range(20))
def test_expected_orders_book_by_book(seed: int) -> None:
    random = np.random.default_rng(seed)
    made = np.zeros(300, MBO)
    made["action"] = random.choice([ord(action) for action in "ACRT"], 300, p=[0.5, 0.3, 0.1, 0.1])
    made["instrument_id"] = random.integers(1, 4, 300)
    made["publisher_id"] = random.integers(1, 3, 300)
    resting: Counter[tuple[int, int]] = Counter()
    most = 0
    for record in made:
        book = int(record["instrument_id"]), int(record["publisher_id"])
        if record["action"] == ord("R"):
            resting[book] = 0
        else:
            resting[book] += {ord("A"): 1, ord("C"): -1}.get(int(record["action"]), 0)
        most = max(most, sum(resting.values()))
    assert feed_of(made).most_orders == most
    for chunk in (1, 7, 100):
        assert most_orders(made, chunk) == most


@pytest.mark.fast
def test_a_measuring_process_knows_the_expected_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = load(open_feed(["synth:every-rule,n=2000"]))
    tasks: list[Task] = []

    def said(started: process.Started, *rest: Any) -> Any:
        tasks.append(started.task)
        yield b"{}"

    monkeypatch.setattr(process.Started, "said", said)
    with shared(feed) as handed:
        task = Task(job="session", variants=["p0"], workload=Workload(), tried=[])
        assert list(process.messages(task, SessionMessage, handed)) == [SessionMessage()]
    (task,) = tasks
    assert task.workload == Workload(orders=feed.most_orders, instruments=feed.instruments)
    assert feed.most_orders > 100
    assert Task.of(task.as_json()) == task


@pytest.mark.long
def test_a_verified_engine_gets_the_expected_sizes(tmp_path: Path) -> None:
    source = "synth:every-rule,n=2000"
    feed = load(open_feed([source]))
    for orders, agrees in ((feed.most_orders, True), (feed.most_orders + 1, False)):
        engine = tmp_path / f"engine_{orders}.py"
        tells = _TELLS.format(orders=orders, instruments=feed.instruments)
        engine.write_text(Path(textbook.__file__).read_text(encoding="utf-8") + tells, encoding="utf-8")
        done = lobench("verify", source, "--variants", "p4", "--variants-from", engine, "--json", folder=tmp_path)
        assert json.loads(done.stdout)["agree"] is agrees, done.stderr


@pytest.mark.parametrize("wrong", [0, 1])
def test_a_profiled_engine_gets_the_expected_sizes(tmp_path: Path, wrong: int) -> None:
    source = "synth:every-rule,n=2000"
    feed = load(open_feed([source]))
    path = tmp_path / "engine.py"
    tells = _TELLS.format(orders=feed.most_orders + wrong, instruments=feed.instruments)
    path.write_text(Path(textbook.__file__).read_text(encoding="utf-8") + tells, encoding="utf-8")
    task = Profiled.of(load_file(str(path)), [source], Workload(files=(str(path),)), warm=0, records=2000, seconds=0.0)
    task.write(tmp_path)
    with pytest.raises(LobenchError, match="expected") if wrong else nullcontext():
        run(target(TARGET), tmp_path, "said", 300)


@pytest.mark.fast
def test_a_kept_feed_tells_the_expected_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    feed = load(open_feed(["synth:every-rule,n=2000"]))
    keep(feed)
    assert About.read() == About(feed.name, feed.most_orders, feed.instruments)
    assert kept().most_orders == feed.most_orders > 100
