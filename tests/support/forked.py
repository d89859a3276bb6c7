"""Commands in forks of a process that has loaded lobench, so that tests do not wait for imports.

``run`` is the side of the tests, ``_serve`` that of the process. A command has its own arguments, environment, folder,
streams and exit code, and ends as an interpreter ends. Settings that an interpreter or a library reads at load time
were read before the fork: a command with other variables of that kind (``_SETTLED``) is started as a normal process,
and so is one that reads its process's original environment.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from numba.core.registry import cpu_target

from tests.support.paths import ROOT

PACKAGES = ("lobench.engine", "lobench.variants", "lobench.workbench")

_SETTLED = ("PYTHON", "NUMBA_", "LC_", "LANG", "LD_", "GLIBC_", "MALLOC_", "OPENBLAS_", "OMP_", "TMPDIR", "TZ")
_PURGING = "jemalloc_bg_thd"
"""The thread of an allocator that comes with pyarrow: it gives memory back, and a forked process does without."""
_MOST_BYTES = 1 << 17
"""Of one request."""
_ASK_THE_SYSTEM = ("cmp", "lines")
"""Commands that ask the system for the environment that their process was started with: a forked one's is another's."""

_AT_FIRST = dict(os.environ)
"""The environment before any test changed it."""

not_forked: list[list[str]] = []
"""Commands that were started as any process is."""


def run(
    arguments: list[str], folder: Path | None, environment: dict[str, str], timeout: float, *, safe: bool = False
) -> subprocess.CompletedProcess[str]:
    """`lobench` with these arguments, to its end; a ``safe`` one imports nothing from its folder (``python -P``)."""
    server, settled = _server()
    request = json.dumps([arguments, str(folder or Path.cwd()), environment, safe]).encode()
    itself = next(iter(arguments), "") in _ASK_THE_SYSTEM
    if itself or _settled(environment) != settled or len(request) > _MOST_BYTES:
        not_forked.append(arguments)
        command = [sys.executable, *(["-P"] if safe else []), "-m", "lobench", *arguments]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout)
    reply, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err, reply:
        with theirs:
            socket.send_fds(server, [request], [out.fileno(), err.fileno(), theirs.fileno()])
        number = int(reply.recv(100))
        reply.settimeout(timeout)
        try:
            code = int(reply.recv(100))
        except BaseException as error:
            # If the wait ends, for instance by an interrupt, end the command.
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
            if isinstance(error, TimeoutError):
                raise subprocess.TimeoutExpired(arguments, timeout) from None
            raise
        for stream in (out, err):
            stream.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read(), err.read())


def _settled(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name.startswith(_SETTLED)}


@cache
def _server() -> tuple[socket.socket, dict[str, str]]:
    """The connection to the forking process, which ends when this one closes it."""
    variables = {**_AT_FIRST, "PYTHONPATH": str(ROOT)}
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            cwd=ROOT,
            env=variables,
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            process_group=0,
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours, _settled(variables)


def _serve(requests: socket.socket) -> list[str]:
    """Fork for each request; returns in the process of a command, with its arguments."""
    while True:
        message, numbers, *_ = socket.recv_fds(requests, _MOST_BYTES, 3)
        if not message:
            raise SystemExit
        if os.fork() == 0:
            requests.close()
            return _become(message, *numbers)
        for number in numbers:
            os.close(number)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _become(message: bytes, out: int, err: int, reply: int) -> list[str]:
    """Make a child of this process the command's; this one tells who it is and how it ended."""
    number = os.fork()
    if number:
        os.close(out)
        os.close(err)
        os.write(reply, str(number).encode())
        os.write(reply, str(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])).encode())
        os._exit(0)
    os.close(reply)
    for given, place in ((out, 1), (err, 2)):
        os.dup2(given, place)
        os.close(given)
    arguments, folder, environment, safe = json.loads(message)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[:1] = [] if safe else [folder]
    return [str(word) for word in arguments]


def _load(name: str) -> None:
    module = importlib.import_module(name)
    for info in pkgutil.iter_modules(getattr(module, "__path__", [])):
        _load(f"{name}.{info.name}")


def _main() -> None:
    for package in PACKAGES:
        _load(package)
    # As the first kernel of a process does.
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()
    # Keep the objects loaded here out of the commands' garbage collections, which would copy their pages.
    gc.collect()
    gc.freeze()
    threads = {path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")}
    assert len(threads - {_PURGING}) == 1, f"threads do not live on in a forked process: {threads}"
    sys.argv[1:] = _serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("lobench", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
