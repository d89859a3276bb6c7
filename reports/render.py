"""The page as HTML: everything in one file, nothing fetched, every text escaped."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from lobench.reports.blocks import Block, Chart, Page, Table
from lobench.reports.charts.flame import drawn_flame
from lobench.reports.charts.svg import Picture, dark_rules

LONGEST = 20
"""Letters of a word that a table leaves whole."""
APPENDIX = {"methodology": "METHODOLOGY.md", "bias": "BIAS.md"}
"""Ids of the appended documents, in their order, and the files they come from."""


def html(page: Page, pictures: Mapping[str, Picture]) -> str:
    """The whole page. ``pictures``: chart key -> the chart, drawn for wide and for narrow screens; CSS shows one."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lobench.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"breakable": breakable, "grouped": grouped}
    environment.tests["unbroken"] = unbroken
    environment.globals["drawn"] = lambda key: [Markup(picture) for picture in pictures[key].inline(key)]
    environment.globals["burning"] = lambda key, flame: Markup(drawn_flame(flame, f"{key}-{flame.name}"))
    script, style = _asset("page.js"), _asset("page.css")
    dark = f"@media screen and (prefers-color-scheme: dark) {{\n{dark_rules('figure')}\n}}"
    return environment.get_template("page.html").render(
        page=page,
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=Markup(f"{style}\n{dark}"),
        appendix=[(key, Markup(_document(name))) for key, name in APPENDIX.items()],
    )


def breakable(text: str) -> Markup:
    """Text that may break after the joints of names and paths."""
    return Markup(re.sub(r"([_/,:=.])(?=[^\s\d<&])", r"\1<wbr>", str(escape(text)))) if _joined(text) else escape(text)


def _joined(text: str) -> bool:
    # Do not break an escape sequence: leave texts that need escaping as they are.
    return any(len(word) > 8 for word in text.split()) and str(escape(text)) == text


def unbroken(text: str) -> bool:
    """Whether a text holds a word so long that a table must break it wherever it can."""
    return max((len(word) for word in text.split()), default=0) > LONGEST


def grouped(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks in rows: a chart may be placed beside the table that follows it."""
    rows: list[list[Block]] = []
    for block in blocks:
        if isinstance(block, Table) and rows and isinstance(rows[-1][-1], Chart):
            rows[-1].append(block)
        else:
            rows.append([block])
    return rows


def _asset(name: str) -> str:
    return files("lobench.reports").joinpath("templates", name).read_text(encoding="utf-8")


def _document(name: str) -> str:
    """One of the package's own documents as HTML, its headings two levels down."""
    text = files("lobench.reports").joinpath(name).read_text(encoding="utf-8")
    text = re.sub(r"^(#+) ", r"#\1 ", text, flags=re.MULTILINE)
    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
