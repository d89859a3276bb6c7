"""Feeds written as DBN, CSV and Parquet, and read again by lobench and by the vendor's own library."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import databento
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lobench.engine.errors import FeedError, LobenchError, UsageError
from lobench.engine.feeds import open_feed
from lobench.workbench.cli import main
from lobench.workbench.converting.convert import convert
from lobench.workbench.converting.intervals import last_of_intervals
from lobench.workbench.converting.schemas import NAMES, SCHEMAS, schema_of
from tests.support.feeds import content
from tests.support.tables import feed_of, plausible, rows, table, write

pytestmark = pytest.mark.normal

ENDINGS = (".dbn", ".dbn.zst", ".csv", ".csv.zst", ".csv.gz", ".parquet")
SYMBOLS = {3: "THREE", 4: "FOUR"}


def few_instruments(count: int) -> np.ndarray:
    made = plausible(count)
    made["instrument_id"] = np.arange(count) % 3 + 3
    return made


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
def test_records_come_back(tmp_path: Path, ending: str, raw: bool) -> None:
    made = few_instruments(300)
    path = str(tmp_path / f"a{ending}")
    assert convert(feed_of(made, SYMBOLS), path, SCHEMAS["mbo"], raw=raw) == 300
    feed = open_feed([path])
    assert content(feed) == made.tobytes()
    assert dict(feed.symbols) == SYMBOLS
    assert [each.name for each in tmp_path.iterdir()] == [f"a{ending}"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_feed_without_records_is_a_file_without_rows(tmp_path: Path, ending: str) -> None:
    path = str(tmp_path / f"a{ending}")
    assert convert(feed_of(plausible(0)), path, SCHEMAS["mbo"]) == 0
    if ".csv" in ending:
        return  # the vendor's encoder writes no header without records
    assert content(open_feed([path])) == b""


@pytest.mark.parametrize("ending", [".dbn", ".dbn.zst"])
def test_the_vendors_library_reads_it(tmp_path: Path, ending: str) -> None:
    made = few_instruments(50)
    made["ts_recv"] = made["ts_event"] = 1_700_000_000_000_000_000
    path = str(tmp_path / f"a{ending}")
    convert(feed_of(made, SYMBOLS), path, SCHEMAS["mbo"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = databento.DBNStore.from_bytes(Path(path).read_bytes()).to_df(price_type="fixed")
    assert frame["order_id"].tolist() == made["order_id"].tolist()
    assert frame["symbol"].fillna("").tolist()[:3] == ["THREE", "FOUR", ""]


def test_names_of_a_table_stand_in_the_head_of_dbn(tmp_path: Path) -> None:
    spec = write(tmp_path / "a.csv", table(*rows(3)))
    path = str(tmp_path / "a.dbn")
    convert(open_feed([spec]), path, SCHEMAS["mbo"])
    assert open_feed([path]).symbols == {7: "ABC"}


def test_columns_of_parquet(tmp_path: Path) -> None:
    path = str(tmp_path / "a.parquet")
    convert(feed_of(few_instruments(9), SYMBOLS), path, SCHEMAS["mbo"])
    schema = pq.read_schema(path)
    assert schema.names == [*SCHEMAS["mbo"].fields, "symbol"]
    assert schema.field("symbol").type == pa.dictionary(pa.int32(), pa.string())
    assert schema.field("ts_recv").type == pa.timestamp("ns", tz="UTC")
    assert schema.field("price").type == pa.int64()
    assert pq.read_table(path)["symbol"].to_pylist() == ["THREE", "FOUR", None] * 3


def test_a_late_time_needs_raw(tmp_path: Path) -> None:
    made = plausible(3)
    made["ts_event"] = 2**63 + 5
    with pytest.raises(LobenchError, match="--raw"):
        convert(feed_of(made), str(tmp_path / "a.parquet"), SCHEMAS["mbo"])
    assert not [*tmp_path.iterdir()]
    convert(feed_of(made), str(tmp_path / "a.parquet"), SCHEMAS["mbo"], raw=True)
    assert content(open_feed([str(tmp_path / "a.parquet")])) == made.tobytes()


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_broken_feed_leaves_no_file(tmp_path: Path, ending: str) -> None:
    spec = write(tmp_path / "bad.csv", table(*rows(3), "1"))
    with pytest.raises(FeedError):
        convert(open_feed([spec]), str(tmp_path / f"out{ending}"), SCHEMAS["mbo"])
    assert [each.name for each in tmp_path.iterdir()] == ["bad.csv"]


def test_ambiguous_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must end in one of"):
        convert(feed_of(plausible(1)), str(tmp_path / "a.txt"), SCHEMAS["mbo"])
    with pytest.raises(UsageError, match="expected"):
        schema_of("ohlcv")
    assert schema_of("bbo").name == "bbo-1s"
    assert {schema_of(name).name for name in NAMES} == {*SCHEMAS}


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = write(tmp_path / "a.csv", table(*rows(5)))
    out = str(tmp_path / "a.parquet")
    assert main(["convert", spec, spec, out, "--symbols", "A*", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["schema"], told["file"]) == (10, "mbo", out)
    assert main(["convert", spec, out]) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert main(["convert", spec, out, "--force"]) == 0
    assert main(["convert", spec, spec, "--force"]) == 2
    assert "is the feed itself" in capsys.readouterr().err
    assert main(["convert", spec, str(tmp_path / "a.dbn"), "--schema", "mbp-5"]) == 2
    assert main(["convert", spec, str(tmp_path / "a.dbn"), "--symbols", "X*"]) == 2
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.csv", "a.parquet"]


@pytest.mark.parametrize("ending", [".dbn", ".csv", ".parquet"])
def test_trades(tmp_path: Path, ending: str) -> None:
    made = few_instruments(200)
    path = str(tmp_path / f"a{ending}")
    trades = made[made["action"] == ord("T")]
    assert convert(feed_of(made, SYMBOLS), path, SCHEMAS["trades"]) == len(trades) > 5
    if ending == ".dbn":
        found = databento.DBNStore.from_bytes(Path(path).read_bytes()).to_ndarray()
        for name in ("ts_event", "price", "size", "flags", "sequence", "ts_in_delta"):
            assert found[name].tolist() == trades[name].tolist()
        assert set(found["rtype"].tolist()) == {0}


def test_the_last_of_each_interval() -> None:
    """A book without a row in an interval has none there; its last trade is remembered."""
    quotes = SCHEMAS["mbp-1"].empty(6)
    second = 10**9
    quotes["ts_recv"] = [1, second - 1, second, second + 1, second + 2, 5 * second]
    quotes["ts_event"] = quotes["ts_recv"]
    quotes["instrument_id"] = [1, 1, 1, 2, 1, 2]
    quotes["action"] = [ord(letter) for letter in "TAATAC"]
    quotes["price"] = [7, 8, 9, 10, 11, 12]
    quotes["bid_px_00"] = range(6)
    found = np.concatenate([*last_of_intervals([quotes[:3], quotes[3:]], SCHEMAS["bbo-1s"])])
    assert found["ts_recv"].tolist() == [second, 2 * second, 2 * second, 6 * second]
    assert found["instrument_id"].tolist() == [1, 1, 2, 2]
    assert found["bid_px_00"].tolist() == [1, 4, 3, 5]
    assert found["price"].tolist() == [7, 7, 10, 10]
    assert found["ts_event"].tolist() == [1, 1, second + 1, second + 1]
