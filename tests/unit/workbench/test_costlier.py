"""Which lines cost more: moved ones are themselves, exchanged ones are one place."""

from __future__ import annotations

from lobench.workbench.costlier import changed_lines, lines_with_costs

BEFORE = {"a.py": ["import x", "for i in range(8):", "    step(i)", "done()"], "gone.py": ["old()"]}


def test_a_moved_line_costs_nothing_more() -> None:
    after = {"a.py": ["# words", *BEFORE["a.py"]]}
    old = {("a.py", 2): 8.0, ("a.py", 3): 40.0}
    new = {("a.py", 3): 8.0, ("a.py", 4): 40.0}
    assert lines_with_costs(BEFORE, after, old, new) == []


def test_a_line_that_stayed_may_cost_more() -> None:
    """Another line made it run more often."""
    after = {"a.py": ["import x", "for i in range(9):", "    step(i)", "done()"]}
    old = {("a.py", 2): 8.0, ("a.py", 3): 40.0}
    new = {("a.py", 2): 9.0, ("a.py", 3): 45.0}
    found = lines_with_costs(BEFORE, after, old, new)
    assert [(line.number, line.text, line.more) for line in found] == [
        (3, "step(i)", 5.0),
        (2, "for i in range(9):", 1.0),
    ]


def test_lines_that_took_the_place_of_others_are_one_place() -> None:
    after = {"a.py": ["import x", "for i in range(8):", "    first(i)", "    second(i)", "done()"]}
    old = {("a.py", 3): 40.0}
    new = {("a.py", 3): 30.0, ("a.py", 4): 60.0}
    (line,) = lines_with_costs(BEFORE, after, old, new)
    assert (line.number, line.text, line.more) == (4, "second(i)", 50.0)
    # Cheaper lines are left out, and so are tiny increases.
    assert lines_with_costs(BEFORE, after, {("a.py", 3): 200.0}, new) == []
    assert lines_with_costs(BEFORE, BEFORE, {("a.py", 3): 40.0}, {("a.py", 3): 40.04}) == []


def test_without_costs_the_changes_are_named() -> None:
    after = {"a.py": ["import x", "for i in range(8):", "", "    other(i)"], "new.py": ["new()"]}
    found = changed_lines(BEFORE, after)
    assert [(line.file, line.number, line.text) for line in found] == [
        ("a.py", 4, "other(i)"),
        ("new.py", 1, "new()"),
    ]
    assert changed_lines(BEFORE, BEFORE) == []
