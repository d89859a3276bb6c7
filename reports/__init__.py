"""Results in, pages out: one self-contained HTML page, the same as Markdown, and its charts as SVG and PNG files."""

from reports.writer import write

__all__ = ["write"]
