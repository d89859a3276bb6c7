"""Optional packages that only some commands need, and the remedy if one is missing."""

from __future__ import annotations

import importlib
import importlib.util
import shlex
import sys
from typing import Any

from lobench.engine.errors import UsageError


class MissingToolError(UsageError):
    """A package or a program cannot be used here; the message gives the remedy, usually how to install it."""


def not_installed(name: str, install: str) -> MissingToolError:
    return MissingToolError(f"{name} is not installed; install it with: {install}")


def pip(*words: str) -> str:
    """The command that installs packages into this environment, whichever ``pip`` is first on PATH."""
    return shlex.join([sys.executable, "-m", "pip", "install", *words])


def part(extra: str) -> str:
    """An optional part, as pip takes it."""
    return f"lobench[{extra}]"


def anywhere(text: str) -> str:
    """Advice that names no folder of this machine, for documents that others read."""
    return text.replace(shlex.quote(sys.executable), "python")


def required(module: str, extra: str = "history") -> Any:
    """Import a module of an optional part. Raises MissingToolError with the command that installs it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise not_installed(module.partition(".")[0], pip(part(extra))) from error


def is_installed(module: str) -> bool:
    """Whether a top-level module is there, without importing it."""
    return importlib.util.find_spec(module) is not None
