"""Optional parts: packages that only some commands need, and what to install when one is missing."""

from __future__ import annotations

import importlib
from typing import Any

from engine.errors import LobenchError


def required(module: str, extra: str = "history") -> Any:
    """Import a module of an optional part. Raises LobenchError with the command that installs it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise LobenchError(f"{package} is not installed; pip install 'lobench[{extra}]'") from error
