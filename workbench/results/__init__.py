"""Result documents (docs/result-schema.md): ``model`` is their content, ``reading`` validates a file and converts it,
``folder`` keeps the files of a run, ``conversion`` converts between JSON and the model, ``refuted`` decides which
variants may be shown."""

from __future__ import annotations

from lobench.workbench.results.folder import NEEDED_BYTES, ResultFolder
from lobench.workbench.results.model.document import FeedResult, Result
from lobench.workbench.results.reading import ResultError, read
from lobench.workbench.results.schema import SCHEMA, SCHEMA_VERSION

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
