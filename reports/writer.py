"""Writes a report: report.html, report.md, and charts/ with every chart as SVG and PNG."""

from __future__ import annotations

from pathlib import Path

from lobench.engine.errors import OutputError, UsageError
from lobench.reports.blocks import Chart, Page
from lobench.reports.charts.svg import Picture, draw
from lobench.reports.markdown import markdown
from lobench.reports.page import page, sections_of
from lobench.reports.render import html
from lobench.workbench.results.model.document import Result


def write(documents: list[Result], folder: Path, before: Result | None = None) -> Path:
    """Write the report of validated result documents into ``folder``, which is made if need be; ``before``: an earlier
    result that a single one is compared with.

    Returns the path of report.html. Charts of the first feed have plain names (``charts/ladder.svg``), those of others
    begin with their place on the page. Raises UsageError without a document, OutputError if a file cannot be written.
    """
    if not documents:
        raise UsageError("a report needs at least one result")
    shown = page(documents, before)
    target = folder / "report.html"
    try:
        (folder / "charts").mkdir(parents=True, exist_ok=True)
        pictures = _drawn(shown)
        _write(folder / "report.md", markdown(shown, _files(pictures, folder)))
        _write(target, html(shown, pictures))
    except OSError as error:
        raise OutputError(f"{error.filename or folder}: the report cannot be written: {error.strerror}") from error
    return target


def _drawn(shown: Page) -> dict[str, Picture]:
    """Chart key, unique on the page, -> picture."""
    return {
        f"{key}-{block.name}": draw(block)
        for key, section in sections_of(shown)
        for block in section.blocks
        if isinstance(block, Chart)
    }


def _files(pictures: dict[str, Picture], folder: Path) -> dict[str, str]:
    """Chart key -> path relative to the folder, all written."""
    paths: dict[str, str] = {}
    for key, picture in pictures.items():
        # Keys and chart names are lobench's own words: no text of a document becomes part of a path.
        name = picture.chart.name
        path = f"charts/{name}.svg"
        if path in paths.values():
            path = f"charts/{'-'.join(key.split('-')[:-2])}-{name}.svg"
        text, png = picture.standalone()
        _write(folder / path, text)
        (folder / path).with_suffix(".png").write_bytes(png)
        paths[key] = path
    return paths


def _write(path: Path, text: str) -> None:
    # A file's name may not be valid text: write invalid bytes as escapes in a command or title.
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
