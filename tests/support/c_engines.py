"""``tests/foreign/engine.c``, built with the C compiler that is there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.paths import ROOT

INCLUDE = ROOT / "engine" / "foreign"
FOREIGN = ROOT / "tests" / "foreign"

Build = Callable[..., str]


def building_in(folder: Path) -> Build:
    """``build(name, *defines)``: the path of ``engine.c`` built with these defines as ``name.so``."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler")

    def build(name: str, *defines: str) -> str:
        library = folder / f"{name}.so"
        if not library.exists():
            options = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-shared", "-fPIC", "-pthread", "-I", str(INCLUDE)]
            given = [f"-D{define}" for define in defines]
            subprocess.run([compiler, *options, *given, str(FOREIGN / "engine.c"), "-o", str(library)], check=True)
        return str(library)

    return build
