"""Annotated source: every file that a profile touches, each line with what it cost, as one HTML page without a
script."""

from __future__ import annotations

from collections import defaultdict
from html import escape
from typing import Any

from lobench.workbench.profile.headings import basis, number, subject, whole
from lobench.workbench.profile.sources import Sources

_STYLE = """
body{font:14px/1.4 system-ui,sans-serif;margin:1.5em;color:#222;background:#fff}
table{border-collapse:collapse;font:12px/1.35 ui-monospace,monospace}
td,th{padding:0 .7em;text-align:right;white-space:pre}
th{font-weight:600;border-bottom:1px solid #999}
td.code,th.code{text-align:left}td.line{color:#888}
tr.gap td{color:#aaa;text-align:left}
h2{font-size:1.05em;margin:1.6em 0 .3em}
details summary{cursor:pointer}
@media print{details{display:block}}
"""

_PLACELESS = "(instructions without a line)"

_AROUND = 2
"""Lines shown before and after one that cost something."""


def source_page(document: dict[str, Any], sources: Sources) -> str:
    """The page of a profile document. Files are sorted by cost; long stretches without cost are left out."""
    columns = document["columns"]
    files: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for row in document["lines"]:
        before = files[row["file"]].get(row["line"])
        # Functions of one file have no line together.
        files[row["file"]][row["line"]] = _both(before, row, columns) if before else row
    ranked = sorted(files, key=lambda file: -sum(row["share"] for row in files[file].values()))
    feed = f" on {document['feed']}" if "feed" in document else ""
    title = f"{subject(document)}{feed}: {document['tool']}, {basis(document)}"
    costs = ", ".join(f"{number(whole(document)[column])} {column.replace('_', ' ')}" for column in columns)
    events = f"{document['events']:,} events; " if "events" in document else ""
    tuning = document.get("tuning")
    facts = [
        f"{events}{costs}.",
        f"The share is that of {columns[0].replace('_', ' ')}.",
        *([f"Tuned by {tuning['profile']}."] if tuning else []),
    ]
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>",
        f"<p>{escape(' '.join(facts))}</p>",
    ]
    for file in ranked:
        share = sum(row["share"] for row in files[file].values())
        opened = " open" if share >= 0.01 else ""
        parts.append(f"<details{opened}><summary><h2 style='display:inline'>{escape(file)}: {share:.1%}</h2></summary>")
        parts.append(_table(files[file], sources.lines(file), columns))
        parts.append("</details>")
    return "\n".join([*parts, "</body></html>"])


def _both(one: dict[str, Any], other: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    return {key: one[key] + other[key] for key in ("share", *columns)}


def _table(rows: dict[int, dict[str, Any]], lines: list[str], columns: list[str]) -> str:
    heads = "".join(f"<th>{column.replace('_', ' ')}</th>" for column in columns)
    parts = [f'<table><tr><th>share</th>{heads}<th>line</th><th class="code">source</th></tr>']
    shown = {near for line in rows for near in range(line - _AROUND, line + _AROUND + 1)} & set(
        range(1, max(len(lines), *rows) + 1)
    )
    before = 0
    for line in sorted(shown | set(rows)):
        if line > before + 1:
            parts.append(f'<tr class="gap"><td colspan="{len(columns) + 3}">⋮</td></tr>')
        before = line
        row = rows.get(line)
        text = escape(lines[line - 1]) if 0 < line <= len(lines) else _PLACELESS if line == 0 else ""
        if row is None:
            cells, heat = "<td></td>" * (len(columns) + 1), ""
        else:
            cells = f"<td>{row['share']:.2%}</td>" + "".join(f"<td>{number(row[column])}</td>" for column in columns)
            heat = f' style="background:rgba(230,90,20,{min(0.75, 6 * row["share"]):.2f})"'
        parts.append(f'<tr{heat}>{cells}<td class="line">{line}</td><td class="code">{text}</td></tr>')
    return "".join([*parts, "</table>"])
