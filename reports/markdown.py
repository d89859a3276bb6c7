"""The page as Markdown, complete in itself, with its charts as pictures beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lobench.reports.blocks import Block, Chart, Code, Flame, Fold, Page, Table, Text
from lobench.reports.page import sections_of
from lobench.workbench.summaries.markdown import escaped, fence_of, fenced, rows

_MARKS = {"warning": "> **Warning.** ", "missing": "> ", "key": "> "}


def markdown(page: Page, pictures: Mapping[str, str]) -> str:
    """``pictures``: chart key -> path relative to the file."""
    return "\n\n".join(_lines(page, pictures)) + "\n"


def _lines(page: Page, pictures: Mapping[str, str]) -> Iterator[str]:
    yield f"# {escaped(page.title)}"
    yield f"**{escaped(page.answer)}**"
    yield escaped(page.line)
    for block in [*page.warnings, *page.summary]:
        yield from _block(block, "", pictures)
    keys = {id(section): key for key, section in sections_of(page)}
    for part in page.parts:
        if part.title:
            yield f"## {escaped(part.title)}"
            yield escaped(part.line)
        for section in part.sections:
            yield f"{'###' if part.title else '##'} {escaped(section.title)}"
            for block in section.blocks:
                yield from _block(block, keys.get(id(section), ""), pictures)
    yield "The appendix of report.html explains where these numbers come from and what they do not show."


def _block(block: Block, key: str, pictures: Mapping[str, str]) -> Iterator[str]:
    if isinstance(block, Text):
        yield _MARKS.get(block.mark, "") + escaped(block.text) + (f" {_code(block.command)}" if block.command else "")
    elif isinstance(block, Code):
        yield fenced(block.text)
    elif isinstance(block, Chart):
        yield f"![{escaped(block.described)}]({pictures[f'{key}-{block.name}']})"
    elif isinstance(block, Fold):
        yield f"#### {escaped(block.title)}"
        if block.line:
            yield escaped(block.line)
        for inner in block.blocks:
            yield from _block(inner, key, pictures)
    elif isinstance(block, Flame):
        yield f"*{escaped(block.title)}: see report.html*"
    else:
        yield f"*{escaped(block.caption)}*"
        yield _table(block)


def _table(table: Table) -> str:
    sides = ["---" if column in table.words else "---:" for column in range(len(table.headings))]
    return rows(table.headings, sides, [[cell.whole for cell in row] for row in table.rows])


def _code(text: str) -> str:
    fence = fence_of(text, 1)
    return f"{fence} {' '.join(text.split())} {fence}" if "`" in text else f"{fence}{' '.join(text.split())}{fence}"
