"""The schema of a result document (``schema.json``, JSON Schema draft 2020-12): its name, version and validator.

Samples are many and alike: jsonschema takes 4 s for a hundred thousand rows, numpy a tenth of one. So the validator is
given the document without its rows, which ``samples`` checks as arrays. ``schema.json`` describes them all the same,
for other tools.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

SCHEMA = "lobench-result"
SCHEMA_VERSION = 2


@cache
def schema() -> dict[str, Any]:
    """The shipped schema; not to be changed."""
    loaded: dict[str, Any] = json.loads(
        files("lobench.workbench.results").joinpath("schema.json").read_text(encoding="utf-8")
    )
    return loaded


def first_problem(document: Any) -> tuple[str, str] | None:
    """JSON path and message of the most telling error of a document, None for a valid one."""
    from jsonschema.exceptions import best_match

    error = best_match(_validator().iter_errors(document))
    return None if error is None else (error.json_path, _shortened(error.message))


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema())


def _shortened(message: str) -> str:
    """jsonschema quotes the whole offending value; the fault itself is at the end."""
    return message if len(message) <= 200 else f"{message[:90]} … {message[-100:]}"
