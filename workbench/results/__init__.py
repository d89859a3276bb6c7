"""Result documents (docs/result-schema.md): ``model`` is what they are, ``reading`` validates a file and makes that of
it, ``folder`` keeps what a run writes, ``conversion`` turns JSON into the model and back, ``refuted`` says which
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
