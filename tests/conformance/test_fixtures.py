"""Real files: every feed decodes them field by field as Databento's own reader does."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import databento
import numpy as np
import pytest
import zstandard
from databento_dbn import MBOMsg

from lobench.engine.errors import FeedError
from lobench.engine.feeds import load, open_feed
from lobench.engine.records import MBO
from tests.support.dbn_files import write

DATA = os.environ.get("LOBENCH_REAL_DATA")

pytestmark = pytest.mark.skipif(not DATA, reason="LOBENCH_REAL_DATA does not name the folder of real data")

FIXTURES = Path(DATA or ".") / "databento_fixtures"
MBO_FILES = (
    "databento_fixtures/GLBX.MDP3.mbo.dbn.zst",
    "databento_fixtures/IFEU.IMPACT.mbo.dbn.zst",
    "databento_fixtures/NDEX.IMPACT.mbo.dbn.zst",
    "databento_fixtures/XNAS.ITCH.mbo.dbn.zst",
    "databento_fixtures/test_data.mbo.dbn",
    "databento_fixtures/test_data.mbo.v1.dbn.zst",
    "databento_fixtures/test_data.mbo.v2.dbn.zst",
    "databento_fixtures/test_data.mbo.v3.dbn",
    "databento_fixtures/test_data.mbo.v3.dbn.zst",
    "glbx_es/esh4-glbx-mdp3-20231224.mbo.dbn.zst",
    "glbx_es/esh4-glbx-mdp3-20231225.mbo.dbn.zst",
    "glbx_es/orderbooks_mbo_2024-05-08T00-00-00_2024-05-08T00-00-02.dbn.zst",
)
COUNTS = {
    "glbx_es/esh4-glbx-mdp3-20231224.mbo.dbn.zst": 8_725,
    "glbx_es/esh4-glbx-mdp3-20231225.mbo.dbn.zst": 68_792,
    "glbx_es/orderbooks_mbo_2024-05-08T00-00-00_2024-05-08T00-00-02.dbn.zst": 13_796,
}


def spec_of(name: str) -> str:
    return str(Path(DATA or ".") / name)


def decompressed(spec: str) -> bytes:
    with Path(spec).open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()


@pytest.mark.parametrize("name", MBO_FILES)
def test_decodes_as_databento_does(name: str) -> None:
    expected = databento.DBNStore.from_bytes(Path(spec_of(name)).read_bytes()).to_ndarray(schema="mbo")
    feed = load(open_feed([spec_of(name)]))
    assert feed.count == len(expected) == COUNTS.get(name, len(expected))
    assert feed.count > 0
    assert feed.other_records == {}
    for field in MBO.names or ():
        theirs = expected[field]
        if theirs.dtype == np.dtype("S1"):
            theirs = np.ascontiguousarray(theirs).view(np.uint8)
        assert np.array_equal(feed.records[field], theirs), field


@pytest.mark.parametrize("name", [name for name in MBO_FILES if name.endswith(".zst")])
def test_compressed_and_plain_are_identical(name: str, tmp_path: Path) -> None:
    streamed = load(open_feed([spec_of(name)]))
    plain = load(open_feed([write(tmp_path / "plain.dbn", decompressed(spec_of(name)))]))
    assert plain.digest == streamed.digest
    assert plain.records.tobytes() == streamed.records.tobytes()


def test_esh4_keeps_its_metadata_alone_in_the_first_of_two_frames() -> None:
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    first = decompressor.decompress(Path(spec_of("glbx_es/esh4-glbx-mdp3-20231225.mbo.dbn.zst")).read_bytes())
    assert first.startswith(b"DBN\x01")
    assert len(first) == 8 + int.from_bytes(first[4:8], "little")
    assert decompressor.unused_data.startswith(b"\x28\xb5\x2f\xfd")


def test_versions_hold_the_same_records() -> None:
    feeds = [load(open_feed([str(path)])) for path in sorted(FIXTURES.glob("test_data.mbo.*dbn*"))]
    assert len(feeds) == 5
    assert {feed.digest for feed in feeds} == {feeds[0].digest}


def test_live_capture_is_counted_by_kind() -> None:
    store = databento.DBNStore.from_bytes((FIXTURES / "LIVE.live.dbn.zst").read_bytes())
    messages = list(store)
    expected = [message for message in messages if isinstance(message, MBOMsg)]
    others = Counter(int(message.rtype) for message in messages if not isinstance(message, MBOMsg))
    feed = load(open_feed([str(FIXTURES / "LIVE.live.dbn.zst")]))
    assert feed.other_records == dict(others)
    assert feed.count == len(expected)
    assert [int(record["order_id"]) for record in feed.records] == [message.order_id for message in expected]
    assert [int(record["price"]) for record in feed.records] == [message.price for message in expected]


def test_legacy_dbz_is_refused() -> None:
    spec = str(FIXTURES / "test_data.mbo.dbz")
    with pytest.raises(FeedError, match="convert it to DBN") as caught:
        open_feed([spec])
    assert str(caught.value).startswith(f"{spec}: byte 8: ")


def test_several_real_files_are_one_replay() -> None:
    specs = [spec_of(name) for name in COUNTS]
    feed = load(open_feed(specs))
    assert feed.count == sum(COUNTS.values())
    assert feed.records.tobytes() == b"".join(load(open_feed([spec])).records.tobytes() for spec in specs)
