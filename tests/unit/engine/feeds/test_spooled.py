"""Standard input and remote objects: copied once, then read as any file."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lobench.engine.errors import FeedError, UsageError
from lobench.engine.feeds import open_feed, spooled
from lobench.engine.feeds.settings import absolute
from tests.support.dbn_files import header, records, zstd
from tests.support.feeds import content
from tests.support.paths import ROOT
from tests.support.tables import encoded, plausible, rows, table


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    copies: dict[str, io.BufferedRandom] = {}
    monkeypatch.setattr(spooled, "_copies", copies)
    yield
    for copy in copies.values():
        copy.close()


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.normal
@pytest.mark.parametrize("packed", [False, True])
def test_dbn_from_standard_input(monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    made = records(1000).tobytes()
    piped(monkeypatch, zstd(header(), made) if packed else header() + made)
    feed = open_feed(["-"])
    assert feed.name == "-"
    assert content(feed) == content(feed) == made


@pytest.mark.normal
def test_a_table_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    made = plausible(100)
    piped(monkeypatch, encoded(made, pretty=True))
    assert content(open_feed(["-"])) == made.tobytes()
    assert content(open_feed([absolute("-")])) == made.tobytes(), "as another process finds it"


def test_errors_name_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    piped(monkeypatch, table(*rows(3), "1,2"))
    with pytest.raises(FeedError, match=r"^-: line 5: "):
        content(open_feed(["-"]))


def test_a_terminal_is_no_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="nothing is piped"):
        open_feed(["-"])


@pytest.mark.normal
def test_a_pipe_of_a_shell(tmp_path: Path) -> None:
    script = "from lobench.engine.feeds import open_feed; print(sum(chunk.count for chunk in open_feed(['-'])))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    given = table(*rows(500))
    done = subprocess.run([sys.executable, "-c", script], input=given, capture_output=True, env=environment, check=True)
    assert int(done.stdout) == 500


OBJECT = table(*rows(20_000))


class _Bucket(BaseHTTPRequestHandler):
    """As much of S3 as a reader of one object asks for: its head, and ranges of it."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        if self.path.partition("?")[0] != "/days/a.csv":
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start, stop = 0, len(OBJECT)
        given = self.headers.get("Range")
        if given:
            first, _, last = given.removeprefix("bytes=").partition("-")
            start, stop = int(first), min(stop, int(last or stop) + 1)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(OBJECT)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(stop - start))
        self.send_header("ETag", '"one"')
        self.send_header("Last-Modified", "Wed, 01 May 2024 00:00:00 GMT")
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        if body:
            self.wfile.write(OBJECT[start:stop])

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Bucket) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()
        thread.join()


READ = """
import sys
from lobench.engine.feeds import open_feed
from lobench.engine.errors import LobenchError
try:
    print(sum(chunk.count for chunk in open_feed([sys.argv[1]])))
except LobenchError as error:
    print(f"refused: {error}")
"""


def read(spec: str, server: str) -> str:
    """In a process of its own: the libraries of object stores leave threads and warnings behind."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    done = subprocess.run([sys.executable, "-c", READ, spec], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.normal
def test_an_object_of_s3(server: str) -> None:
    pytest.importorskip("s3fs")
    assert read("s3://days/a.csv", server) == "20000"
    assert read("s3://days/b.csv", server) == "refused: s3://days/b.csv: no such file"


@pytest.mark.normal
def test_a_file_behind_http(server: str) -> None:
    pytest.importorskip("fsspec")
    assert read(f"{server}/days/a.csv", server) == "20000"
    assert read(f"{server}/days/b.csv", server) == f"refused: {server}/days/b.csv: no such file"


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(UsageError, match=r"s3://a/b: cannot be read: .* -m pip install 'lobench\[remote\]'"):
        open_feed(["s3://a/b"])
