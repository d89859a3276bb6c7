"""The messages about a missing tool or permission."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import Any

import pytest

pytest.importorskip("elftools", reason="pip install 'lobench[profile]'")

from lobench.workbench.profile import needs, sampled
from lobench.workbench.profile.needs import MissingRightError, MissingToolError, require


@pytest.mark.parametrize("name", ["scalene", "memray", "pyelftools", "py-spy"])
def test_python_tools_come_of_the_extra(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(needs, "is_installed", lambda module: False)
    monkeypatch.setattr(needs, "which", lambda *arguments, **options: None)
    with pytest.raises(MissingToolError, match="is not installed") as caught:
        require(name)
    # The pip of this environment, not the first one on PATH.
    assert str(caught.value).endswith(f"install it with: {sys.executable} -m pip install 'lobench[profile]'")
    assert caught.value.exit_code == 2


def test_callgrind_needs_an_x86(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "which", lambda *arguments, **options: "/usr/bin/valgrind")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(MissingToolError, match="need an x86-64 machine, this one is aarch64"):
        require("valgrind")


@pytest.mark.parametrize(
    ("tool", "user", "paranoid", "scope", "said", "message"),
    [
        (
            "perf",
            1000,
            3,
            1,
            "No permission",
            "kernel.perf_event_paranoid is 3. As root: sysctl kernel.perf_event_paranoid=2",
        ),
        ("py-spy", 1000, 2, 2, "Permission Denied", r"kernel.yama.ptrace_scope is 2"),
        ("py-spy", 1000, 2, None, "Operation not permitted", "SYS_PTRACE capability"),
    ],
)
def test_missing_rights(
    monkeypatch: pytest.MonkeyPatch, tool: str, user: int, paranoid: int, scope: Any, said: str, message: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(sampled, "perf_event_paranoid", lambda: paranoid)
    monkeypatch.setattr(sampled, "ptrace_scope", lambda: scope)
    error = sampled.refused(tool, said)
    assert isinstance(error, MissingRightError)
    assert message in str(error)


def test_other_failures_of_perf_are_quoted() -> None:
    error = sampled.refused("perf", "the disk is full")
    assert not isinstance(error, MissingRightError)
    assert str(error) == "perf failed: the disk is full"


def test_the_package_imports_without_the_extra_it_names() -> None:
    """Importing the package must not need the extra that its message names."""
    script = "import sys; sys.modules['elftools'] = None; from lobench.workbench.profile import for_report, needs"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
