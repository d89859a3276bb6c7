"""Serving the site to this machine: asv's pages fetch their data, which browsers refuse from plain files."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from engine.errors import UsageError


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, format: str, *args: object) -> None:
        pass


def server(site: Path, port: int) -> ThreadingHTTPServer:
    """A server of the site on the loopback interface; port 0 takes any that is free. Raises UsageError."""
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=str(site)))
    except (OSError, OverflowError) as error:
        raise UsageError(f"port {port} cannot be served: {error}; name another with --port") from error
