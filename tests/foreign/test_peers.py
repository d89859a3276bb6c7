"""scripts/peers: the adapters' input and the page, without any library installed; and the whole script, with them."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lobench.engine.feeds import open_feed
from lobench.engine.foreign.engine import of_class
from lobench.engine.oracle import Oracle
from lobench.engine.records import MBO
from tests.foreign.beside_oracle import Records, books_of_oracle, check, feed
from tests.support.paths import ROOT

PEERS = ROOT / "examples" / "peers"
OWN = [file.stem for file in PEERS.glob("*.py")]


@pytest.fixture(autouse=True)
def _beside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Modules of examples/peers are imported by their own names, and forgotten."""
    before = {name: sys.modules.pop(name, None) for name in OWN}
    monkeypatch.syspath_prepend(PEERS)
    yield
    for name, module in before.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


def module(name: str) -> Any:
    return importlib.import_module(name)


DIFFERENCE = "first difference: event 7 (books)\n  action 'A'\n  bids, best first, from level 1:\n    before -"


def outcome(**changed: Any) -> Any:
    page = module("page")
    rules = [
        {"rule": "cancel-part", "says": "A part.", "status": "holds"},
        {"rule": "crossed-book", "says": "Kept.", "status": "fails"},
        {"rule": "mid-price", "says": "Half.", "status": "not offered"},
    ]
    counts = {"holds": 1, "fails": 1, "left out": 0, "not offered": 1}
    rows = [
        page.Row("itchcpp", (4e6, 3.9e6, 4.1e6), (5.0, 4.8, 5.2), (0.251, 0.2, 0.3), "BBO; offers no levels"),
        page.Row("p7_cache_layout", (20e6, 19e6, 21e6), None),
        page.Row("meatpy", (5e4, 4e4, 6e4), (400.0, 390.0, 410.0), (-0.01, -0.02, 0.01), "levels and queues"),
    ]
    given = {
        "machine": "A machine.",
        "command": "scripts/peers",
        "versions": {"itchcpp": "1.6.4", "meatpy": "0.5.0"},
        "missing": {"itch-book": "no matching distribution"},
        "conformance": {"peer_itchcpp": {"counts": counts, "rules": rules}, "peer_meatpy": "it does not start"},
        "feeds": [page.Feed("synth:a", 1000, 2, 3, rows, {"hftbacktest": DIFFERENCE})],
    }
    return page.Outcome(**given | changed)


@pytest.mark.fast
class TestPage:
    def test_engines_stand_from_the_fastest_down_with_their_intervals(self) -> None:
        lines = module("page").page(outcome()).splitlines()
        table = [line for line in lines if line.startswith("| ") and "M events/s" not in line][:3]
        assert table == [
            "| p7_cache_layout | 20 | 19 to 21 | 1 |  |  | all |",
            "| itchcpp | 4 | 3.9 to 4.1 | 5x | 4.8 to 5.2 | 25% (20% to 30%) | BBO; offers no levels |",
            "| meatpy | 0.05 | 0.04 to 0.06 | 400x | 390 to 410 | 0% (0% to 1%) | levels and queues |",
        ]

    def test_a_failed_verification_is_on_the_page(self) -> None:
        written = module("page").page(outcome())
        assert "- hftbacktest: first difference: event 7 (books) action 'A' (the books after it differ)\n" in written

    def test_rules_judged_for_no_peer_are_left_out(self) -> None:
        text = module("page").page(outcome())
        assert "| `cancel-part` | A part. | holds |" in text
        assert "| `crossed-book` | Kept. | **fails** |" in text
        assert "mid-price" not in text
        assert "meatpy could not be judged: it does not start" in text

    def test_packages_that_were_not_installed_or_fed_have_a_reason(self) -> None:
        text = module("page").page(outcome())
        assert "- `itch-book` could not be installed: no matching distribution" in text
        for package, reason in module("peers").NOT_FED.items():
            assert f"- `{package}`: {reason}." in text

    def test_only_installed_packages_are_described(self) -> None:
        text = module("page").page(outcome())
        assert "**itchcpp 1.6.4**" in text
        assert "**nautilus_trader" not in text


@pytest.mark.fast
def test_every_peer_has_its_files_and_a_pinned_version() -> None:
    pinned = (ROOT / "scripts/peers-constraints.txt").read_text().lower().replace("_", "-")
    for peer in module("peers").PEERS:
        assert all((PEERS / file).is_file() for file in peer.files)
        assert f"\n{peer.package.replace('_', '-')}==" in "\n" + pinned


@pytest.mark.fast
def test_an_adapter_that_prepares_twice_feeds_once() -> None:
    done: list[str] = []

    def prepare(records: Any) -> Any:
        done.append("prepare")
        return records

    adapter: Any = module("adapter").Adapter

    class Twice(adapter):
        rounds = 2

        def preparer(self) -> Any:
            done.append("preparer")
            return prepare

        def feed(self, prepared: Any) -> None:
            done.append(f"feed {prepared}")

    Twice(None).apply("all")
    assert done == ["preparer", "preparer", "prepare", "prepare", "feed all"]


