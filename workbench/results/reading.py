"""Reading a result document: any file gives either a document that follows the schema or a clear error."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.results.contradictions import contradictions
from lobench.workbench.results.conversion import from_json
from lobench.workbench.results.model.document import Result
from lobench.workbench.results.samples import holders, problem
from lobench.workbench.results.schema import SCHEMA, SCHEMA_VERSION, first_problem

_WHERE = "see docs/result-schema.md"


class ResultError(LobenchError):
    """A result document is invalid; the message names the file and the place in it."""

    exit_code = 3

    def __init__(self, source: str, text: str) -> None:
        super().__init__(f"{source}: {text}")
        self.source = source


def read(path: str | Path) -> Result:
    """The document in a file, or in ``result.json`` of a folder, valid in every field.

    Raises UsageError for a file that cannot be opened, ResultError for one that is not a valid document of this
    version.
    """
    return validate(parse(path), str(path))


def parse(path: str | Path) -> dict[str, Any]:
    """The JSON object in a file or in ``result.json`` of a folder, of any kind. Raises as ``read`` does."""
    place = Path(path)
    if place.is_dir():
        place = place / "result.json"
    try:
        content = place.read_bytes()
    except OSError as error:
        raise UsageError(f"{place}: {error.strerror}; give a result.json that lobench wrote, or its folder") from error
    return _parsed(content, str(place))


def validate(document: dict[str, Any], source: str) -> Result:
    """The document that a JSON object holds. Raises ResultError unless it is valid; ``source`` is how the message names
    it."""
    _check_version(document, source)
    # Set the rows aside while jsonschema checks the rest.
    found = [(path, holder, names, limits, holder.get("rows")) for path, holder, names, limits in holders(document)]
    try:
        for _, holder, _, _, rows in found:
            if isinstance(rows, list):
                holder["rows"] = []
        wrong = first_problem(document)
    finally:
        for _, holder, _, _, rows in found:
            if isinstance(rows, list):
                holder["rows"] = rows
    if wrong is not None:
        raise ResultError(source, f"{wrong[0]}: {wrong[1]} ({_WHERE})")
    result = from_json(Result, document)
    for path, text in contradictions(result):
        raise ResultError(source, f"{path}: {text} ({_WHERE})")
    for path, holder, names, limits, rows in found:
        bad = problem(rows, holder["columns"], names or (), limits)
        if bad is not None:
            raise ResultError(source, f"{path}.rows{bad} ({_WHERE})")
    return result


def _parsed(content: bytes, source: str) -> dict[str, Any]:
    if not content.strip():
        raise ResultError(source, "is empty, not a result document")
    text = ""
    try:
        text = content.decode()
        document = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except UnicodeDecodeError as error:
        raise ResultError(source, f"byte {error.start}: not JSON, is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        # A truncated word of JSON (false) is reported at its beginning.
        at_end = error.pos >= len(text.rstrip()) - len("fals") or error.msg.startswith("Unterminated string")
        if at_end and text.lstrip().startswith("{"):
            raise ResultError(
                source, f"is truncated: JSON ends at byte {len(content)} before its end; copy it again from its origin"
            ) from error
        raise ResultError(source, f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from error
    except RecursionError as error:
        raise ResultError(source, "is nested too deeply for a result document") from error
    except ValueError as error:
        raise ResultError(source, f"holds a number that is not allowed in JSON or in a result: {error}") from error
    if not isinstance(document, dict):
        raise ResultError(source, f"is not a result document: a JSON object with schema '{SCHEMA}' was expected")
    return document


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is out of range")
    return value


def _check_version(document: dict[str, Any], source: str) -> None:
    if document.get("schema") != SCHEMA:
        raise ResultError(source, f"$.schema: is not '{SCHEMA}': this JSON was not written by lobench as a result")
    version = document.get("schema_version")
    if version == SCHEMA_VERSION and type(version) is int:
        return
    if type(version) is not int:
        raise ResultError(source, f"$.schema_version: must be the number {SCHEMA_VERSION}")
    if version < SCHEMA_VERSION:
        raise ResultError(
            source,
            f"is of schema version {version}, written by an older lobench; this one reads version {SCHEMA_VERSION}: "
            "repeat the measurement (the command stands in its field `command`), or read it with the lobench "
            "revision in its field `environment`",
        )
    raise ResultError(
        source,
        f"is of schema version {version}, written by a newer lobench; this one reads version {SCHEMA_VERSION}: "
        "upgrade lobench",
    )
