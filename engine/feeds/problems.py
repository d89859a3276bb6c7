"""Feed errors whose place is not a byte of the named file itself.

::

    FeedError               FILE: byte N: problem
    ├── StreamError         FILE: byte N of the decompressed stream: problem
    ├── UnreadableError     FILE: problem
    └── TableError          FILE: line N: problem, or row N (``feeds.tables.problems``)
"""

from __future__ import annotations

from lobench.engine.errors import FeedError


def printable(text: str) -> str:
    """A text that may quote a file, as a line may show it."""
    return text if text.isprintable() else repr(text)[1:-1]


class StreamError(FeedError):
    """Bad data inside a compressed file; ``byte`` counts in the decompressed data."""

    def __init__(self, source: str, byte: int, problem: str) -> None:
        super().__init__(source, byte, problem)
        self.args = (f"{source}: byte {byte} of the decompressed stream: {problem}",)


class UnreadableError(FeedError):
    """There is no file to read, or no way to read it; ``byte`` is 0."""

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(source, 0, problem)
        self.args = (f"{source}: {problem}",)
