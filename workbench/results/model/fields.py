"""How a property of a document may be missing: a field with a default is one that older documents lack, and that is
always written; one that is ``Omitted`` is not written, either, where it is None."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Omitted:
    """Marks a field (``Annotated[X | None, Omitted()]``) that only some documents have. ``name``: of the property in
    JSON, where that is no Python name."""

    name: str | None = None
