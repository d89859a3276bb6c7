"""Results in, pages out: one self-contained HTML page, the same as Markdown, and its charts as SVG and PNG files."""

from lobench.reports.writer import write

if __name__ != "lobench.reports":  # a second copy would have classes of its own
    raise ImportError("import lobench.reports: its folder in the checkout is not a package of its own")

__all__ = ["write"]
