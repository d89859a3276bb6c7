"""Optional parts: packages that only some commands need, and what to install when one is missing."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from engine.errors import UsageError


class MissingToolError(UsageError):
    """A package or a program cannot be used here; the message says what to do, mostly how to install it."""


def not_installed(name: str, install: str) -> MissingToolError:
    return MissingToolError(f"{name} is not installed; install it with: {install}")


def pip(extra: str) -> str:
    """The command that installs an optional part."""
    return f"pip install 'lobench[{extra}]'"


def required(module: str, extra: str = "history") -> Any:
    """Import a module of an optional part. Raises MissingToolError with the command that installs it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise not_installed(module.partition(".")[0], pip(extra)) from error


def is_installed(module: str) -> bool:
    """Whether a top-level module is there, without importing it."""
    return importlib.util.find_spec(module) is not None
