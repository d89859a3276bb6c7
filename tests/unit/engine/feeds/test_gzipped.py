"""gzip data by either library: the same bytes, and the same errors."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pytest

from lobench.engine.errors import FeedError
from lobench.engine.feeds import gzipped
from lobench.engine.feeds.byte_stream import ByteStream
from lobench.engine.feeds.files import SourceFile

DATA = bytes(range(256)) * 2000
PACKED = gzip.compress(DATA, mtime=0)


@pytest.fixture(params=["zlib", "isal"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "isal":
        pytest.importorskip("isal", reason="pip install 'lobench[gzip]'")
    else:
        monkeypatch.setattr(gzipped, "_File", gzip.GzipFile)
        monkeypatch.setattr(gzipped, "CORRUPT", (zlib.error, gzip.BadGzipFile))


def content(path: Path) -> bytes:
    found = bytearray()
    room = memoryview(bytearray(1000))
    with ByteStream(SourceFile(str(path))).open() as stream:
        while size := stream.fill(room):
            found += room[:size]
    return bytes(found)


@pytest.mark.usefixtures("library")
def test_members_are_read_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(PACKED * 3)
    assert content(path) == DATA * 3


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (PACKED[:-9], f"byte {len(PACKED) - 9}: the gzip data is cut short there"),
        (PACKED[:-8] + bytes(8), "of the decompressed stream: the gzip data after it is corrupt: "),
        (PACKED[:20] + bytes(len(PACKED) - 20), "of the decompressed stream: the gzip data after it is corrupt: "),
        (PACKED + b"this begins no member", "of the decompressed stream: the gzip data after it is corrupt: "),
    ],
    ids=["cut", "another checksum", "zeros", "no member"],
)
def test_bad_data_is_refused(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(data)
    with pytest.raises(FeedError) as caught:
        content(path)
    assert str(caught.value).startswith(f"{path}: byte ")
    assert problem in str(caught.value)
    assert str(caught.value).isprintable()
