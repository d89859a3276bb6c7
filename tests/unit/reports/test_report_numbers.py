"""How figures are written: digits follow the interval, thousands are separated, ranges are short."""

from __future__ import annotations

import pytest

from lobench.reports import numbers
from lobench.reports.result_view import printed
from lobench.workbench.results.model.intervals import Interval


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (Interval(6.7123, 6.4, 7.07), "6.71x (6.40 to 7.07)"),
        (Interval(1.0041, 0.998, 1.0102), "1.004x (0.998 to 1.010)"),
        (Interval(12.1, 9, 15), "12.1x (9.0 to 15.0)"),
        (Interval(1.1, 0.988, 1.22), "1.10x (0.99 to 1.22)"),
        (Interval(1234567.8, 1234000, 1235000), "1,234,568x (1,234,000 to 1,235,000)"),
        (Interval(1.5, 1.5, 1.5), "1.50x (1.50 to 1.50)"),
        (Interval(0, 0, 0), "0.00x (0.00 to 0.00)"),
        (Interval(1, 0.9999999, 1.0000001), "1.0000x (1.0000 to 1.0000)"),
    ],
)
def test_an_interval_has_the_digits_that_it_supports(given: Interval, text: str) -> None:
    assert numbers.spelled(given, "x").replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.012345, "0.0123"), (3.14159, "3.14"), (56, "56.0"), (1234.5, "1,234"), (0.0000123, "1.23e-05")],
)
def test_three_significant_digits(value: float, text: str) -> None:
    assert numbers.significant(value) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0, "0%"), (0.008, "0.80%"), (0.046, "4.6%"), (0.4, "40%"), (0.00004, "0.00%"), (12, "1,200%")],
)
def test_percent(fraction: float, text: str) -> None:
    assert numbers.percent(fraction) == text


def test_words() -> None:
    assert numbers.between(1.2, 1.2, "x") == "1.2x"
    assert numbers.between(2.3, 2.9, "x") == "2.3 to 2.9x"
    assert numbers.counted(1, "book") == "1 book"
    assert numbers.counted(2000, "book") == "2,000 books"
    assert numbers.listed([]) == ""
    assert numbers.listed(["a"]) == "a"
    assert numbers.listed(["a", "b", "c"]) == "a, b and c"


def test_unprintable_characters_are_escaped() -> None:
    assert printed({"a\x00": ["b\x1b[31m\u202e", 1, None, [1, 2]]}) == {
        "a\ufffd": ["b\ufffd[31m\ufffd", 1, None, [1, 2]]
    }
    assert printed("tab\tline\n é") == "tab\tline\n é"
