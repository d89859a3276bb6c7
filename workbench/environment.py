"""The machine and the software that numbers were measured with, as plain values. Names no host, user or path."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from workbench.version import version

_ROOT = Path(__file__).resolve().parent.parent
_CPU = Path("/sys/devices/system/cpu/cpu0")
_CACHE_SUFFIX = {"Data": "d", "Instruction": "i", "Unified": ""}
_PACKAGES = ("numpy", "numba", "llvmlite", "pyarrow", "databento-dbn")


def environment() -> dict[str, Any]:
    """Facts by topic; None for what this system does not tell."""
    memory = psutil.virtual_memory()
    return {
        "lobench": {"version": version(), "revision": revision()},
        "cpu": {
            "model": _cpu_model(),
            "cores": psutil.cpu_count(logical=False),
            "threads": psutil.cpu_count(),
            "usable_threads": _usable_threads(),
            "caches": _caches(),
            "governor": _text(_CPU / "cpufreq/scaling_governor"),
        },
        "system": {
            "kernel": f"{platform.system()} {platform.release()}",
            "machine": platform.machine(),
            "libc": " ".join(platform.libc_ver()).strip() or None,
        },
        "memory": {"total_bytes": memory.total, "available_bytes": memory.available},
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "numba": _numba(),
    }


def revision() -> str | None:
    """The commit of the checkout that this runs from, with ``-dirty`` if files differ from it; None outside of one."""
    if not (_ROOT / ".git").exists():
        return None
    command = ["git", "-C", str(_ROOT), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    try:
        # Without optional locks, looking leaves the checkout untouched.
        quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, env=quiet)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _cpu_model() -> str | None:
    found = re.search(r"^model name\s*:\s*(.+)$", _text(Path("/proc/cpuinfo")) or "", re.MULTILINE)
    return found[1].strip() if found else platform.processor() or None


def _usable_threads() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def _caches() -> dict[str, str]:
    """Size by name (``L1d``, ``L1i``, ``L2``, ``L3``) of what the first core sees."""
    caches = {}
    for folder in sorted((_CPU / "cache").glob("index*")):
        level, kind, size = (_text(folder / name) for name in ("level", "type", "size"))
        if level and kind in _CACHE_SUFFIX and size:
            caches[f"L{level}{_CACHE_SUFFIX[kind]}"] = size
    return caches


def _numba() -> dict[str, Any]:
    """What Numba compiles for, and the NUMBA_* variables that were set for it."""
    from llvmlite import binding

    try:
        flags = sorted(name for name, present in binding.get_host_cpu_features().items() if present)
    except RuntimeError:  # llvmlite cannot tell on some machines
        flags = []
    # lobench itself chooses the cache folder, whose name says nothing but where home is.
    variables = {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith("NUMBA_") and name != "NUMBA_CACHE_DIR"
    }
    return {
        "cpu": os.environ.get("NUMBA_CPU_NAME") or binding.get_host_cpu_name(),
        "flags": flags,
        "variables": variables,
    }


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip() or None
    except OSError:
        return None
