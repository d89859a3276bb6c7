"""Result documents: the folder that a run writes, the schema, and reading with validation (docs/result-schema.md)."""

from __future__ import annotations

from lobench.workbench.results.folder import NEEDED_BYTES, ResultFolder
from lobench.workbench.results.reading import ResultError, read
from lobench.workbench.results.samples import SESSIONS
from lobench.workbench.results.schema import SCHEMA, SCHEMA_VERSION

__all__ = ["NEEDED_BYTES", "SCHEMA", "SCHEMA_VERSION", "SESSIONS", "ResultError", "ResultFolder", "read"]
