"""Result documents (docs/result-schema.md): ``model`` is their content, ``reading`` validates a file and converts it,
``folder`` keeps the files of a run, ``conversion`` converts between JSON and the model, ``refuted`` decides which
variants may be shown.

Names are loaded at first use: a measuring process needs a few of the modules, and starts dozens of times a session.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lobench.workbench.results.folder import NEEDED_BYTES, ResultFolder
    from lobench.workbench.results.model.document import FeedResult, Result
    from lobench.workbench.results.reading import ResultError, read
    from lobench.workbench.results.schema import SCHEMA, SCHEMA_VERSION

_PLACES = {
    "NEEDED_BYTES": "folder",
    "SCHEMA": "schema",
    "SCHEMA_VERSION": "schema",
    "FeedResult": "model.document",
    "Result": "model.document",
    "ResultError": "reading",
    "ResultFolder": "folder",
    "read": "reading",
}
"""Public name to the module that defines it."""

__all__ = [
    "NEEDED_BYTES",
    "SCHEMA",
    "SCHEMA_VERSION",
    "FeedResult",
    "Result",
    "ResultError",
    "ResultFolder",
    "read",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    return value
