"""Conversions of real files equal the vendor's own: every field of every row."""

from __future__ import annotations

import csv
import os
import warnings
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import databento
import pytest

from lobench.engine.feeds import load, open_feed
from lobench.workbench.converting.convert import convert
from lobench.workbench.converting.schemas import SCHEMAS

FOLDER = os.environ.get("LOBENCH_REAL_DATA")
pytestmark = [
    pytest.mark.normal,
    pytest.mark.skipif(not FOLDER, reason="LOBENCH_REAL_DATA does not name the folder of real data"),
]
DATA = Path(FOLDER or "")
ARL = DATA / "xnas_arl"
ESH4 = DATA / "glbx_es" / "esh4-glbx-mdp3-20231225.mbo.dbn.zst"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def same(field: str, ours: str, theirs: str) -> bool:
    """Prices are written with and without the zeros at their end."""
    if ours and theirs and (field == "price" or "_px_" in field):
        return Decimal(ours) == Decimal(theirs)
    return ours == theirs


def test_the_vendors_csv_of_a_day_is_read() -> None:
    feed = open_feed([str(ARL / "mbo.csv")])
    found = load(feed)
    assert found.count == 5886
    assert found.symbols == {1108: "ARL"}
    theirs = rows(ARL / "mbo.csv")
    for name in ("order_id", "size", "flags", "sequence", "ts_in_delta"):
        assert found.records[name].tolist() == [int(row[name]) for row in theirs]


@pytest.mark.parametrize("ending", [".csv", ".dbn"])
def test_every_field_of_mbp_10_is_the_vendors(tmp_path: Path, ending: str) -> None:
    """Their file was published with ``ts_event`` in the place of ``ts_recv``."""
    path = tmp_path / f"mbp-10{ending}"
    assert convert(open_feed([str(ARL / "mbo.csv")]), str(path), SCHEMAS["mbp-10"]) == 3928
    if ending == ".dbn":
        databento.DBNStore.from_bytes(path.read_bytes()).to_csv(tmp_path / "mbp-10.csv")
    ours, theirs = rows(tmp_path / "mbp-10.csv"), rows(ARL / "mbp-10.csv")
    assert len(ours) == len(theirs)
    fields = [name for name in ours[0] if name != "ts_recv"]
    assert len(fields) == 73
    wrong = [
        (number, name, one[name], other[name])
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True))
        for name in fields
        if not same(name, one[name], other[name])
    ]
    assert wrong == []


def test_mbp_1_and_bbo_are_the_best_of_mbp_10(tmp_path: Path) -> None:
    for name in ("mbp-1", "bbo-1s"):
        convert(open_feed([str(ARL / "mbo.csv")]), str(tmp_path / f"{name}.csv"), SCHEMAS[name])
    quote = [f"{side}_{kind}_00" for side in ("bid", "ask") for kind in ("px", "sz", "ct")]
    best = rows(tmp_path / "mbp-1.csv")
    all_rows = rows(ARL / "mbp-10.csv")
    expected = all_rows[:1] + [
        row
        for before, row in pairwise(all_rows)
        if row["action"] == "T" or [row[name] for name in quote] != [before[name] for name in quote]
    ]
    assert [row["sequence"] for row in best] == [row["sequence"] for row in expected]
    for one, other in zip(best, expected, strict=True):
        assert all(same(name, one[name], other[name]) for name in quote)
    last = {row["ts_recv"][:19]: row for row in best}
    bbo = rows(tmp_path / "bbo-1s.csv")
    assert len(bbo) == len(last)
    for one, other in zip(bbo, last.values(), strict=True):
        assert [one[name] for name in quote] == [other[name] for name in quote]


@pytest.mark.parametrize("ending", [".csv", ".csv.zst", ".csv.gz", ".parquet", ".dbn"])
def test_a_day_of_es_comes_back(tmp_path: Path, ending: str) -> None:
    feed = load(open_feed([str(ESH4)]))
    path = str(tmp_path / f"es{ending}")
    convert(feed, path, SCHEMAS["mbo"])
    again = load(open_feed([path]))
    assert again.digest == feed.digest
    assert again.symbols == {17077: "ESH4"}


def test_the_vendors_parquet_is_read(tmp_path: Path) -> None:
    store = databento.DBNStore.from_bytes(ESH4.read_bytes())
    expected = load(open_feed([str(ESH4)])).digest
    every: tuple[dict[str, Any], ...] = ({}, {"price_type": "fixed", "pretty_ts": False})
    for number, options in enumerate(every):
        path = tmp_path / f"{number}.parquet"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            store.to_parquet(path, **options)
        assert load(open_feed([str(path)])).digest == expected
