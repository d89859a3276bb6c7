"""Errors of tables: by the line of a text, or the row of a Parquet file."""

from __future__ import annotations

from lobench.engine.errors import FeedError


class TableError(FeedError):
    """Bad data in a table; ``place`` is ``line`` or ``row``, ``number`` counts from 1. ``byte`` is 0."""

    def __init__(self, source: str, place: str, number: int, problem: str) -> None:
        super().__init__(source, 0, problem)
        self.args = (f"{source}: {place} {number}: {problem}",)
        self.number = number
