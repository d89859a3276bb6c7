"""The toolchain of a build: a different compiler, flags or processor make a different engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from lobench.workbench import PARTS
from lobench.workbench.commits.code_text import digest_of

_PROGRAMS: Final = ("cc", "c++", "gcc", "g++", "clang", "clang++", "rustc", "cargo", "cmake", "make", "ninja", "zig")
"""Whose versions decide, beside those that variables name."""
_NAMING: Final = ("CC", "CXX", "RUSTC", "CARGO", "LD")

_DECIDING: Final = re.compile(
    r"(CC|CXX|LD|AR|RUSTC|CARGO|MAKE|CPATH|LIBRARY_PATH|C_INCLUDE_PATH|CPLUS_INCLUDE_PATH|PKG_CONFIG_PATH)"
    r"|(C|CXX|CPP|LD|MAKE|RUST|CARGO_ENCODED_RUST)FLAGS|(CMAKE|CARGO_BUILD|CARGO_PROFILE|CARGO_TARGET|RUSTC)_\w+"
    r"|RUSTUP_TOOLCHAIN"
)
_SECONDS: Final = 20.0
"""That a program may take to tell its version."""


def toolchain(variables: Mapping[str, str]) -> tuple[object, ...]:
    """Equal for builds that the same tools make on a processor of the same kind; ``variables`` of the build."""
    deciding = sorted((name, value) for name, value in variables.items() if _DECIDING.fullmatch(name))
    path = variables.get("PATH", os.defpath)
    named = [variables[name].split()[0] for name in _NAMING if variables.get(name, "").strip()]
    programs = [(name, _version(found)) for name in (*_PROGRAMS, *named) if (found := shutil.which(name, path=path))]
    return (deciding, programs, _processor(), _header())


@cache
def _version(program: str) -> str:
    """A program's own version; if it has none, its file's time."""
    try:
        done = subprocess.run(
            [program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        found = Path(program).stat()
        return f"{found.st_size} {found.st_mtime_ns}"
    return done.stdout.decode(errors="replace")


@cache
def _processor() -> str:
    """Its model and abilities, for which a compiler may make code (``-march=native``)."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    lines = (re.search(rf"^{name}\s*:.*$", text, re.MULTILINE) for name in ("model name", "flags", "Features"))
    return "\n".join(line[0] for line in lines if line)


@cache
def _header() -> str:
    """The code of the headers that an engine is compiled with."""
    folder = PARTS["engine"] / "foreign"
    return digest_of((file.name, file.read_bytes()) for file in sorted(folder.glob("*.h")))
