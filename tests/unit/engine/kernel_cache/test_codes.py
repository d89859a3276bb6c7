"""The names that a code loads and imports are those that ``dis`` says."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import dis
import inspect
import pickle
import subprocess
import typing
from collections.abc import Iterator
from types import CodeType, ModuleType

import pytest

from lobench.engine.kernel_cache import codes

NAMED = ("LOAD_GLOBAL", "LOAD_NAME", "IMPORT_NAME")
MANY = "import os\ndef f():\n" + "".join(f"    x = name{number}()\n" for number in range(600))
"""More names than an operation's argument of one byte counts."""


def nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def as_dis_says(code: CodeType) -> tuple[set[str], set[str]]:
    found = [one for inner in nested(code) for one in dis.get_instructions(inner) if one.opname in NAMED]
    imports = {one.argval for one in found if one.opname == "IMPORT_NAME"}
    return {one.argval for one in found if one.opname != "IMPORT_NAME"}, imports


@pytest.mark.parametrize("module", [argparse, ast, codes, dataclasses, inspect, pickle, subprocess, typing])
def test_every_name_is_found(module: ModuleType) -> None:
    whole = compile(inspect.getsource(module), "module", "exec")
    for code in nested(whole):
        read = codes.read(code)
        assert (set(read.globals), set(read.imports)) == as_dis_says(code)


def test_more_names_than_a_byte_counts() -> None:
    read = codes.read(compile(MANY, "many", "exec"))
    assert {f"name{number}" for number in range(600)} <= set(read.globals)
    assert read.imports == ("os",)
