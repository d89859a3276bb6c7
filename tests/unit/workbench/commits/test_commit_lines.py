"""Costs by source line from callgrind's files, and the lines that cost more than before, even if they moved."""

from __future__ import annotations

from pathlib import Path

from lobench.workbench.commits import lines

DUMP = """desc: Trigger: Client Request: lobench 0 10 {kind} book
positions: line
events: Ir

ob=/usr/lib/libc.so
fl=malloc.c
fn=malloc
7 900

ob={library}
fl=/home/source/cache/building/.making-x/source/src/book.h
fn=apply
3 20
fi=/home/source/cache/building/.making-x/source/src/level.h
9 50
fe=/home/source/cache/building/.making-x/source/src/book.h
cob=/usr/lib/libc.so
cfn=malloc
calls=3 7
4 700
4 30

totals: 1000
"""


def test_own_costs_of_a_librarys_lines(tmp_path: Path) -> None:
    library = tmp_path / "book.so"
    library.touch()
    (tmp_path / "one").write_text(DUMP.format(kind="whole", library=library))
    (tmp_path / "two").write_text(DUMP.format(kind="action-T", library=library))
    assert lines.read([tmp_path / "one", tmp_path / "two"], {"book": str(library)}) == {
        (0, "book"): {("src/book.h", 3): 2.0, ("src/level.h", 9): 5.0, ("src/book.h", 4): 3.0}
    }


def test_lines_that_moved_are_the_same_lines(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, text in ((old, "a();\nb();\nc();\n"), (new, "// words\na();\nnew();\nb();\nc();\n")):
        folder.mkdir()
        (folder / "x.cpp").write_text(text)
    before = {("x.cpp", 1): 10.0, ("x.cpp", 2): 20.0, ("x.cpp", 3): 5.0, ("/usr/include/map", 8): 4.0}
    after = {("x.cpp", 2): 10.0, ("x.cpp", 3): 7.0, ("x.cpp", 4): 21.0, ("x.cpp", 5): 4.0, ("/usr/include/map", 8): 6.0}
    found = lines.changed(before, after, old, new)
    assert [(one.file, one.line, one.text, one.before, one.after) for one in found] == [
        ("x.cpp", 3, "new();", 0.0, 7.0),
        ("x.cpp", 4, "b();", 20.0, 21.0),
        ("/usr/include/map", 8, "", 4.0, 6.0),
    ]
    assert "x.cpp:3  0.00 to 7.00 instructions an event  new();" in str(found[0])


def test_a_line_costs_more_than_the_one_that_it_replaces(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, text in ((old, "a();\nb(60);\nc();\nd();\ne();\n"), (new, "a();\nb(90);\nc();\nf();\n")):
        folder.mkdir()
        (folder / "x.cpp").write_text(text)
    before = {("x.cpp", line): cost for line, cost in enumerate((1.0, 360.0, 1.0, 10.0, 20.0), start=1)}
    after = {("x.cpp", 1): 1.0, ("x.cpp", 2): 540.0, ("x.cpp", 3): 1.0, ("x.cpp", 4): 50.0}
    found = lines.changed(before, after, old, new)
    assert [(one.line, one.before, one.after) for one in found] == [(2, 360.0, 540.0), (4, 30.0, 50.0)]


def test_own_lines_come_before_those_of_a_compilers_library(tmp_path: Path) -> None:
    (tmp_path / "a.rs").write_text("one\ntwo\n")
    library = ("/rustc/1/uint_macros.rs", 7)
    found = lines.changed({library: 10.0}, {library: 500.0, ("a.rs", 2): 21.0}, tmp_path, tmp_path)
    assert [(one.file, one.line, one.text) for one in found] == [("a.rs", 2, "two"), (*library, "")]
