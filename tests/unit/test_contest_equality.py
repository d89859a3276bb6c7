"""When two results are equal, and where they differ first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lobench.workbench.contest.equality import IncomparableError, difference


@dataclass
class Point:
    x: float
    values: Any


class Plain:
    def __init__(self, value: Any) -> None:
        self.value = value


NAN = float("nan")
RECORDS = np.array([(1, 2.0), (3, 4.0)], dtype=[("a", int), ("b", float)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (10**40, 10**40),
        (NAN, NAN),
        (True, np.True_),
        (0.1 + 0.2, 0.3),
        ([1, 2], (1, 2)),
        ([1, "a", None], [1, "a", None]),
        (np.arange(3), [0, 1, 2]),
        (np.array([1.0, NAN]), np.array([1.0 + 1e-9, NAN])),
        (np.array(["a", "b"]), np.array(["a", "b"])),
        (np.array(["2020-01-01", "NaT"], "M8[D]"), np.array(["2020-01-01", "NaT"], "M8[D]")),
        (np.array([1, "a"], object), np.array([1, "a"], object)),
        (RECORDS, RECORDS.copy()),
        ({"a": np.arange(2)}, OrderedDict(a=np.arange(2))),
        ({1, 2}, {2, 1}),
        ("text", "text"),
        (Point(NAN, np.arange(2)), Point(NAN, np.arange(2))),
        (Plain([1]), Plain([1])),
        (pa.table({"a": [1]}), pa.table({"a": [1]})),
        (None, None),
    ],
)
def test_equal(one: Any, other: Any) -> None:
    assert difference(one, other, "it") is None
    assert difference(other, one, "it") is None


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (1, 2, "it is 2, not 1"),
        (1.0, 1.001, "it is 1.001, not 1.0"),
        (10**40, 1, "it is 1, not 1000"),
        (None, 0, "it is 0, not None"),
        ("a", "b", "it is 'b', not 'a'"),
        (np.arange(3), np.arange(4), "it has shape (4,), not (3,)"),
        (np.array(1.0), np.array([1.0]), "it has shape (1,), not ()"),
        (np.arange(4), np.array([0, 1, 9, 9]), "it[2] is 9, not 2 (2 of 4 values differ)"),
        (np.zeros((2, 2)), np.array([[0.0, 0.0], [0.0, 1.0]]), "it[1, 1] is 1.0, not 0.0 (1 of 4 values differ)"),
        (np.array([1.0, NAN]), np.array([NAN, 1.0]), "it[0] is nan, not 1.0 (2 of 2 values differ)"),
        (np.array(["a"]), np.array([1]), "it[0] is 1, not 'a'"),
        ([1, 2], [1], "it has 1 entries, not 2"),
        ([1, [2, 3]], [1, [2, 4]], "it[1][1] is 4, not 3 (1 of 2 values differ)"),
        ({"a": 1}, {"b": 1}, "it has no key 'a'"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "it['a']['b'] is 2, not 1"),
        ({1, 2}, {1}, "it: 1 elements are in one of the two only"),
        (RECORDS, np.array([(1, 2.0), (3, 5.0)], RECORDS.dtype), "it['b'][1] is 5.0, not 4.0"),
        (Point(1, 2), Point(1, 3), "the attributes of it['values'] is 3, not 2"),
        (pa.table({"a": [1]}), pa.table({"a": [2]}), "it: the two of type Table are not equal"),
        ([1], {1: 1}, "it is {1: 1}, not [1]"),
    ],
)
def test_first_difference(one: Any, other: Any, said: str) -> None:
    assert str(difference(one, other, "it")).startswith(said)
    assert difference(other, one, "it") is not None


def test_exact_where_that_is_asked_for() -> None:
    one, other = np.array([1.0]), np.array([1.0 + 1e-12])
    assert difference(one, other, "it") is None
    assert difference(one, other, "it", rtol=0.0) is not None


def test_nobody_can_say() -> None:
    with pytest.raises(IncomparableError, match="generator"):
        difference((_ for _ in ()), (_ for _ in ()), "it")
    with pytest.raises(IncomparableError, match="function"):
        difference(lambda: 1, lambda: 1, "it")
    with pytest.raises(IncomparableError, match="object"):
        difference([object()], [object()], "it")
