"""Too little memory, too few open files: one line, never a traceback or a process that does not end."""

from __future__ import annotations

import errno
import resource
import subprocess
from pathlib import Path

import pytest

from lobench.engine.errors import LobenchError
from lobench.workbench.console import PLAIN
from lobench.workbench.processes.resource_limits import exhausted
from tests.support.command import COMMAND, environment

FEED = "synth:liquid-future,n=2000"


def limited(limit: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A command under a limit of the shell, with ``more`` variables; killed if it hangs."""
    line = ["sh", "-c", f'ulimit {limit}; exec "$@"', "sh", *COMMAND, *words]
    variables = {name: value for name, value in environment().items() if name != "OPENBLAS_NUM_THREADS"}
    return subprocess.run(line, env=variables | more, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("-v 300000", "lobench: memory is limited to 300000 KiB: raise it (ulimit -v 450560 is the least)"),
        ("-v 400000", "lobench: memory is limited to 400000 KiB: raise it (ulimit -v 450560 is the least)"),
        ("-n 8", "lobench: open files are limited to 8: raise it (ulimit -n 10 is the least)"),
    ],
)
def test_limits_known_to_be_too_low_are_refused(limit: str, said: str) -> None:
    done = limited(limit, "replay", FEED, "--variant", "p1_zero_copy")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{said}\n")


@pytest.mark.parametrize("limit", ["-v 500000", "-n 10"])
def test_low_limits_suffice_or_give_one_line(limit: str) -> None:
    done = limited(limit, "replay", FEED, "--variant", "p1_zero_copy")
    if done.returncode:
        (line,) = done.stderr.splitlines()
        assert line.startswith("lobench: ")
    else:
        assert "events" in done.stdout


@pytest.mark.long
@pytest.mark.parametrize(
    "kibibytes", [480000, *(pytest.param(other, marks=pytest.mark.long) for other in (451000, 520000, 600000))]
)
def test_a_compiler_without_memory_is_one_line(kibibytes: int, tmp_path: Path) -> None:
    """LLVM ends its process then, or throws through it."""
    words = ("replay", FEED, "--variant", "p1_zero_copy")
    done = limited(f"-v {kibibytes}", *words, LOBENCH_CACHE_DIR=str(tmp_path), HOME=str(tmp_path))
    assert done.returncode in (0, 1, 4)
    if done.returncode:
        (line,) = [line for line in done.stderr.splitlines() if not line.startswith((PLAIN, "compiling kernels"))]
        assert line.startswith("lobench: ")
        assert "memory" in line


def test_an_error_without_an_exception_is_lack_of_memory_if_that_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = SystemError("error return without exception set")
    assert exhausted(lost) is None
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (600_000 * 1024, resource.RLIM_INFINITY))
    assert str(exhausted(lost)).startswith("out of memory, which is limited to 600000 KiB (ulimit -v)")
    assert exhausted(SystemError("bad argument to internal function")) is None


def test_the_exhausted_resource_is_named() -> None:
    assert "ulimit -n" in str(exhausted(OSError(errno.EMFILE, "Too many open files", "name")))
    assert "out of memory" in str(exhausted(MemoryError()))
    assert "out of memory" in str(exhausted(ImportError("libarrow.so: failed to map segment from shared object")))
    outer = RuntimeError("fork")
    outer.__cause__ = OSError(errno.ENOMEM, "Cannot allocate memory")
    assert "out of memory" in str(exhausted(outer))
    for other in (OSError(errno.ENOENT, "no file"), ValueError("wrong"), LobenchError("told by itself")):
        assert exhausted(other) is None
