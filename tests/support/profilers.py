"""Which tests of profilers can run here."""

from __future__ import annotations

import os
import shutil

import pytest

REQUIRED = bool(os.environ.get("LOBENCH_REQUIRE_PROFILERS"))
"""Set where every profiler is installed: a missing one then fails."""


def needs(*programs: str) -> None:
    """Skip the test where one of these is not installed, and need not be."""
    for program in programs:
        if shutil.which(program) is None and not REQUIRED:
            pytest.skip(f"{program} is not installed")
