"""How a property of a document may be missing: older documents may lack a field with a default, which is always
written; a field that is ``Omitted`` is not written if it is None. Also the field for unknown properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeAlias


@dataclass(frozen=True, slots=True)
class Omitted:
    """Marks a field (``Annotated[X | None, Omitted()]``) that only some documents have. ``name``: of the property in
    JSON, where that is no Python name."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    """Marks the field, a mapping, that keeps the properties that no other field is for; they are written last."""


More: TypeAlias = Annotated[Mapping[str, object], Rest()]
"""A document contains more than its dataclass defines."""
