"""Annotated source: the hottest lines, and every file of a profile, each line with its cost, as one HTML page without a
script."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lobench.workbench.profile.escaping import escaped
from lobench.workbench.profile.model.costs import LineCost, Lined, Profile
from lobench.workbench.profile.sources import Sources

_STYLE = """
:root{color-scheme:light dark;--ink:#1f2328;--paper:#fff;--quiet:#656d76;--rule:#c4c9d0;--heat:234 100 30;--most:.75}
@media(prefers-color-scheme:dark){
:root{--ink:#e6e8eb;--paper:#14171a;--quiet:#959da6;--rule:#3d444d;--heat:225 90 25;--most:.6}
}
body{font:14px/1.4 system-ui,sans-serif;margin:1.5em;color:var(--ink);background:var(--paper)}
a{color:inherit}td a{display:inline-block;line-height:24px}
table{border-collapse:collapse;font:12px/1.35 ui-monospace,monospace}
td,th{padding:0 .7em;text-align:right;white-space:pre}
th{font-weight:600;border-bottom:1px solid var(--rule);position:sticky;top:0;background:var(--paper)}
td.code,th.code{text-align:left}td.line{color:var(--quiet)}
tr.hot{background:rgb(var(--heat)/calc(var(--h)*var(--most)))}tr.hot td.line{color:inherit}
tr:target{outline:2px solid}
tr.gap td{color:var(--quiet);text-align:left}
h1{font-size:1.4em}h2{font-size:1.05em;margin:1.6em 0 .3em}summary h2{display:inline}
details{margin:1em 0}details summary{cursor:pointer}
@media(max-width:719px){body{margin:1em}.scroll{overflow-x:auto}}
@media print{details{display:block}}
"""

_PLACELESS = "(instructions without a line)"

_SCROLL = '<div class="scroll" role="group" tabindex="0" aria-label="{}">'
"""Begins a table, which scrolls by itself on a narrow screen."""

_AROUND = 2
"""Lines shown before and after one that cost something."""
_HOTTEST = 20
"""Lines of the index."""
_FULL = 0.125
"""Share of a line that has the full colour."""

Rows = Mapping[int, LineCost]
"""A file's lines by number; 0 for costs without a line."""


def source_page(found: Lined, sources: Sources) -> str:
    """The page of a document. Files are sorted by cost; long stretches without cost are left out."""
    columns = found.columns
    files: dict[str, dict[int, LineCost]] = defaultdict(dict)
    for row in found.lines:
        before = files[row.file].get(row.line)
        # Several functions may share a line: add them up.
        files[row.file][row.line] = _both(before, row) if before else row
    ranked = sorted(files, key=lambda file: -sum(row.share for row in files[file].values()))
    feed = f" on {found.feed}" if isinstance(found, Profile) else ""
    title = f"{found.subject}{feed}: {found.tool}, {found.basis}"
    costs = ", ".join(f"{_number(found.whole[column])} {column.replace('_', ' ')}" for column in columns)
    events = f"{found.events:,} events; " if isinstance(found, Profile) else ""
    tuning = found.tuning if isinstance(found, Profile) else None
    facts = [
        f"{events}{costs}.",
        f"The share is that of {columns[0].replace('_', ' ')}.",
        *([f"Tuned by {tuning['profile']}."] if tuning else []),
    ]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">',
        f"<title>{escaped(title)}</title><style>{_STYLE}</style></head><body><main><h1>{escaped(title)}</h1>",
        f"<p>{escaped(' '.join(facts))}</p>",
        *_index(files, ranked, sources, columns),
    ]
    for place, file in enumerate(ranked):
        share = sum(row.share for row in files[file].values())
        opened = " open" if share >= 0.01 else ""
        parts.append(f"<details{opened}><summary><h2>{escaped(file)}: {share:.1%}</h2></summary>")
        parts.append(_SCROLL.format(escaped(file)))
        parts.append(_table(files[file], sources.lines(file), columns, place))
        parts.append("</div>")
        parts.append("</details>")
    return "\n".join([*parts, "</main></body></html>"])


def _number(value: float) -> str:
    """A cost: of a program's lines a whole number, per event with two digits behind the point."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _both(one: LineCost, other: LineCost) -> LineCost:
    costs = {column: value + other.costs[column] for column, value in one.costs.items()}
    return replace(one, share=one.share + other.share, costs=costs)


def _index(files: Mapping[str, Rows], ranked: Sequence[str], sources: Sources, columns: Sequence[str]) -> Iterator[str]:
    """The hottest lines of all files, with links to them."""
    rows = [(row, place) for place, file in enumerate(ranked) for row in files[file].values()]
    rows.sort(key=lambda entry: -entry[0].share)
    yield f"<h2>Hottest lines</h2>{_SCROLL.format('the hottest lines')}"
    yield f"<table><tr><th>share</th><th>{columns[0].replace('_', ' ')}</th>"
    yield '<th class="code">line</th><th class="code">source</th></tr>'
    for row, place in rows[:_HOTTEST]:
        where = f"{row.file}:{row.line}" if row.line else row.file
        link = f'<a href="#f{place}-{row.line}">{escaped(where)}</a>'
        text = escaped(sources.text(row.file, row.line)) if row.line else _PLACELESS
        cells = f"<td>{row.share:.2%}</td><td>{_number(row.costs[columns[0]])}</td>"
        yield f'<tr>{cells}<td class="code">{link}</td><td class="code">{text}</td></tr>'
    yield "</table></div>"


def _table(rows: Rows, lines: list[str], columns: Sequence[str], place: int) -> str:
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
        text = escaped(lines[line - 1]) if 0 < line <= len(lines) else _PLACELESS if line == 0 else ""
        if row is None:
            cells, heat = "<td></td>" * (len(columns) + 1), ""
        else:
            cells = f"<td>{row.share:.2%}</td>" + "".join(
                f"<td>{_number(row.costs[column])}</td>" for column in columns
            )
            heat = f' id="f{place}-{line}" class="hot" style="--h:{min(1.0, row.share / _FULL):.2f}"'
        number = line or ""
        parts.append(f'<tr{heat}>{cells}<td class="line">{number}</td><td class="code">{text}</td></tr>')
    return "".join([*parts, "</table>"])