def engine_of_changes() -> Any:
    """Books made of changes alone, by a library as plain as can be: a dictionary of orders for each book."""
    adapter, changes = module("adapter"), module("changes")
    base: Any = adapter.Adapter

    class Engine(base):
        offers = "levels"
        rounds = 2

        def __init__(self, options: Any) -> None:
            super().__init__(options)
            self.books: dict[int, dict[int, tuple[str, int, int]]] = {}

        def preparer(self) -> Any:
            return changes.Preparer()

        def feed(self, prepared: Any) -> None:
            for book, first, stop in prepared.runs:
                orders = self.books.setdefault(book, {})
                for row in prepared.rows[first:stop]:
                    assert row["book"] == book
                    order_id = int(row["order_id"])
                    if row["action"] == changes.CLEAR:
                        orders.clear()
                    elif row["action"] == changes.DELETE:
                        del orders[order_id]
                    else:
                        assert (order_id in orders) == (row["action"] == changes.UPDATE)
                        orders[order_id] = chr(row["side"]), int(row["price"]), int(row["size"])

        def levels(
            self, instrument_id: int, publisher_id: int, side: str, first: int, n: int
        ) -> list[tuple[int, int, int]]:
            number = self._preparers[-1].number(adapter.book_key(instrument_id, publisher_id))
            found: dict[int, tuple[int, int, int]] = {}
            for of, price, size in self.books.get(number, {}).values():
                if of == side:
                    _, total, count = found.get(price, (price, 0, 0))
                    found[price] = price, total + size, count + 1
            return [found[price] for price in sorted(found, reverse=side == "B")][first : first + n]

    return of_class(Engine, "changes_engine.py", b"")


@pytest.mark.normal
@pytest.mark.parametrize(
    "spec", [pytest.param("synth:liquid-future,n=6000", marks=pytest.mark.long), "synth:equity-universe,n=6000"]
)
def test_changes_of_single_orders_make_the_oracles_levels(spec: str) -> None:
    check(engine_of_changes(), feed(spec))


@pytest.mark.normal
def test_books_and_orders_outgrow_their_first_tables() -> None:
    """3,000 books of one order each, cleared one by one, with ids that are the same in all."""
    records = np.zeros(9000, MBO)
    records["instrument_id"] = np.tile(np.arange(3000), 3)
    records["action"] = np.repeat([ord(action) for action in "ARC"], 3000)
    records["side"], records["order_id"], records["price"], records["size"] = ord("B"), 7, 10**9, 5
    changes = module("changes")
    prepare = changes.Preparer()
    for part, action in zip(np.split(records, 3), (changes.ADD, changes.CLEAR, None), strict=True):
        rows, runs = prepare(part)
        assert [rows[first]["action"] for _, first, _ in runs] == ([] if action is None else [action] * 3000)
    assert prepare.number(module("adapter").book_key(2999, 0)) == 2999
    assert prepare.number(module("adapter").book_key(3000, 0)) == -1


def sides(records: Records) -> list[Any]:
    """Levels of every book after a replay by the oracle."""
    oracle = Oracle("last")
    oracle.apply(records)
    keys = sorted(set(records[["instrument_id", "publisher_id"]].tolist()))
    return [
        [level[:3] for level in books_of_oracle(oracle, instrument, publisher, queues=False)]
        for instrument, publisher in keys
    ]


@pytest.mark.normal
@pytest.mark.parametrize(
    "spec", [pytest.param("synth:liquid-future,n=5000", marks=pytest.mark.long), "synth:equity-universe,n=5000"]
)
def test_itch_messages_make_the_same_levels(spec: str, tmp_path: Path) -> None:
    """Read again by lobench's own reader of ITCH."""
    records = feed(spec)
    prepare = module("itch_messages").Preparer()
    made: dict[int, bytes] = defaultdict(bytes)
    for part in np.array_split(records, 7):
        for publisher_id, messages in prepare(part):
            made[publisher_id] += messages
    again = np.concatenate([_read(tmp_path / "made.itch", prepare, *one) for one in made.items()])
    assert sides(again) == sides(records)


def _read(file: Path, prepare: Any, publisher_id: int, messages: bytes) -> Records:
    """The records of one publisher's messages, with instrument and publisher as they were."""
    file.write_bytes(messages)
    records = np.concatenate([chunk.array().copy() for chunk in open_feed([str(file), "--date=2019-01-30"])])
    instruments = {locate: number for number, locate in prepare.venues[publisher_id].locates.items()}
    records["instrument_id"] = [instruments[locate] for locate in records["instrument_id"].tolist()]
    records["publisher_id"] = publisher_id
    return records


@pytest.mark.normal
@pytest.mark.parametrize(
    "price", [-100_000, *(pytest.param(other, marks=pytest.mark.long) for other in (99_999, 2**32 * 100_000))]
)
def test_prices_without_a_form_in_itch_are_refused(price: int) -> None:
    records = np.zeros(1, MBO)
    records["action"], records["side"], records["price"], records["size"] = ord("A"), ord("B"), price, 1
    with pytest.raises(ValueError, match="no form in ITCH"):
        module("itch_messages").Preparer()(records)


@pytest.mark.long
def test_script_installs_measures_and_writes_the_page(tmp_path: Path) -> None:
    words = ["--feed", "synth:liquid-future,n=20000", "--budget", "60s", "--processes", "2"]
    words += ["-o", str(tmp_path / "results"), "--page", str(tmp_path / "peers.md")]
    done = subprocess.run([ROOT / "scripts/peers", *words], capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "peers.md").read_text()
    installed = json.loads((tmp_path / "results/installed.json").read_text())
    measured, rest = text.split("## Rules that hold")
    for peer in module("peers").PEERS:
        if peer.package in installed["missing"]:
            assert f"`{peer.package}` could not be installed" in rest
        else:
            assert f"| {peer.package} | " in measured or f"- {peer.package}: " in measured
