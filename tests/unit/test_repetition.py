"""What stands twice in the package: stretches of equal lines, which belong in one place."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping

from tests.support.paths import ROOT

STRETCH = 6
"""Equal lines in a row, stripped and not empty, that count."""
KNOWN = 5
"""Pairs of stretches that stand twice: the signatures of two features, as a feature's parameters are its inputs, and
of two pairs of public functions, spelled out for ``help``; the contracts that two contexts fill; two functions of files
that stand alone. Lower it whenever one is gone."""

Line = tuple[int, str]


def lines_of(text: str) -> list[Line]:
    """Number and stripped text of the lines that are not empty. Imports cannot be shared: each line of one becomes
    unique, so that it ends a stretch."""
    imports = {
        number
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = enumerate(text.splitlines(), 1)
    return [(number, "" if number in imports else line.strip()) for number, line in lines if line.strip()]


def repeated(files: Mapping[str, list[Line]]) -> Iterator[str]:
    """Each pair of stretches, as long as they are equal."""
    places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for name, lines in files.items():
        for index in range(len(lines) - STRETCH + 1):
            window = tuple(text for _, text in lines[index : index + STRETCH])
            if all(window):
                places[window].append((name, index))
    pairs = {
        (one, other) for found in places.values() for place, one in enumerate(found) for other in found[place + 1 :]
    }
    for (name, index), (other, there) in sorted(pairs):
        if ((name, index - 1), (other, there - 1)) not in pairs:
            yield f"{name}:{files[name][index][0]} {other}:{files[other][there][0]}"


def package() -> dict[str, list[Line]]:
    folders = [ROOT / name for name in ("engine", "variants", "workbench", "reports")]
    paths = [path for folder in folders for path in folder.rglob("*.py")] + list((ROOT / "lobench").glob("*.py"))
    return {str(path.relative_to(ROOT)): lines_of(path.read_text(encoding="utf-8")) for path in sorted(paths)}


def test_few_lines_stand_twice() -> None:
    files = package()
    assert len(files) > 500
    found = list(repeated(files))
    assert len(found) <= KNOWN, "\n".join(found)


def test_a_stretch_is_found_once_at_its_whole_length() -> None:
    body = "\n\n".join(f"    x{number} = {number}" for number in range(8))
    one = f"def f():\n{body}\n"
    other = f"import os\ndef g():\n{body}\n    return os\n"
    shorter = "\n".join(f"y{number} = 0" for number in range(5))
    files = {"a.py": lines_of(one), "b.py": lines_of(other), "c.py": lines_of(shorter), "d.py": lines_of(shorter)}
    assert list(repeated(files)) == ["a.py:2 b.py:3"]


def test_imports_end_a_stretch() -> None:
    text = "from a import (\n    b,\n    c,\n    d,\n    e,\n    f,\n    g,\n)\nx = 1\n"
    assert list(repeated({"a.py": lines_of(text), "b.py": lines_of(text)})) == []
