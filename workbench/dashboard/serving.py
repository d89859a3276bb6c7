"""Serving the site to this machine: asv's pages fetch their data, which browsers refuse from plain files.

It answers those who ask for this machine by its own name, so that no page from elsewhere reads the site under a name
that it has pointed here, and it hands out the files of the site and nothing else.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from lobench.engine.errors import UsageError

_OWN = re.compile(r"(?:localhost|127\.0\.0\.1)(?::\d+)?", re.IGNORECASE)
"""Hosts that a request may name; a forwarded port may be another than ours."""

_PATIENCE = 60.0
"""Seconds for a request to come."""


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD with files of the site, without a line for each."""

    timeout = _PATIENCE
    server_version = "lobench"
    sys_version = ""

    def __init__(self, site: Path, *details: Any) -> None:
        self._site = site
        super().__init__(*details)

    def do_GET(self) -> None:
        with self._file() or open(os.devnull, "rb") as file:
            shutil.copyfileobj(file, self.wfile)

    def do_HEAD(self) -> None:
        with self._file() or open(os.devnull, "rb"):
            pass

    def _file(self) -> IO[bytes] | None:
        """The file that is asked for, after its headers have been sent; None after an error was."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return None
        if not _OWN.fullmatch(hosts[0].strip()):
            self.send_error(HTTPStatus.FORBIDDEN)
            return None
        path = unquote_to_bytes(re.split(r"[?#]", self.path, maxsplit=1)[0])
        if not path.startswith(b"/") or re.search(rb"[\x00-\x1f\x7f]", path):
            self.send_error(HTTPStatus.BAD_REQUEST)
            return None
        try:
            file, size = self._opened(path)
        except (OSError, RuntimeError):  # RuntimeError: a loop of symbolic links
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        self.send_response(HTTPStatus.OK)
        kind = guess_type(os.fsdecode(path) if path[-1:] != b"/" else "index.html")[0]
        self.send_header("Content-Type", kind or "application/octet-stream")
        self.send_header("Content-Length", str(size))
        # The next dashboard is another site at the same address.
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        return file

    def _opened(self, path: bytes) -> tuple[IO[bytes], int]:
        """A file of the site, and its size. Raises OSError for anything else, including folders without a page and
        links that lead out of the site."""
        parts = os.fsdecode(path).split("/")
        if ".." in parts:
            raise FileNotFoundError
        site = self._site.resolve(strict=True)
        found = site.joinpath(*filter(None, parts))
        if path.endswith(b"/"):
            found /= "index.html"
        found = found.resolve(strict=True)
        if not found.is_relative_to(site) or not found.is_file():
            raise FileNotFoundError
        file = found.open("rb")
        return file, os.fstat(file.fileno()).st_size

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader's disconnection is not reported; any other error is one line."""
        error = sys.exception() if sys.version_info >= (3, 12) else sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            print(f"lobench: a request failed: {type(error).__name__}: {error}", file=sys.stderr)


def server(site: Path, port: int) -> ThreadingHTTPServer:
    """A server of the site on the loopback interface, which the port is taken for; port 0 takes any that is free. The
    site may come to be later. Raises UsageError."""
    try:
        return _Server(("127.0.0.1", port), partial(_Handler, site))
    except (OSError, OverflowError) as error:
        raise UsageError(f"port {port} is not available: {error}; name another with --port") from error
