"""When two results are equal, and where they differ first."""

from __future__ import annotations

import ctypes
import io
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lobench.workbench.contest.equality import difference
from lobench.workbench.contest.states import IncomparableError


@dataclass
class Point:
    x: float
    values: Any


class Plain:
    def __init__(self, value: Any) -> None:
        self.value = value


@dataclass(slots=True)
class Slim:
    x: int


class Base:
    __slots__ = ("x",)

    def __init__(self, x: int) -> None:
        self.x = x


class Derived(Base):
    """Has a `__dict__` beside the slot of its base."""


class Pair(ctypes.Structure):
    _fields_ = (("x", ctypes.c_int), ("y", ctypes.c_int))


class CursedError(Exception):
    pass


def masked(mask: list[int], hidden: float = 9.0) -> Any:
    values = np.array([1.0, 2.0, 3.0])
    values[1] = hidden
    return np.ma.array(values, mask=np.array(mask, bool))


def apart(one: Any, other: Any, rtol: float = 1e-7) -> str:
    said = difference(one, other, "it", rtol)
    assert said is not None
    assert difference(other, one, "it", rtol) is not None
    return said


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
        ({1, 2}, {1}, "it: 1 elements are in only one of the two"),
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


def test_values_without_equality_are_incomparable() -> None:
    with pytest.raises(IncomparableError, match="generator"):
        difference((_ for _ in ()), (_ for _ in ()), "it")
    with pytest.raises(IncomparableError, match="function"):
        difference(lambda: 1, lambda: 1, "it")
    with pytest.raises(IncomparableError, match="object"):
        difference([object()], [object()], "it")
    with pytest.raises(IncomparableError, match="lock"):
        difference(threading.Lock(), threading.Lock(), "it")
    with pytest.raises(IncomparableError, match="list"):
        difference(np.arange(2), [[1], [1, 2]], "it")


def test_integers_beside_floats_stay_integers() -> None:
    assert apart((1234567890, 1.5), (1234567891, 1.5)) == "it[0] is 1234567891, not 1234567890"
    assert apart([2**63, -1], [2**63 + 1, -1]) == "it[0] is 9223372036854775809, not 9223372036854775808"
    assert apart([2**64, 1], [2**64 + 1, 1]).startswith("it[0] is 18446744073709551617")
    assert apart([2**53 + 1], [2**53]) == "it[0] is 9007199254740992, not 9007199254740993"
    assert apart([2**53 + 1, 1.5], [2**53, 1.5], rtol=0.0).startswith("it[0] is 9007199254740992")
    assert apart([2**53 + 1], [float(2**53)], rtol=0.0).startswith("it[0] is 9007199254740992.0")
    assert difference([1, 2.0, True], [1.0, 2, 1], "it") is None
    assert difference([2**70, NAN], [2**70, NAN], "it", rtol=0.0) is None


def test_state_that_is_in_no_dict_counts() -> None:
    assert apart(CursedError("a"), CursedError("b")) == "the arguments of it[0] is 'b', not 'a'"
    assert apart(Slim(1), Slim(2)) == "the attributes of it['x'] is 2, not 1"
    assert apart(Base(1), Base(2)) == "the attributes of it['x'] is 2, not 1"
    assert apart(Derived(1), Derived(2)) == "the attributes of it['x'] is 2, not 1"
    assert "the attributes of it" in apart(io.BytesIO(b"a"), io.BytesIO(b"b"))
    apart(Pair(1, 2), Pair(1, 3))
    apart((ctypes.c_int * 2)(1, 2), (ctypes.c_int * 2)(1, 3))
    apart(iter([1, 2]), iter([1, 3]))
    noted: Any = Derived(1)
    noted.more = 1
    apart(noted, Derived(1))
    for one, other in (
        (CursedError("a", NAN), CursedError("a", NAN)),
        (Slim(1), Slim(1)),
        (Derived(1), Derived(1)),
        (io.BytesIO(b"a"), io.BytesIO(b"a")),
        (Pair(1, 2), Pair(1, 2)),
    ):
        assert difference(one, other, "it") is None


def test_masks_are_compared_and_masked_values_are_not() -> None:
    assert difference(masked([0, 1, 0]), masked([0, 1, 0], hidden=7.0), "it") is None
    assert apart(masked([0, 1, 0]), masked([0, 0, 0])) == "it[1] is not masked, where the expected one is"
    assert apart(masked([0, 0, 0]), masked([0, 1, 0])) == "it[1] is masked, where the expected one is not"
    assert apart(masked([0, 1, 0]), masked([0, 1, 0]).filled(9.0)).startswith("it[1] is not masked")
    assert difference(masked([0, 0, 0]), masked([0, 0, 0]).filled(), "it") is None
    assert difference(np.ma.masked, np.ma.masked, "it") is None
    changed = masked([0, 1, 0])
    changed[2] = 4.0
    assert apart(masked([0, 1, 0]), changed) == "it[2] is 4.0, not 3.0 (1 of 3 values differ)"
