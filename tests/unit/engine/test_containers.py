"""Containers of kernels: the hash table is a dict and stays sparse, lists grow without losing anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from lobench.engine.containers import FIRST_BITS, append, item, table_erase, table_get, table_insert, table_release
from lobench.engine.layout import LIST, SLOT, TABLE
from lobench.engine.native import free, view
from tests.conftest import examples

pytestmark = pytest.mark.normal

COUNTER = 0
GOLDEN = 0x9E3779B97F4A7C15


def signed(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63


def with_home(home: int, number: int) -> int:
    """The ``number``-th key that a table of the first size puts at ``home``."""
    return signed(((home << (64 - FIRST_BITS)) + number) * pow(GOLDEN, -1, 2**64))


# Keys that collide where the last slot wraps to the first, extreme keys, and consecutive order ids.
CROWD = [with_home(home, number) for home in (62, 63, 0, 1) for number in range(8)]
KEYS = [*CROWD, 0, -1, 1, 2**63 - 1, -(2**63), *range(6_412_777_000_000, 6_412_777_000_040)]


@njit()
def insert(address: int, key: int, value: int) -> None:
    table_insert(view(address, TABLE), key, value, COUNTER, None)


@njit()
def get(address: int, key: int) -> int:
    return table_get(view(address, TABLE), key, COUNTER, None)


@njit()
def erase(address: int, key: int) -> None:
    table_erase(view(address, TABLE), key, COUNTER, None)


@njit()
def release(address: int) -> None:
    table_release(view(address, TABLE))


@njit()
def push(address: int, value: int) -> None:
    append(view(address, LIST), value)


@njit()
def at(address: int, index: int) -> int:
    return item(view(address, LIST), index)


@njit()
def free_items(address: int) -> None:
    free(view(address, LIST)["items"])


class Table:
    """A ``TABLE`` record, handled by compiled code."""

    def __init__(self) -> None:
        self.record = np.zeros(1, TABLE)
        self.address = self.record.ctypes.data

    def slots(self) -> Any:
        from lobench.engine.inspection import peek

        size = int(self.record["mask"][0]) + 1 if self.record["mask"][0] else 0
        return peek(int(self.record["slots"][0]), SLOT, size).copy() if size else np.zeros(0, SLOT)


@pytest.fixture
def table() -> Iterator[Table]:
    made = Table()
    yield made
    release(made.address)


@given(st.lists(st.tuples(st.sampled_from(("put", "erase", "get")), st.sampled_from(KEYS)), max_size=300))
@settings(max_examples=examples(200), deadline=None)
def test_table_is_a_dict(steps: list[tuple[str, int]]) -> None:
    table, model = Table(), dict[int, int]()
    for number, (step, key) in enumerate(steps, 1):
        if step == "put" and key not in model:
            insert(table.address, key, number)
            model[key] = number
        elif step == "erase" and key in model:
            erase(table.address, key)
            del model[key]
        assert get(table.address, key) == model.get(key, 0)
    assert {key: get(table.address, key) for key in KEYS} == {key: model.get(key, 0) for key in KEYS}
    slots = table.slots()
    assert {int(slot["key"]): int(slot["value"]) for slot in slots if slot["value"]} == model
    assert int(table.record["count"][0]) == len(model)
    assert len(model) * 8 <= len(slots) * 3 + 8
    release(table.address)


def test_table_grows_by_doubling_and_stays_sparse(table: Table) -> None:
    sizes = []
    for key in range(10_000):
        insert(table.address, key * 1_000_003, key + 1)
        sizes.append(len(table.slots()))
        assert (key + 1) * 8 <= sizes[-1] * 3 + 8
    assert sorted(set(sizes)) == [64 << power for power in range(len(set(sizes)))]
    assert all(get(table.address, key * 1_000_003) == key + 1 for key in range(10_000))
    for key in range(0, 10_000, 2):
        erase(table.address, key * 1_000_003)
    assert all(get(table.address, key * 1_000_003) == (key + 1) * (key % 2) for key in range(10_000))


def test_a_released_table_is_empty_and_can_be_used_again(table: Table) -> None:
    insert(table.address, 5, 6)
    release(table.address)
    assert get(table.address, 5) == 0
    assert not table.record.view(np.int64).any()
    insert(table.address, 5, 7)
    assert get(table.address, 5) == 7


def test_an_empty_table_finds_nothing(table: Table) -> None:
    assert get(table.address, 0) == 0
    assert get(table.address, -1) == 0


@pytest.mark.parametrize("count", [1, 64, 65, 1_000])
def test_list_grows_by_doubling(count: int) -> None:
    record = np.zeros(1, LIST)
    address = record.ctypes.data
    for value in range(count):
        push(address, value * 7 - 3)
    assert [at(address, index) for index in range(count)] == [value * 7 - 3 for value in range(count)]
    assert int(record["count"][0]) == count
    assert int(record["capacity"][0]) == max(64, 1 << (count - 1).bit_length())
    free_items(address)
