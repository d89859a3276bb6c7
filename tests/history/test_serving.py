"""The site's server, queried over real sockets: from which hosts, and for which files."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from lobench.engine.errors import UsageError
from lobench.workbench.dashboard.serving import server

pytestmark = pytest.mark.fast


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "commits").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "index.html").write_text("hello")
    (folder / "commits/a b.json").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "site-too").mkdir()
    (tmp_path / "site-too/secret.txt").write_text("secret")
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "up").symlink_to(tmp_path)
    (folder / "beside").symlink_to(tmp_path / "site-too")
    (folder / "round").symlink_to("round")
    (folder / "in.html").symlink_to("index.html")
    os.mkfifo(folder / "pipe")
    return folder


@pytest.fixture
def port(site: Path) -> Iterator[int]:
    with server(site, 0) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield served.server_port
        finally:
            served.shutdown()
            thread.join()


def asked(port: int, path: str, method: str = "GET", host: str | None = None) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", f"127.0.0.1:{port}" if host is None else host)
    connection.endheaders()
    answer = connection.getresponse()
    content = answer.read()
    if answer.status == 200:
        assert int(answer.getheader("Content-Length", "")) == (len(content) if method == "GET" else len(b"hello"))
    connection.close()
    return answer.status, content


def raw(port: int, text: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(4096), b""))


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/", b"hello"),
        ("/index.html", b"hello"),
        ("/index.html?x=..%2f#y", b"hello"),
        ("//index.html", b"hello"),
        ("/%69ndex.html", b"hello"),
        ("/commits/a%20b.json", b"{}"),
        ("/in.html", b"hello"),
    ],
)
def test_files_of_the_site(port: int, path: str, content: bytes) -> None:
    assert asked(port, path) == (200, content)
    if content == b"hello":
        assert asked(port, path, "HEAD") == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        *("/none", "/commits", "/commits/", "/empty/", "/../secret.txt", "/commits/../../secret.txt"),
        *("/%2e%2e/secret.txt", "/..%2fsecret.txt", "/commits/%2E%2E%2f..%2Fsecret.txt", "/out.txt", "/up/secret.txt"),
        *(
            "/beside/secret.txt",
            "/round",
            "/round/",
            "/pipe",
            "/index.html/",
            "/index.html/x",
            "/%ff",
            "/" + "x" * 5_000,
        ),
        *("//etc/passwd", "/%2fetc%2fpasswd", "/\\..\\secret.txt"),
    ],
)
def test_other_paths_are_not_found(port: int, path: str) -> None:
    status, content = asked(port, path)
    assert status == 404
    assert b"secret" not in content
    assert asked(port, path, "HEAD") == (404, b"")


@pytest.mark.parametrize("path", ["/%00", "/index.html%00", "/a%0d%0ab", "*", "index.html", "http://127.0.0.1/"])
def test_bad_paths(port: int, path: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert asked(port, path)[0] == 400
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("localhost", 200), ("LocalHost:9000", 200), ("127.0.0.1", 200)),
        *(
            ("example.org", 403),
            ("evil.localhost", 403),
            ("localhost.example.org", 403),
            ("127.0.0.1.example.org", 403),
        ),
        *(("localhost:80@example.org", 403), ("[::1]", 403), ("", 403), ("127.0.0.2", 403), ("0.0.0.0", 403)),
    ],
)
def test_only_this_machines_own_names(port: int, host: str, status: int) -> None:
    assert asked(port, "/", host=host)[0] == status
    assert asked(port, "/", "HEAD", host=host)[0] == status


def test_requests_that_are_none(port: int) -> None:
    host = b"Host: localhost\r\n"
    assert b" 400 " in raw(port, b"GET / HTTP/1.1\r\n\r\n")
    assert b" 400 " in raw(port, b"GET / HTTP/1.1\r\n" + host + b"Host: example.org\r\n\r\n")
    assert b" 501 " in raw(port, b"POST / HTTP/1.1\r\n" + host + b"\r\n")
    assert b"hello" not in raw(port, b"GET /\r\n\r\n")


def test_a_closed_connection_prints_nothing(port: int, site: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (site / "long.bin").write_bytes(bytes(30_000_000))
    for text in (b"", b"GET / HT", b"GET /long.bin HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        connection.sendall(text)
        if text.endswith(b"\r\n\r\n"):
            connection.recv(100)
        # A reset instead of a close: the other side gets an error.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    deadline = time.monotonic() + 30
    while threading.active_count() > 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert asked(port, "/index.html") == (200, b"hello")
    assert capfd.readouterr() == ("", "")


def test_a_port_is_taken_once(site: Path, port: int) -> None:
    with pytest.raises(UsageError, match="--port"):
        server(site, port)
    with pytest.raises(UsageError, match="--port"):
        server(site, 70_000)
