"""The selection of a part of a feed, and the names of its instruments."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from lobench.engine.errors import UsageError
from lobench.engine.feeds import load, open_feed
from lobench.engine.feeds.instruments import IdSet
from lobench.engine.feeds.selection import SelectedFeed, Selection, read_names
from lobench.engine.feeds.settings import absolute, split
from tests.support.feeds import content
from tests.support.tables import feed_of, plausible, rows, table, write

NAMES = {1: "ESH4", 2: "ESM4", 3: "NQH4", 1 << 30: "FAR"}


def made(count: int = 400) -> np.ndarray:
    found = plausible(count)
    found["instrument_id"] = np.random.default_rng(3).choice([1, 2, 3, 4, 1 << 30], count)
    return found


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--symbols=ES*"], {1, 2}),
        (["--symbols=ESH4,F?R"], {1, 1 << 30}),
        (["--instruments=4"], {4}),
        (["--symbols=NQ*", "--instruments=4,1073741824"], {3, 4, 1 << 30}),
    ],
)
def test_instruments_are_selected_by_name_and_id(words: list[str], wanted: set[int]) -> None:
    given = made()
    selection = split(["a", *words])[1].selection
    feed = SelectedFeed(feed_of(given, NAMES), selection, {})
    expected = given[np.isin(given["instrument_id"], [*wanted])]
    assert content(feed) == expected.tobytes()
    assert content(feed) == expected.tobytes(), "selected again"


def test_times_are_as_received_from_included_to_excluded() -> None:
    given = made(5)
    given["ts_recv"] = [10, 20, 30, 2**64 - 1, 40]
    given["ts_event"] = [0, 0, 0, 20, 25]
    feed = SelectedFeed(feed_of(given, NAMES), Selection(start=20, stop=40), {})
    assert load(feed).records["ts_event"].tolist() == [0, 0, 20]


def test_an_empty_selection_lists_the_instruments() -> None:
    feed = SelectedFeed(feed_of(made(), NAMES), Selection(symbols=("CL*",)), {})
    with pytest.raises(UsageError, match="no record matches; its instruments are ESH4, ESM4, FAR, NQH4"):
        content(feed)


@pytest.mark.normal
def test_names_come_from_a_file(tmp_path: Path) -> None:
    given = write(tmp_path / "a.csv", table(*rows(3)))
    by_table = write(tmp_path / "names.csv", b"symbol,instrument_id\nXYZ,7\n")
    feed = open_feed([given, f"--symbol-file={by_table}", "--symbols=X*"])
    assert load(feed).count == 3
    assert load(feed).symbols == {7: "XYZ"}
    intervals = [{"d0": "2024-01-02", "d1": "2024-01-03", "s": "7"}, {"d0": "2024-01-03", "d1": "2024-01-04", "s": ""}]
    by_json = {"result": {"OLD": [{"d0": "2023-01-02", "d1": "2023-01-03", "s": "7"}], "NEW": intervals}}
    assert read_names(write(tmp_path / "symbology.json", json.dumps(by_json).encode())) == {7: "NEW"}
    for bad in (b"", b"a,b\n1,2\n", b"instrument_id,symbol\nx,y\n", b"{}", b"\xff", b"instrument_id,symbol\n7,\n"):
        with pytest.raises(UsageError, match="--symbol-file"):
            read_names(write(tmp_path / "bad", bad))
    with pytest.raises(UsageError, match="No such file"):
        read_names(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("2024-05-08", 1_715_126_400 * 10**9),
        ("2024-05-08T13:30", 1_715_175_000 * 10**9),
        ("2024-05-08T13:30:00.5Z", 1_715_175_000 * 10**9 + 5 * 10**8),
        ("2024-05-08 15:30:00.000000001+02:00", 1_715_175_000 * 10**9 + 1),
        ("17", 17),
    ],
)
def test_times_as_users_write_them(text: str, nanoseconds: int) -> None:
    assert split(["a", f"--from={text}"])[1].selection.start == nanoseconds


@pytest.mark.parametrize(
    "word",
    ["--from=x", "--to=2024-13-01", "--to=1969-12-31", "--instruments=ES", "--symbols=a,,b", "--from=", "--no=1"],
)
def test_impossible_settings_are_refused(word: str) -> None:
    with pytest.raises(UsageError):
        split(["a", word])
    with pytest.raises(UsageError, match="is not before"):
        split(["a", "--from=5", "--to=5"])


def test_settings_without_a_feed_are_refused() -> None:
    with pytest.raises(UsageError, match="no feed given"):
        open_feed(["--symbols=ES*"])


def test_words_for_another_folder(tmp_path: Path) -> None:
    mapping = write(tmp_path / "m.toml", b"")
    where = os.path.relpath(mapping)
    assert absolute(f"--mapping={where}") == f"--mapping={mapping}"
    assert absolute("--mapping=bitstamp") == "--mapping=bitstamp"
    assert absolute("--from=5") == "--from=5"
    assert absolute("a.csv") == os.path.abspath("a.csv")
    assert absolute("synth:liquid-future") == "synth:liquid-future"


def test_id_sets_hold_what_was_added() -> None:
    ids = np.random.default_rng(5).integers(0, 2**32, 500, np.uint32) >> np.arange(500, dtype=np.uint32) % 30
    known = IdSet()
    new = known.first_of_new(ids)
    assert sorted(ids[new].tolist()) == sorted(set(ids.tolist()))
    assert known.holds(ids).all()
    assert len(known.first_of_new(ids)) == 0
    others = np.setdiff1d(np.arange(2**31, 2**31 + 50, dtype=np.uint32), ids)
    assert not known.holds(others).any()
